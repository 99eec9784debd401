"""Frozen dataclasses to and from plain values (maps, lists, strings, numbers), by the types of their fields.

The function may be updated between writing and reading. So a map may lack fields, which then have their defaults, and
may have fields that the code does not know any more, which are ignored.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

KIND = "kind"
"""The class variable of dataclasses that can stand in one place: it is written too, and tells them apart."""


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
    choices = get_args(wanted) if get_origin(wanted) not in (None, tuple) else (wanted,)
    if plain is None and NoneType in choices:
        return None
    choices = tuple(one for one in choices if one is not NoneType)
    if len(choices) > 1:
        choices = tuple(one for one in choices if one.kind == plain[KIND])
    (chosen,) = choices
    if get_origin(chosen) is tuple:
        if not isinstance(plain, list):
            raise TypeError(f"a list is wanted, not {plain!r}")
        return tuple(decode(get_args(chosen)[0], one) for one in plain)
    if isinstance(chosen, type) and is_dataclass(chosen):
        if not isinstance(plain, dict):
            raise TypeError(f"a map is wanted, not {plain!r}")
        types = _types_of(chosen)
        return chosen(**{name: decode(types[name], one) for name, one in plain.items() if name in types})
    if issubclass(chosen, Enum):
        return chosen(plain)
    return _scalar(chosen, plain)


def _scalar(wanted: type, plain: Any) -> Any:  # noqa: ANN401
    """Take a string, a truth value or a number; DynamoDB's numbers are Decimal."""
    kinds = (int, float, Decimal) if wanted in (int, float) else wanted
    if not isinstance(plain, kinds) or isinstance(plain, bool) is not (wanted is bool):
        raise TypeError(f"a {wanted.__name__} is wanted, not {plain!r}")
    return wanted(plain)


@cache
def _types_of(known: type) -> dict[str, Any]:
    hints = get_type_hints(known)
    return {field.name: hints[field.name] for field in fields(known)}
