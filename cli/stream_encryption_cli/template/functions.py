"""CloudFormation's intrinsic functions, as far as they can be told before a deployment.

The rest is Unknown, by name. Source: AWS CloudFormation User Guide, "Intrinsic function reference".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from .text import Map
from .unknown import MissingName, NoValue, TemplateFault, Unknown, as_sent, merged, opaque, unknown_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from .scope import Scope

_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
"""What `Fn::Sub` replaces; `${!Name}` stands for the text `${Name}`."""
_PSEUDO = re.compile("AWS::(AccountId|NotificationARNs|Partition|Region|StackId|StackName|URLSuffix)")


class Functions:
    """Evaluates values in one scope; each condition is evaluated once."""

    def __init__(self, scope: Scope) -> None:
        """Use this scope."""
        self.scope = scope
        self._names: dict[str, Any] = {}
        self._met: dict[str, bool | Unknown | None] = {}
        self._methods: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::And": lambda parts: self._junction(parts, decisive=False),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import_value,
            "Fn::Not": self._not,
            "Fn::Or": lambda parts: self._junction(parts, decisive=True),
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
        """Tell whether one of the template's Conditions, which is told by its name, is met.

        Raises:
            TemplateFault: There is no such condition, or it refers to itself.
        """
        name = self.evaluate(condition)
        if isinstance(name, Unknown):
            return name
        if not isinstance(name, str):
            raise TemplateFault(f"a condition's name is a text, not {_short(condition)}")
        if name not in self.scope.conditions:
            if self.scope.open_conditions:
                return Unknown((f"condition {name}",), steady=False)
            raise MissingName(f"there is no condition {name}")
        if name not in self._met:
            self._met[name] = None
            self._met[name] = self.met(self.scope.conditions[name])
        met = self._met[name]
        if met is None:
            raise TemplateFault(f"condition {name} refers to itself")
        return met

    def is_there(self, part: Any) -> bool | Unknown:  # noqa: ANN401
        """Tell whether the condition of a resource or an output is met; one without a condition is there.

        Raises:
            TemplateFault: There is no such condition, or it refers to itself.
        """
        return self.holds(part["Condition"]) if isinstance(part, dict) and "Condition" in part else True

    def met(self, expression: Any) -> bool | Unknown:  # noqa: ANN401
        """Tell whether a condition function, such as Fn::Equals, is true.

        Raises:
            TemplateFault: It is no condition function.
        """
        if isinstance(expression, dict) and [*expression] == ["Condition"]:
            return self.holds(expression["Condition"])
        met = self._resolve(expression)
        if isinstance(expression, dict) and isinstance(met, bool | Unknown):
            return met
        raise TemplateFault(f"a condition is made of functions such as Fn::Equals, not of {_short(expression)}")

    def _resolve(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, list):
            return [one for one in map(self._resolve, value) if one is not NoValue.IT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, argument, value.lines.get(name) if isinstance(value, Map) else None)
        resolved = {name: self._resolve(one) for name, one in value.items()}
        return {name: one for name, one in resolved.items() if one is not NoValue.IT}

    def _call(self, name: str, argument: Any, line: int | None) -> Any:  # noqa: ANN401
        try:
            if isinstance(argument, dict) and [*argument] == ["Fn::Transform"]:
                return self._resolve(argument)
            if name in self._methods:
                return self._methods[name](argument)
            given = list(map(self.evaluate, argument)) if isinstance(argument, list) else self.evaluate(argument)
            if name not in _OF_KNOWN_VALUES or (isinstance(given, list) and NoValue.IT in given):
                return unknown_in([Unknown((name,), steady=False), given])
            return unknown_in(given) or _OF_KNOWN_VALUES[name](*_list(given))
        except TemplateFault as fault:
            fault.line = fault.line or line
            raise
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise TemplateFault(f"{name} can't take {_short(argument)}", line) from None

    def _ref(self, argument: Any) -> Any:  # noqa: ANN401
        name = self.evaluate(argument)
        if self.scope.resources is not None and isinstance(name, str) and "." in name:
            raise MissingName(f"there is no parameter or resource {name}")
        return name if isinstance(name, Unknown) else self._named(name)

    def _get_att(self, argument: Any) -> Any:  # noqa: ANN401
        names = self.evaluate(argument.split(".", 1) if isinstance(argument, str) else argument)
        resource, attribute = _list(names)
        return unknown_in(names) or self._named(f"{resource}.{attribute}")

    def _named(self, name: str) -> Any:  # noqa: ANN401
        """Give the value of `Name` or of `Resource.Attribute`. Each is looked up once."""
        if name not in self._names:
            self._names[name] = self._looked_up(name)
        return self._names[name]

    def _looked_up(self, name: str) -> Any:  # noqa: ANN401
        if name == NoValue.IT.value:
            return NoValue.IT
        for known in (self.scope.values, self.scope.attributes):
            if name in known:
                return known[name]
        if _PSEUDO.fullmatch(name):
            return Unknown((f"!Ref {name}",))
        resource, dot, attribute = name.partition(".")
        resources = self.scope.resources
        if resources is not None and resource not in resources:
            raise MissingName(f"there is no {'resource' if dot else 'parameter or resource'} {resource}")
        given = resources.get(resource) if resources else None
        if dot and given is not None and attribute not in given:
            raise MissingName(f"{resource} has no attribute {attribute}")
        return Unknown((f"!GetAtt {name}" if dot else f"!Ref {name}",), frozenset({resource}))

    def _sub(self, argument: Any) -> Any:  # noqa: ANN401
        text, own = argument if isinstance(argument, list) else (argument, {})
        local = {name: self._resolve(one) for name, one in own.items()}
        unknown: list[Unknown] = []

        def put(match: re.Match[str]) -> str:
            if match[1]:
                return f"${{{match[2]}}}"
            name = match[2].strip()
            value = local[name] if name in local else self._named(name)
            if isinstance(value, Unknown):
                unknown.append(value)
            elif isinstance(value, dict | list) or value is NoValue.IT:
                raise TemplateFault(f"Fn::Sub can't put {name} into a text: it is {_short(value)}")
            return "" if isinstance(value, Unknown) else str(as_sent(value))

        whole = _VARIABLE.sub(put, text)
        return merged(unknown) if unknown else whole

    def _find_in_map(self, argument: Any) -> Any:  # noqa: ANN401
        *keys, options = argument
        if not isinstance(options, dict) or "DefaultValue" not in options:
            keys, options = argument, {}
        keys = as_sent(self.evaluate(keys))
        unknown = unknown_in(keys)
        if unknown:
            return unknown
        found: Any = self.scope.mappings
        for key in _list(keys):
            if key not in found and "Fn::Transform" in found:
                return Unknown(("Fn::Transform",), steady=False)
            found = found.get(key, {})
        if not isinstance(found, dict):
            return found
        if "DefaultValue" not in options:
            raise TemplateFault(f"the mappings have no {' / '.join(keys)}")
        return self._resolve(options["DefaultValue"])

    def _import_value(self, argument: Any) -> Any:  # noqa: ANN401
        name = self.evaluate(argument)
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
        if isinstance(met, Unknown):
            return unknown_in([met, self._resolve(yes), self._resolve(no)])
        try:
            self._resolve(no if met else yes)
        except MissingName:
            raise
        except TemplateFault:
            pass  # Nobody evaluates the branch that is not taken; only its names are checked.
        return self._resolve(yes if met else no)

    def _junction(self, argument: Any, *, decisive: bool) -> bool | Unknown:  # noqa: ANN401
        """And, which False decides; or Or, which True decides."""
        parts = [self.met(one) for one in _list(argument)]
        if not 2 <= len(parts) <= 10:  # noqa: PLR2004 (CloudFormation's own bounds)
            raise ValueError
        return decisive if decisive in parts else unknown_in(parts) or not decisive

    def _not(self, argument: Any) -> bool | Unknown:  # noqa: ANN401
        (part,) = map(self.met, _list(argument))
        return part if isinstance(part, Unknown) else not part


_OF_KNOWN_VALUES: dict[str, Callable[..., Any]] = {
    "Fn::Contains": lambda items, one: as_sent(one) in as_sent(_list(items)),
    "Fn::Equals": lambda one, other: as_sent(one) == as_sent(other),
    "Fn::Join": lambda delimiter, items: delimiter.join(as_sent(_list(items))),
    "Fn::Length": lambda *items: len(items),
    "Fn::Select": lambda index, items: dict(enumerate(_list(items)))[int(index)],
    "Fn::Split": lambda delimiter, text: text.split(delimiter),
}
"""Functions of which nothing can be told while any of their arguments is unknown."""


def _list(value: Any) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise TypeError
    return value


def _short(value: Any) -> str:  # noqa: ANN401
    """Show a value in a sentence, without drowning the sentence."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004
