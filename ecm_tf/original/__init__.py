"""Import of checkpoints of the original program (Python 2.7, TensorFlow 0.12).

- `checkpoint`: reads a checkpoint's variables and infers the model's configuration.
- `weights`: maps the variables to the port's weights.
- `conversion`: `import_checkpoint` writes a model directory.
"""
