"""From a model directory to TensorFlow Lite files, for devices without TensorFlow."""
