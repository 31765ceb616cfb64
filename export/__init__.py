"""Exports a trained model to SavedModel and TensorFlow Lite, and serves the exported model."""

MODEL_NAME = "ecm"
"""Default name of the served model, for servers and clients."""
