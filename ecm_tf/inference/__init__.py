"""Inference: text in, replies out, and what the model computed along the way."""
