"""The mapping from classes of a lexicon to categories, a TOML file `CLASS = "category"`."""

from collections.abc import Container, Mapping
from importlib import resources
from pathlib import Path

from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_toml
from ecm_tf.text.emotions import Emotions

Classes = Mapping[str, int | None]
"""Category id by class; `None` for classes whose words belong to no category."""

DEFAULT = Path(str(resources.files("data_prep.lexicon") / "dutir_classes.toml"))
"""The built-in mapping of DUTIR's classes to the categories of the paper."""


def load_classes(path: Path, emotions: Emotions, neutral: Container[int]) -> Classes:
    """Reads a mapping.

    Args:
        path: a TOML file; an empty string means that the class has no category.
        emotions: the categories.
        neutral: ids of categories that cannot have words.

    Raises:
        InputError: the file is missing or invalid, or a category is unknown or neutral.
    """
    table = read_toml(path, 'TOML lines CLASS = "category"')
    classes: dict[str, int | None] = {}
    for name, category in table.items():
        where = f"{path}: class {name}"
        if not isinstance(category, str):
            raise InputError(f'{where}: expected the name of a category or "", got {category!r}.')
        classes[name] = word_category(where, category, emotions, neutral) if category else None
    return classes


def word_category(where: str, name: str, emotions: Emotions, neutral: Container[int]) -> int:
    """Returns the id of a category that can have words.

    Args:
        where: where the name was given, for messages.
        name: name, alias or id of the category.
        emotions: the categories.
        neutral: ids of categories that cannot have words.

    Raises:
        InputError: the category is unknown or neutral.
    """
    try:
        category = emotions.id_of(name)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    if category in neutral:
        raise InputError(
            f"{where}: expected a category that can have words, got {name!r}, which is neutral; "
            "--neutral sets the neutral categories."
        )
    return category
