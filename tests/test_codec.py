"""Plain values to dataclasses and back, by the types of their fields: what does not fit is refused, not guessed."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

import pytest

from stream_encryption.codec import decode, encode


class Colour(StrEnum):
    """An enum."""

    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    """A dataclass within another one."""

    name: str
    kind: ClassVar[str] = "Inner"


@dataclass(frozen=True, slots=True)
class Other:
    """One that can stand in the same place."""

    name: str
    kind: ClassVar[str] = "Other"


@dataclass(frozen=True, slots=True)
class Outer:
    """A field of each type that the record and the workflow's state have."""

    colour: Colour
    either: Inner | Other
    names: tuple[str, ...] = ()
    inner: Inner | None = None
    count: int = 0
    seconds: float = 0.0
    done: bool = False


OUTER = Outer(Colour.RED, Other("o"), ("a", "b"), Inner("i"), 7, 1.5, done=True)
PLAIN = {
    "colour": "red",
    "either": {"name": "o", "kind": "Other"},
    "names": ["a", "b"],
    "inner": {"name": "i", "kind": "Inner"},
    "count": 7,
    "seconds": 1.5,
    "done": True,
}


def test_a_dataclass_becomes_plain_values_and_comes_back() -> None:
    """Record and workflow state: nothing is lost on the way."""
    assert encode(OUTER) == PLAIN
    assert decode(Outer, PLAIN) == OUTER


def test_numbers_of_dynamodb_become_numbers() -> None:
    """Record: DynamoDB's numbers are decimal."""
    read = decode(Outer, {**PLAIN, "count": Decimal(7), "seconds": Decimal("1.5")})
    assert read == OUTER
    assert (type(read.count), type(read.seconds)) == (int, float)


def test_a_map_may_lack_fields_and_have_unknown_ones() -> None:
    """The function may be updated between writing and reading."""
    assert decode(Outer, {"colour": "red", "either": {"name": "i", "kind": "Inner"}, "new": 1}) == Outer(
        Colour.RED, Inner("i")
    )


def test_none_stands_where_it_may() -> None:
    """Record: no key, no intent."""
    assert decode(Outer, {**PLAIN, "inner": None}).inner is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("colour", "blue"),
        ("colour", None),
        ("either", {"name": "o", "kind": "Third"}),
        ("either", {"name": "o"}),
        ("either", None),
        ("either", "o"),
        ("names", "a"),
        ("names", [1]),
        ("names", None),
        ("inner", "i"),
        ("inner", {}),
        ("inner", ["i"]),
        ("count", "7"),
        ("count", True),
        ("count", None),
        ("seconds", "1.5"),
        ("seconds", False),
        ("done", 1),
        ("done", "true"),
    ],
)
def test_a_value_of_another_type_is_refused(field: str, value: Any) -> None:
    """Record, rule 6: what can't be read is not guessed."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        decode(Outer, {**PLAIN, field: value})


def test_a_field_without_a_default_must_be_there() -> None:
    """Record: half a value is none."""
    with pytest.raises(TypeError):
        decode(Inner, {})
