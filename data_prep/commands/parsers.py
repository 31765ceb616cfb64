"""What the commands' parsers share."""

from typing import Any

Commands = Any
"""What `add_subparsers` returns; argparse has no public name for it."""
