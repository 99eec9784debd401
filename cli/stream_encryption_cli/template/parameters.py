"""The values of a template's parameters, and what CloudFormation would refuse about them."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

from .text import line_of
from .unknown import TemplateFault, Unknown, as_sent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MASKED = "****"
"""What CloudFormation answers for the value of a parameter with NoEcho."""
_TYPE = re.compile(r"String|Number|CommaDelimitedList|List<.+>|AWS::.+")
_LIMITS = (("MinLength", len, 1), ("MaxLength", len, -1), ("MinValue", float, 1), ("MaxValue", float, -1))


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
    declared = sections.get("Parameters", {})
    if not isinstance(declared, dict) or not all(isinstance(one, dict) for one in declared.values()):
        raise TemplateFault("Parameters must be a map of maps", line_of(sections, "Parameters"))
    strangers = [name for name in given if name not in declared]
    if strangers:
        raise TemplateFault(f"the template has no parameter {', '.join(strangers)}")
    values = {name: one["Default"] for name, one in declared.items() if "Default" in one}
    values |= {name: value for name, value in (before or {}).items() if name in declared} | dict(given)
    missing = [name for name in declared if name not in values]
    if missing and not taken:
        raise TemplateFault(f"parameters without a value: {', '.join(missing)} (--parameter {missing[0]}=...)")
    for name, one in () if taken else declared.items():
        for fault in _faults(one, values[name]):
            raise TemplateFault(f"parameter {name} {fault}", line_of(declared, name))
    return {name: _value(name, one, str(as_sent(values.get(name, _MASKED)))) for name, one in declared.items()}


def _value(name: str, declared: Mapping[str, Any], text: str) -> Any:  # noqa: ANN401
    kind = str(declared.get("Type"))
    if kind.startswith("AWS::SSM::Parameter::Value<"):
        return Unknown((f"!Ref {name} (the SSM parameter {text})",), steady=False)
    if text == _MASKED:
        return Unknown((f"!Ref {name} (NoEcho)",))
    return [one.strip() for one in text.split(",")] if kind == "CommaDelimitedList" or "List<" in kind else text


def _faults(declared: Mapping[str, Any], given: Any) -> Iterator[str]:  # noqa: ANN401
    """Tell what CloudFormation would refuse about a parameter, each as the end of a sentence."""
    kind, allowed = declared.get("Type"), declared.get("AllowedValues", [])
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        yield f"has no Type of CloudFormation's, but {kind}"
    elif isinstance(given, dict | list):
        yield f"needs a text, not a {type(given).__name__}"
    elif not isinstance(allowed, list):
        yield "has AllowedValues that are no list"
    elif given != _MASKED and given not in as_sent(allowed) and not kind.startswith("AWS::SSM::Parameter::Value<"):
        value = _value("", declared, str(as_sent(given)))
        for one in value if isinstance(value, list) else [value]:
            yield from (f"has the value {one!r}, which {fault}" for fault in _broken(declared, kind, one))


def _broken(declared: Mapping[str, Any], kind: str, value: str) -> Iterator[str]:
    """Tell which of its constraints a value breaks. A pattern is Java's; one that Python can't read is not judged."""
    allowed = as_sent(declared.get("AllowedValues", []))
    if allowed and value not in allowed:
        yield f"is not one of {', '.join(map(str, allowed))}"
    if "Number" in kind and _measured(float, value) is None:
        yield "is no number"
    for name, measure, sign in _LIMITS:
        bound, measured = _measured(float, declared.get(name)), _measured(measure, value)
        if bound is not None and measured is not None and sign * (measured - bound) < 0:
            yield f"is outside {name} {declared[name]}"
    pattern = declared.get("AllowedPattern", "")
    try:
        with warnings.catch_warnings(action="ignore"):
            if pattern and not re.fullmatch(pattern, value):
                yield f"does not match AllowedPattern {pattern}"
    except (re.error, TypeError):
        return


def _measured(measure: Any, value: Any) -> float | None:  # noqa: ANN401
    try:
        return float(measure(value))
    except (TypeError, ValueError):
        return None
