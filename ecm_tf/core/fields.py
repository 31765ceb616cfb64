"""Dataclass fields checked against their annotations, with one-sentence errors.

A field declares its choices and range once, in its annotation:
`decoder: Literal["greedy", "beam"]`, `beam_size: Annotated[int, msgspec.Meta(ge=1)]`.
`check_fields` enforces the declaration, and `ecm_tf.core.command.add_options` makes the flag of it.
"""

import dataclasses
import functools
import math
import types
import typing
from typing import Annotated, Any, Literal

import msgspec

from ecm_tf.core.errors import InputError

PositiveInt = Annotated[int, msgspec.Meta(ge=1)]
NonNegativeInt = Annotated[int, msgspec.Meta(ge=0)]
PositiveFloat = Annotated[float, msgspec.Meta(gt=0)]
NonNegativeFloat = Annotated[float, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
"""Longer times overflow the clocks of some libraries."""
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
"""NumPy accepts no other seeds."""
Port = Annotated[int, msgspec.Meta(ge=1, le=65535, description="a port number in [1, 65535]")]
ModelName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9_.-]+\Z",
        description="a name of letters, digits, '_', '-' and '.' in ASCII",
    ),
]
"""The name of a served model, which is a part of URLs; Ray Serve's routes find no others."""

_KINDS = {bool: "true or false", int: "an integer", float: "a number", str: "text"}


def check_fields(instance: Any) -> None:
    """Checks every field of a dataclass instance, and stores the value in its annotated type.

    Conversions are those of `msgspec.convert`: a list becomes a tuple and an integer a float where
    the annotation says so. Floats must be finite, because JSON can store no others.

    Args:
        instance: a dataclass instance, frozen or not; called from its `__post_init__`.

    Raises:
        InputError: a value has the wrong type, is out of range or is none of the choices.
    """
    config: type = type(instance)
    hints = field_types(config)
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        try:
            converted = msgspec.convert(value, hints[field.name])
            if isinstance(converted, float) and not math.isfinite(converted):
                raise ValueError("not finite")
        except (msgspec.ValidationError, ValueError) as error:
            expected = describe(hints[field.name])
            raise InputError(f"{field.name}: expected {expected}, got {value!r}.") from error
        object.__setattr__(instance, field.name, converted)


@functools.cache
def field_types(config: type) -> dict[str, Any]:
    """Returns the annotations of a dataclass's fields, `Annotated` included."""
    return typing.get_type_hints(config, include_extras=True)


def describe(annotation: Any) -> str:
    """Returns what an annotation accepts, for error messages: `"a number in (0, 1]"`."""
    base, metas, choices = _parts(annotation)
    if choices:
        return "one of " + ", ".join(map(str, choices))
    descriptions = [meta.description for meta in metas if meta.description]
    if descriptions:
        return descriptions[0]
    kind = _KINDS.get(base, str(base))
    return " ".join([kind, *(_range(meta) for meta in metas)])


def _range(meta: msgspec.Meta) -> str:
    lower = meta.ge if meta.ge is not None else meta.gt
    upper = meta.le if meta.le is not None else meta.lt
    if lower is not None and upper is not None:
        left, right = "(" if meta.ge is None else "[", ")" if meta.le is None else "]"
        return f"in {left}{lower}, {upper}{right}"
    if lower is not None:
        return f"of at least {lower}" if meta.ge is not None else f"above {lower}"
    return f"of at most {upper}" if meta.le is not None else f"below {upper}"


def flag_of(annotation: Any) -> dict[str, Any]:
    """Returns the arguments `type` and `choices` of `ArgumentParser.add_argument` for a field."""
    base, _, choices = _parts(annotation)
    return {"type": base, "choices": choices} if choices else {"type": base}


def _parts(annotation: Any) -> tuple[Any, list[msgspec.Meta], tuple[Any, ...]]:
    """Splits an annotation into its type, its constraints and its choices; `| None` is dropped."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        (annotation,) = (a for a in typing.get_args(annotation) if a is not type(None))
    metas: list[msgspec.Meta] = []
    if typing.get_origin(annotation) is Annotated:
        annotation, *metas = typing.get_args(annotation)
    if typing.get_origin(annotation) is Literal:
        choices = typing.get_args(annotation)
        return type(choices[0]), metas, choices
    return annotation, metas, ()
