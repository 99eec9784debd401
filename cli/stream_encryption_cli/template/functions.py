"""CloudFormation's intrinsic functions, as far as they can be told before a deployment.

The rest is Unknown, by name. Source: AWS CloudFormation User Guide, "Intrinsic function reference".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from .text import Map
from .unknown import NoValue, TemplateFault, Unknown, as_sent, merged, opaque, unknown_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from .scope import Scope

VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
"""What `Fn::Sub` replaces; `${!Name}` stands for the text `${Name}`."""


class Functions:
    """Evaluates values in one scope; each condition is evaluated once."""

    def __init__(self, scope: Scope) -> None:
        """Use this scope."""
        self.scope = scope
        self._met: dict[str, bool | Unknown] = {}
        self._under_way: set[str] = set()
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.holds,
            "Fn::And": self._and,
            "Fn::Equals": self._equals,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import_value,
            "Fn::Join": self._join,
            "Fn::Length": self._length,
            "Fn::Not": self._not,
            "Fn::Or": self._or,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }

    def evaluate(self, value: Any) -> Any:  # noqa: ANN401
        """Evaluate a value of the template.

        Returns:
            The value. Within it, whatever can't be told is Unknown, and what is AWS::NoValue is left out.

        Raises:
            TemplateFault: CloudFormation could not evaluate it either.
        """
        return opaque(self._resolve(value))

    def holds(self, condition: Any) -> bool | Unknown:  # noqa: ANN401
        """Tell whether one of the template's Conditions is met.

        Raises:
            TemplateFault: There is no such condition, or it refers to itself.
        """
        name = self._text(condition, "Condition")
        if isinstance(name, Unknown):
            return name
        if name not in self.scope.conditions:
            if self.scope.open_conditions:
                return Unknown((f"condition {name}",), steady=False)
            raise TemplateFault(f"there is no condition {name}")
        if name in self._under_way:
            raise TemplateFault(f"condition {name} refers to itself")
        if name not in self._met:
            self._under_way.add(name)
            self._met[name] = _truth(self._resolve(self.scope.conditions[name]), f"condition {name}")
            self._under_way.discard(name)
        return self._met[name]

    def _resolve(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, list):
            return [one for one in map(self._resolve, value) if one is not NoValue.IT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if self._is_call(name, argument):
                return self._call(name, argument, next(iter(value.lines.values())) if isinstance(value, Map) else None)
        resolved = {name: self._resolve(one) for name, one in value.items()}
        return {name: one for name, one in resolved.items() if one is not NoValue.IT}

    def _is_call(self, name: str, argument: Any) -> bool:  # noqa: ANN401
        if name == "Condition":  # A part of every IAM policy has this name, too.
            return isinstance(argument, str) and argument in self.scope.conditions
        return name == "Ref" or name.startswith("Fn::")

    def _call(self, name: str, argument: Any, line: int | None) -> Any:  # noqa: ANN401
        function = self._functions.get(name)
        if function is None:
            return Unknown((name,), steady=False)
        try:
            return function(argument)
        except TemplateFault as fault:
            fault.line = fault.line or line
            raise
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise TemplateFault(f"{name} can't take {_short(argument)}", line) from None

    def _text(self, value: Any, where: str) -> str | Unknown:  # noqa: ANN401
        found = self.evaluate(value)
        if isinstance(found, Unknown | str):
            return found
        if found is NoValue.IT or isinstance(found, dict | list) or found is None:
            raise TemplateFault(f"{where} needs a text, not {_short(value)}")
        return str(as_sent(found))

    def _ref(self, argument: Any) -> Any:  # noqa: ANN401
        name = self._text(argument, "Ref")
        if isinstance(name, Unknown):
            return name
        if name == NoValue.IT.value:
            return NoValue.IT
        for known in (self.scope.values, self.scope.attributes):
            if name in known:
                return known[name]
        return Unknown((f"!Ref {name}",), frozenset() if name.startswith("AWS::") else frozenset({name}))

    def _get_att(self, argument: Any) -> Any:  # noqa: ANN401
        resource, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        names = [self._text(resource, "Fn::GetAtt"), self._text(attribute, "Fn::GetAtt")]
        unknown = unknown_in(names)
        if unknown:
            return unknown
        name = ".".join(map(str, names))
        needs = frozenset({str(names[0])})
        return self.scope.attributes[name] if name in self.scope.attributes else Unknown((f"!GetAtt {name}",), needs)

    def _sub(self, argument: Any) -> Any:  # noqa: ANN401
        text, own = argument if isinstance(argument, list) else (argument, {})
        if not isinstance(text, str) or not isinstance(own, dict):
            raise TemplateFault(f"Fn::Sub can't take {_short(argument)}")
        local = {name: self._resolve(one) for name, one in own.items()}
        unknown: list[Unknown] = []

        def put(match: re.Match[str]) -> str:
            if match[1]:
                return f"${{{match[2]}}}"
            name = match[2].strip()
            value = local[name] if name in local else self._get_att(name) if "." in name else self._ref(name)
            if isinstance(value, dict | list) or value is NoValue.IT:
                raise TemplateFault(f"Fn::Sub can't put {name} into a text: it is {_short(value)}")
            if isinstance(value, Unknown):
                unknown.append(value)
            return str(as_sent(value))

        whole = VARIABLE.sub(put, text)
        return merged(unknown) if unknown else whole

    def _join(self, argument: Any) -> Any:  # noqa: ANN401
        delimiter, parts = argument
        parts = self._resolve(parts)
        unknown = unknown_in(parts)
        if unknown:
            return unknown
        if not isinstance(delimiter, str) or not isinstance(parts, list):
            raise TemplateFault(f"Fn::Join can't take {_short(argument)}")
        return delimiter.join(str(as_sent(one)) for one in parts)

    def _split(self, argument: Any) -> Any:  # noqa: ANN401
        delimiter, text = self._resolve(argument)
        return unknown_in([delimiter, text]) or text.split(delimiter)

    def _select(self, argument: Any) -> Any:  # noqa: ANN401
        index, items = self._resolve(argument)
        if isinstance(index, Unknown) or isinstance(items, Unknown):
            return merged(one for one in (index, items) if isinstance(one, Unknown))
        if not isinstance(items, list) or not 0 <= int(index) < len(items):
            raise TemplateFault(f"Fn::Select finds nothing at {_short(index)} of {_short(items)}")
        return items[int(index)]

    def _find_in_map(self, argument: Any) -> Any:  # noqa: ANN401
        given = list(argument)
        options = given.pop() if isinstance(given[-1], dict) and "DefaultValue" in given[-1] else {}
        keys = [self._text(one, "Fn::FindInMap") for one in given]
        unknown = unknown_in(keys)
        if unknown:
            return unknown
        found: Any = self.scope.mappings
        for key in keys:
            if isinstance(found, dict) and key not in found and "Fn::Transform" in found:
                return Unknown(("Fn::Transform",), steady=False)
            found = found.get(key) if isinstance(found, dict) else None
        if found is None and "DefaultValue" not in options:
            raise TemplateFault(f"the mappings have no {' / '.join(map(str, keys))}")
        return self._resolve(options["DefaultValue"] if found is None else found)

    def _import_value(self, argument: Any) -> Any:  # noqa: ANN401
        name = self._text(argument, "Fn::ImportValue")
        if isinstance(name, Unknown):
            return name
        if self.scope.exports is None:
            return Unknown((f"!ImportValue {name}",))
        if name not in self.scope.exports:
            raise TemplateFault(f"no stack of this account and region exports {name}")
        return self.scope.exports[name]

    def _if(self, argument: Any) -> Any:  # noqa: ANN401
        condition, yes, no = argument
        met = self.holds(condition)
        return met if isinstance(met, Unknown) else self._resolve(yes if met else no)

    def _equals(self, argument: Any) -> bool | Unknown:  # noqa: ANN401
        one, other = as_sent(self.evaluate(argument))
        return unknown_in([one, other]) or one == other

    def _and(self, argument: Any) -> bool | Unknown:  # noqa: ANN401
        parts = [_truth(self._resolve(one), "Fn::And") for one in _listed(argument, "Fn::And")]
        return False if False in parts else unknown_in(parts) or True

    def _or(self, argument: Any) -> bool | Unknown:  # noqa: ANN401
        parts = [_truth(self._resolve(one), "Fn::Or") for one in _listed(argument, "Fn::Or")]
        return True if True in parts else unknown_in(parts) or False

    def _not(self, argument: Any) -> bool | Unknown:  # noqa: ANN401
        (part,) = (_truth(self._resolve(one), "Fn::Not") for one in _listed(argument, "Fn::Not"))
        return part if isinstance(part, Unknown) else not part

    def _length(self, argument: Any) -> Any:  # noqa: ANN401
        items = self._resolve(argument)
        return items if isinstance(items, Unknown) else len(_listed(items, "Fn::Length"))


def _truth(value: Any, where: str) -> bool | Unknown:  # noqa: ANN401
    if isinstance(value, bool | Unknown):
        return value
    raise TemplateFault(f"{where} needs conditions such as Fn::Equals, not {_short(value)}")


def _listed(value: Any, where: str) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise TemplateFault(f"{where} needs a list, not {_short(value)}")
    return value


def _short(value: Any) -> str:  # noqa: ANN401
    """Show a value in a sentence, without drowning the sentence."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004
