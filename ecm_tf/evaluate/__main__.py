"""`python -m ecm_tf.evaluate`."""

from ecm_tf.core import command
from ecm_tf.evaluate import main, parser

__all__ = ["main", "parser"]

if __name__ == "__main__":
    command.run(main)
