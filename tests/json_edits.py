"""Edits at any place of a JSON value, for the states of the workflow."""

from typing import Any

from hypothesis import strategies as st

from tests.junk import LISTS, MAPS, MISSING, NUMBERS, TEXT


def paths(value: Any) -> list[tuple[Any, ...]]:
    """Return the path of each value in a JSON value, the outermost first."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(), *((name, *rest) for name, inner in items for rest in paths(inner))]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """Return the value at a path."""
    for name in path:
        value = value[name]
    return value


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    """Copy a JSON value with another value at a path; MISSING removes it."""
    if not path:
        return by
    copied = dict(value) if isinstance(value, dict) else list(value)
    if by is MISSING and len(path) == 1:
        del copied[path[0]]
    else:
        copied[path[0]] = replaced(value[path[0]], path[1:], by)
    return copied


def of_another_kind(value: Any) -> st.SearchStrategy[Any]:
    """Draw any JSON value of another type. For null no text is drawn: text is often valid there."""
    kinds = {str: TEXT, dict: MAPS, list: LISTS, int: NUMBERS, float: NUMBERS, bool: NUMBERS}
    same = [TEXT, NUMBERS] if value is None else [kinds[type(value)]]
    return st.one_of([kind for kind in (TEXT, MAPS, LISTS, NUMBERS) if kind not in same])
