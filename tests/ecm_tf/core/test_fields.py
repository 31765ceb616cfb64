from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from ecm_tf.core.errors import InputError
from ecm_tf.core.fields import PositiveInt, check_fields, describe, flag_of

Share = Annotated[float, Meta(ge=0, lt=1)]


@dataclass(frozen=True)
class Settings:
    size: PositiveInt
    share: Share | None = None
    kind: Literal["x", "y"] = "x"
    names: tuple[str, ...] = ()

    def __post_init__(self):
        check_fields(self)


def test_values_are_converted():
    settings = Settings(3, share=0, names=["a"])
    assert settings == Settings(3, 0.0, "x", ("a",))
    assert isinstance(settings.share, float)
    assert Settings(3).share is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 0}, "size: expected an integer of at least 1, got 0."),
        ({"size": None}, "size: expected an integer of at least 1, got None."),
        ({"size": True}, "size: expected an integer of at least 1, got True."),
        ({"share": 1.0}, "share: expected a number in [0, 1), got 1.0."),
        ({"share": float("nan")}, "share: expected a number in [0, 1), got nan."),
        ({"kind": "z"}, "kind: expected one of x, y, got 'z'."),
    ],
)
def test_violations_are_one_sentence(values, message):
    with pytest.raises(InputError) as error:
        Settings(**{"size": 3, **values})
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("annotation", "description"),
    [
        (bool, "true or false"),
        (str | None, "text"),
        (Annotated[float, Meta(gt=0)], "a number above 0"),
        (Annotated[int, Meta(le=9)], "an integer of at most 9"),
        (Annotated[float, Meta(lt=2)] | None, "a number below 2"),
        (Annotated[float, Meta(gt=0, le=1)], "a number in (0, 1]"),
        (Annotated[int, Meta(ge=1, description="a port")], "a port"),
        (Sequence[str], "collections.abc.Sequence[str]"),
    ],
)
def test_describe(annotation, description):
    assert describe(annotation) == description


def test_flags_have_the_annotated_type_and_choices():
    assert flag_of(Share | None) == {"type": float}
    assert flag_of(Literal["x", "y"] | None) == {"type": str, "choices": ("x", "y")}
