"""The commands of data preparation, one a module.

Each has `add(commands)`, which adds its parser, and `run(arguments)`. What needs TensorFlow is
imported when a command runs, so that `--help` is quick.
"""
