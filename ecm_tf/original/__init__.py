"""Import of checkpoints of the original program (Python 2.7, TensorFlow 0.12)."""
