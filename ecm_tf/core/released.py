"""Released models: trained models that ship with the package and are loaded by name.

A released model is a model directory in `ecm_tf/pretrained/`, whose folder is its name.
"""

import argparse
from pathlib import Path
from typing import Any

from ecm_tf.core.errors import InputError
from ecm_tf.core.replacement import MANIFEST

PRETRAINED = Path(__file__).resolve().parents[1] / "pretrained"
DEFAULT_MODEL = "zh"
"""The model that `ecm chat` loads by default."""


def released_models() -> list[str]:
    """Returns the names of the released models in alphabetical order."""
    return sorted(path.parent.name for path in PRETRAINED.glob(f"*/{MANIFEST}"))


def model_directory(model: str | Path) -> Path:
    """Returns the directory of a model.

    Args:
        model: the name of a released model, or a model directory. The name has precedence: a
            directory of that name is given as `./NAME` or as a `Path`.

    Raises:
        InputError: a text without a separator is neither a released model nor an existing path.
    """
    path = Path(model)
    if not isinstance(model, str) or path.name != model:
        return path
    if model in released_models():
        return PRETRAINED / model
    if not path.exists():
        raise InputError(f"{model}: expected a model directory or {_expected()}, got neither.")
    return path


def add_model_flags(
    parser: argparse.ArgumentParser, help: str, *, several: bool = False, default: bool = False
) -> None:
    """Adds `--train_dir` and `--model`, of which one can be given.

    Both set the attribute `train_dir`: a path, or a list of paths.

    Args:
        parser: the command's parser.
        help: the text of `--train_dir` in `--help`.
        several: whether both flags take several models.
        default: whether `DEFAULT_MODEL` is used if neither is given; otherwise one is required.
    """
    options: dict[str, Any] = {"nargs": "+", "action": "extend"} if several else {}
    group = parser.add_mutually_exclusive_group(required=not default)
    # With a default here as well, argparse would ignore that of --model.
    group.add_argument(
        "--train_dir",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="DIRECTORY",
        help=help,
        **options,
    )
    add_name_flag(
        group, dest="train_dir", default=DEFAULT_MODEL if default else argparse.SUPPRESS, **options
    )


def add_name_flag(group: argparse._ActionsContainer, default: Any = None, **options: Any) -> None:
    """Adds `--model`, which takes the name of a released model and gives its directory.

    Args:
        group: the flags that exclude each other.
        default: the default name; `None` or `argparse.SUPPRESS` for none.
        **options: further arguments of `add_argument`, such as `nargs`.
    """
    named = isinstance(default, str) and default != argparse.SUPPRESS
    group.add_argument(
        "--model",
        type=_released_model,
        default=default,
        metavar="NAME",
        help="name of a released model, which ships with this package"
        + (" (default: %(default)s)" if named else ""),
        **options,
    )


def _released_model(name: str) -> Path:
    if name not in released_models():
        raise argparse.ArgumentTypeError(f"expected {_expected()}, got {name!r}")
    return PRETRAINED / name


def _expected() -> str:
    names = ", ".join(released_models())
    return f"a released model ({names})" if names else "a released model (none is installed)"
