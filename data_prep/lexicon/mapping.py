"""Which category each class of a lexicon belongs to: a TOML file `CLASS = "category"`."""

import tomllib
from collections.abc import Container, Mapping
from importlib import resources
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import Emotions

Classes = Mapping[str, int | None]
"""Class → category; `None` where the words of a class belong to none."""

DEFAULT = Path(str(resources.files("data_prep.lexicon") / "dutir_classes.toml"))
"""The mapping of DUTIR's classes to the paper's categories."""


def load_classes(path: Path, emotions: Emotions, neutral: Container[int]) -> Classes:
    """Reads a mapping.

    Args:
        path: a TOML file; a class with an empty text has no category.
        emotions: the categories there are.
        neutral: categories that may have no words.

    Raises:
        InputError: no such file, not such a file, or a category that is unknown or neutral.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f'{path}: no such file; expected lines CLASS = "category".') from error
    except (ValueError, OSError) as error:
        raise InputError(f'{path}: expected TOML lines CLASS = "category"; {error}.') from error
    classes: dict[str, int | None] = {}
    for name, category in table.items():
        where = f"{path}: class {name}"
        if not isinstance(category, str):
            raise InputError(f'{where}: expected the name of a category or "", got {category!r}.')
        classes[name] = word_category(where, category, emotions, neutral) if category else None
    return classes


def word_category(where: str, name: str, emotions: Emotions, neutral: Container[int]) -> int:
    """The category that a name means, if it may have words.

    Raises:
        InputError: the name, which stands at `where`, means no category or a neutral one.
    """
    try:
        category = emotions.id_of(name)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    if category in neutral:
        raise InputError(
            f"{where}: expected a category that may have words, got {name!r}, which is neutral; "
            "--neutral names the categories that are."
        )
    return category
