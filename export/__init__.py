"""From a model directory to artifacts that need neither this package nor Python."""

MODEL_NAME = "ecm"
"""What the served model is called, by servers and clients."""
