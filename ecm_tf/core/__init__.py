"""The bottom import layer: what everything else builds on. It does not import TensorFlow."""
