"""Frozen dataclasses to and from plain values (maps, lists, strings, numbers), by the types of their fields.

The function may be updated between writing and reading. So a map may lack fields, which then have their defaults, and
may have fields that the code does not know any more, which are ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

KIND = "kind"
"""The class variable of dataclasses that can stand in one place: it is written too, and tells them apart."""

Reader: TypeAlias = Callable[[Any], Any]
"""Makes a value of one type from a plain value."""


def encode(value: Any) -> Any:  # noqa: ANN401 (whatever a field can hold)
    """Make plain values of a dataclass, an enum or a tuple."""
    if is_dataclass(value):
        plain = {field.name: encode(getattr(value, field.name)) for field in fields(value)}
        return {**plain, KIND: getattr(value, KIND)} if hasattr(value, KIND) else plain
    if isinstance(value, Enum):
        return value.value
    return [encode(one) for one in value] if isinstance(value, tuple) else value


def decode(wanted: Any, plain: Any) -> Any:  # noqa: ANN401 (a type, and whatever JSON can hold)
    """Make a value of the wanted type.

    Raises:
        KeyError, TypeError, ValueError: The plain value is not one of that type.
    """
    return _reader(wanted)(plain)


@cache
def _reader(wanted: Any) -> Reader:  # noqa: ANN401 (a type)
    """Choose how values of a type are read; once for each type, since types are slow to take apart."""
    if get_origin(wanted) is tuple:
        return _of_list(_reader(get_args(wanted)[0]))
    choices = [one for one in get_args(wanted) if one is not NoneType]
    if choices:
        chosen = _reader(choices[0]) if len(choices) == 1 else _of_kind({one.kind: _reader(one) for one in choices})
        return _or_none(chosen) if len(choices) < len(get_args(wanted)) else chosen
    if is_dataclass(wanted):
        hints = get_type_hints(wanted)
        return _of_map(wanted, {field.name: _reader(hints[field.name]) for field in fields(wanted)})
    return wanted if issubclass(wanted, Enum) else _of_scalar(wanted)


def _of_list(item: Reader) -> Reader:
    def read(plain: Any) -> Any:  # noqa: ANN401
        if not isinstance(plain, list):
            raise TypeError(f"a list is wanted, not {plain!r}")
        return tuple(map(item, plain))

    return read


def _of_kind(readers: dict[str, Reader]) -> Reader:
    return lambda plain: readers[plain[KIND]](plain)


def _or_none(reader: Reader) -> Reader:
    return lambda plain: None if plain is None else reader(plain)


def _of_map(wanted: Any, readers: dict[str, Reader]) -> Reader:  # noqa: ANN401 (a dataclass)
    def read(plain: Any) -> Any:  # noqa: ANN401
        if not isinstance(plain, dict):
            raise TypeError(f"a map is wanted, not {plain!r}")
        return wanted(**{name: readers[name](one) for name, one in plain.items() if name in readers})

    return read


def _of_scalar(wanted: type) -> Reader:
    """Take a string, a truth value or a number; DynamoDB's numbers are Decimal."""
    kinds = (int, float, Decimal) if wanted in (int, float) else wanted

    def read(plain: Any) -> Any:  # noqa: ANN401
        if not isinstance(plain, kinds) or isinstance(plain, bool) is not (wanted is bool):
            raise TypeError(f"a {wanted.__name__} is wanted, not {plain!r}")
        return wanted(plain)

    return read
