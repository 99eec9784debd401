"""How a fault names a property and shows a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def unknown(raw: Mapping[str, Any], known: Sequence[str], cloudformations_own: Sequence[str]) -> list[str]:
    """The faults of properties that do not exist, each with the nearest that does."""
    faults = []
    lower = {name.lower(): name for name in known}
    for name in raw:
        if name in known or name in cloudformations_own:
            continue
        from difflib import get_close_matches  # noqa: PLC0415 - imported only for a fault: it is slow to load

        near = get_close_matches(name.lower(), lower, n=1)
        hint = f"did you mean {lower[near[0]]!r}?" if near else f"the known ones are {', '.join(known)}"
        faults.append(f"unknown property {shown(name)}: {hint}")
    return faults


def shown(value: str) -> str:
    """A value as an error shows it: quoted, and short enough to leave room for the other faults."""
    return repr(value if len(value) <= 60 else f"{value[:57]}...")  # noqa: PLR2004


def kind(value: object) -> str:
    """The kind of a value that is no string."""
    return {list: "a list", dict: "a map", type(None): "null"}.get(type(value), f"a {type(value).__name__}")
