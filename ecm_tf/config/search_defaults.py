"""Search settings: given ones first, then the model's defaults, then general defaults.

A model directory may have a file `search.json` with the fields of `SearchConfig` that suit the
model. In it, `rerank` and `block_words` name a directory and a file of the model directory.
"""

import argparse
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ecm_tf.config.search import RERANKED, SearchConfig
from ecm_tf.core import command
from ecm_tf.core.errors import InputError
from ecm_tf.core.files import read_json
from ecm_tf.core.manifest import read_manifest

SEARCH_JSON = "search.json"
_PATHS = {
    "block_words": "allow every word, even if the model has blocked words",
    "rerank": "do not use a classifier, even if the model has one",
}
"""Settings that name a file or a directory, and what their flag `--no-…` does."""
_RANKING = ("rerank", "mmi_weight")
"""Settings that need several candidates."""
_OF_DECODER = {
    "beam": ("beam_size", "beam_groups", "diversity"),
    "sample": ("candidates", "temperature", "top_k", "top_p", "seed"),
}
"""Settings that only one decoder has."""


def search_config(
    given: Mapping[str, Any], model_defaults: Mapping[str, Any] | None = None
) -> SearchConfig:
    """Returns the search with the given settings and the defaults of a model.

    A setting that neither has comes from `RERANKED` if there is a classifier, otherwise from
    `SearchConfig`. A model's defaults that rank candidates are ignored if the given settings
    choose a search with one candidate.

    Args:
        given: values by field name; `None` switches off `rerank` and `block_words`.
        model_defaults: values by field name, as `read_search_defaults` returns them.

    Raises:
        InputError: a setting is unknown or out of range.
    """
    names = [field.name for field in dataclasses.fields(SearchConfig)]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InputError(
            f"unknown search settings {', '.join(unknown)}; expected some of: {', '.join(names)}."
        )
    settings = {**(model_defaults or {}), **given}
    preset: dict[str, Any] = RERANKED if settings.get("rerank") else {}
    settings = {**preset, **settings}
    others = {name: value for name, value in settings.items() if name not in _RANKING}
    if SearchConfig(**others).num_candidates == 1:
        ranking = {name: given[name] for name in _RANKING if name in given}
        return SearchConfig(**others, **ranking)
    return SearchConfig(**settings)


def read_search_defaults(directory: Path) -> dict[str, Any]:
    """Returns the search settings of a model directory by field name; often there are none.

    Args:
        directory: a model directory. Paths in its `search.json` become paths below it.

    Raises:
        InputError: the directory is not a finished model directory, or its settings are invalid.
    """
    if SEARCH_JSON not in read_manifest(directory, "model")["files"]:
        return {}
    path = directory / SEARCH_JSON
    settings = read_json(path, "a JSON object of search settings")
    if not isinstance(settings, dict):
        raise InputError(f"{path}: expected a JSON object, got {type(settings).__name__}.")
    try:
        search_config(settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    for name in _PATHS:
        value = settings.get(name)
        if not isinstance(value, str):
            continue
        if Path(value).is_absolute() or ".." in Path(value).parts:
            raise InputError(f"{path}: {name}: expected a path in {directory}, got {value!r}.")
        settings[name] = str(directory / value)
    return settings


def add_search_options(
    parser: argparse.ArgumentParser, title: str = "search"
) -> argparse._ArgumentGroup:
    """Adds the flags of `SearchConfig` to a command that uses the defaults of a model.

    Args:
        parser: the command's parser.
        title: title of the group of flags in `--help`.

    Returns:
        The group.
    """
    group = parser.add_argument_group(
        title,
        "The defaults below apply unless the model directory has settings of its own "
        f"({SEARCH_JSON}), as released models do.",
    )
    command.add_options(group, SearchConfig)
    for name, help_text in _PATHS.items():
        group.add_argument(
            f"--no-{name}",
            action="store_const",
            const=None,
            default=argparse.SUPPRESS,
            dest=name,
            help=help_text,
        )
    return group


def parse_search(
    parser: argparse.ArgumentParser,
    argv: Sequence[str] | None,
    model: Path | None = None,
    *,
    also_beam: bool = False,
) -> SearchConfig:
    """Returns the search that the arguments of a command describe; see `search_config`.

    Args:
        parser: the command's parser, with the flags of `SearchConfig`.
        argv: as for `parse_args`.
        model: a model directory, for flags that are not given; `None` ignores its defaults.
        also_beam: whether the command may use a beam search besides the search.

    Raises:
        InputError: as for `search_config` and `read_search_defaults`; or a flag is given that the
            search does not use.
    """
    given = command.given_options(SearchConfig, parser, argv)
    return search_of_flags(given, model, also_beam=also_beam)


def search_of_flags(
    given: Mapping[str, Any], model: Path | None = None, *, also_beam: bool = False
) -> SearchConfig:
    """Returns the search that flags describe, each of which it must use; see `parse_search`.

    Args:
        given: values of the given flags by field name.
        model: as for `parse_search`.
        also_beam: as for `parse_search`.

    Raises:
        InputError: as for `parse_search`.
    """
    config = search_config(given, read_search_defaults(model) if model else {})
    require_used(given, config, also_beam=also_beam)
    return config


def require_used(
    given: Iterable[str], config: SearchConfig, source: str = "--", *, also_beam: bool = False
) -> None:
    """Checks that a search uses every given setting, so that none is silently ignored.

    Args:
        given: names of the settings.
        config: the search that they describe.
        source: where they come from, for the message; precedes the name of the setting.
        also_beam: as for `parse_search`.

    Raises:
        InputError: the search does not use one of them.
    """
    decoders = {config.decoder, "beam"} if also_beam else {config.decoder}
    needs = {
        **{
            name: (decoder in decoders, f"the decoder {decoder}")
            for decoder, names in _OF_DECODER.items()
            for name in names
        },
        "emotion_weight": (bool(config.rerank), "a classifier (rerank)"),
        "length_penalty": (
            config.num_candidates > 1 or also_beam,
            "a search with several candidates to rank",
        ),
    }
    if "beam" in decoders:
        needs["diversity"] = (config.beam_groups > 1, "several beam_groups")
    for name in given:
        used, need = needs.get(name, (True, ""))
        if not used:
            raise InputError(
                f"{source}{name}: expected {need}; this {config.decoder} search does not use it."
            )
