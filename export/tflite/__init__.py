"""Conversion of a model directory to TensorFlow Lite, for devices without TensorFlow."""
