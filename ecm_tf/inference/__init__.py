"""Inference: replies to posts, and explanations of replies."""
