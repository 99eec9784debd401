"""The values of a template's parameters, and what CloudFormation would refuse about them."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

from .text import line_of
from .unknown import TemplateFault, Unknown, as_sent

if TYPE_CHECKING:
    from collections.abc import Mapping

_MASKED = "****"
"""What CloudFormation answers for the value of a parameter with NoEcho."""


def parameter_values(
    sections: Mapping[str, Any],
    given: Mapping[str, str],
    before: Mapping[str, str] | None = None,
    *,
    taken: bool = False,
) -> dict[str, Any]:
    """Give each parameter its value.

    Args:
        sections: The template.
        given: The values that this deployment gives.
        before: The deployed stack's values, which stay where this deployment gives none.
        taken: CloudFormation has taken the values already, so that there is nothing to check.

    Raises:
        TemplateFault: CloudFormation would refuse the parameters.
    """
    declared = _declared(sections)
    strangers = [name for name in given if name not in declared]
    if strangers:
        raise TemplateFault(f"the template has no parameter {', '.join(strangers)}")
    texts = {name: one["Default"] for name, one in declared.items() if "Default" in one}
    texts |= {name: value for name, value in (before or {}).items() if name in declared} | dict(given)
    missing = [name for name in declared if name not in texts]
    texts |= dict.fromkeys(missing, _MASKED) if taken else {}
    if missing and not taken:
        raise TemplateFault(f"parameters without a value: {', '.join(missing)} (--parameter {missing[0]}=...)")
    values = {name: _value(name, one, texts[name], line_of(declared, name)) for name, one in declared.items()}
    for name, one in declared.items() if not taken else ():
        _check(name, one, values[name], line_of(declared, name))
    return values


def _declared(sections: Mapping[str, Any]) -> Mapping[str, Any]:
    declared = sections.get("Parameters", {})
    if not isinstance(declared, dict):
        raise TemplateFault("Parameters must be a map", line_of(sections, "Parameters"))
    for name, one in declared.items():
        if not isinstance(one, dict):
            raise TemplateFault(f"parameter {name} must be a map", line_of(declared, name))
    return declared


def _value(name: str, declared: Mapping[str, Any], given: Any, line: int | None) -> Any:  # noqa: ANN401
    kind = str(declared.get("Type", "String"))
    if kind.startswith("AWS::SSM::Parameter::Value<"):
        return Unknown((f"!Ref {name} (the SSM parameter {given})",), steady=False)
    if given == _MASKED:
        return Unknown((f"!Ref {name} (NoEcho)",), steady=False)
    if isinstance(given, dict | list):
        raise TemplateFault(f"parameter {name} needs a text, not a {type(given).__name__}", line)
    text = str(as_sent(given))
    listed = kind == "CommaDelimitedList" or kind.startswith("List<")
    return [one.strip() for one in text.split(",")] if listed else text


def _check(name: str, declared: Mapping[str, Any], given: Any, line: int | None) -> None:  # noqa: ANN401
    values = given if isinstance(given, list) else [] if isinstance(given, Unknown) else [given]
    allowed = declared.get("AllowedValues")
    if isinstance(allowed, list) and ",".join(values) in map(str, as_sent(allowed)):
        return
    for value in values:
        fault = _fault(declared, str(declared.get("Type", "String")), value)
        if fault:
            raise TemplateFault(f"parameter {name} has the value {value!r}, which {fault}", line)


def _fault(declared: Mapping[str, Any], kind: str, value: str) -> str | None:
    """Tell what CloudFormation would refuse about a value, as the end of a sentence."""
    allowed = declared.get("AllowedValues")
    if isinstance(allowed, list) and value not in map(str, as_sent(allowed)):
        return f"is not one of {', '.join(map(str, as_sent(allowed)))}"
    number = _number(value)
    if kind in ("Number", "List<Number>") and number is None:
        return "is no number"
    for limit, measured, sign in (
        ("MinLength", len(value), 1),
        ("MaxLength", len(value), -1),
        ("MinValue", number, 1),
        ("MaxValue", number, -1),
    ):
        bound = _number(declared.get(limit))
        if bound is not None and measured is not None and sign * (measured - bound) < 0:
            return f"is outside {limit} {declared[limit]}"
    return _unmatched(declared.get("AllowedPattern"), value)


def _unmatched(pattern: Any, value: str) -> str | None:  # noqa: ANN401
    """A pattern is Java's; one that Python can't read is left to CloudFormation."""
    try:
        with warnings.catch_warnings(action="ignore"):
            matches = not isinstance(pattern, str) or re.fullmatch(pattern, value)
    except re.error:
        return None
    return None if matches else f"does not match AllowedPattern {pattern}"


def _number(value: Any) -> float | None:  # noqa: ANN401
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
