"""The commands of data preparation, one per module.

Each module has `add(commands)`, which adds its parser, and `run(arguments)`. Modules that need
TensorFlow or other large packages are imported when a command runs, so that `--help` is fast.
"""
