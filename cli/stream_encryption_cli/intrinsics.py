"""CloudFormation's intrinsic functions, as far as they can be told before a deployment; the rest is Unknown, by name.

Source: AWS CloudFormation User Guide, "Intrinsic function reference" and "AWS::LanguageExtensions transform".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

FOR_EACH = "Fn::ForEach::"
_DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")
_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9]")


class TemplateFault(ValueError):
    """CloudFormation would refuse the template, or the parameters, before it touches anything."""


class NoValue(Enum):
    """What `!Ref AWS::NoValue` is: the property is not there at all."""

    IT: Final = "AWS::NoValue"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that nobody can tell before the deployment.

    Attributes:
        what: The expressions that it hangs on, as a template spells them (`!GetAtt Key.Arn`).
        needs: The logical ids of the resources that it is made of.
        steady: Whether it stays as it is while these resources do.
    """

    what: tuple[str, ...]
    needs: frozenset[str] = frozenset()
    steady: bool = True

    def __str__(self) -> str:
        """The expressions, as a sentence names them."""
        return " and ".join(self.what)


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names in a template mean.

    Attributes:
        values: Parameters and pseudo parameters.
        mappings: The template's Mappings.
        conditions: The template's Conditions, as written.
        exports: The values that other stacks export; None where nobody could look.
        physical_ids: What Ref gives for resources that are there already, and stay.
        loop: The variables of the loops around.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    exports: Mapping[str, str] | None = None
    physical_ids: Mapping[str, str] = field(default_factory=dict)
    loop: Mapping[str, str] = field(default_factory=dict)


def resolve(value: Any, scope: Scope) -> Any:  # noqa: ANN401 (whatever a template holds)
    """Work out a value.

    Returns:
        The value; within it, Unknown wherever something can't be told, and no property that is AWS::NoValue.

    Raises:
        TemplateFault: CloudFormation could not work it out either.
    """
    if isinstance(value, str):
        dynamic = _DYNAMIC.search(value)
        return Unknown((dynamic[0],), steady=False) if dynamic else value
    if isinstance(value, list):
        return [one for one in (resolve(one, scope) for one in value) if one is not NoValue.IT]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if _is_call(name, argument, scope):
            return _call(name, argument, scope)
    resolved = {name: resolve(one, inner) for name, one, inner in entries(value, scope)}
    return {name: one for name, one in resolved.items() if one is not NoValue.IT}


def entries(mapping: Mapping[str, Any], scope: Scope) -> Iterator[tuple[str, Any, Scope]]:
    """A map's entries, each with the scope that it is in: a loop's as often as it runs.

    A loop whose collection can't be told is one entry, under the loop's own name, that is Unknown.
    """
    for name, value in mapping.items():
        if not name.startswith(FOR_EACH):
            yield _named(name, scope), value, scope
            continue
        if not isinstance(value, list) or len(value) != 3 or not isinstance(value[2], dict):  # noqa: PLR2004
            raise TemplateFault(f"{name} must be a list of a variable's name, a collection and a map")
        variable, collection, body = value
        items = resolve(collection, scope)
        unknown = unknown_in(items)
        if unknown:
            yield _named(name, scope), unknown, scope
            continue
        for item in _flat(items):
            loop = {**scope.loop, variable: item}
            yield from entries(body, replace(scope, loop=loop, values={**scope.values, variable: item}))


def holds(condition: str, scope: Scope) -> bool | Unknown:
    """Whether one of the template's Conditions is met.

    Raises:
        TemplateFault: There is none of that name.
    """
    if condition not in scope.conditions:
        raise TemplateFault(f"there is no condition {condition}")
    met: bool | Unknown = resolve(scope.conditions[condition], scope)
    return met


def unknown_in(value: Any) -> Unknown | None:  # noqa: ANN401
    """All that is unknown within a value, as one; None where all of it is known."""
    found: list[Unknown] = list(_unknowns(value))
    if not found:
        return None
    return Unknown(
        what=tuple(dict.fromkeys(what for one in found for what in one.what)),
        needs=frozenset().union(*(one.needs for one in found)),
        steady=all(one.steady for one in found),
    )


def as_sent(value: Any) -> Any:  # noqa: ANN401
    """A value as CloudFormation sends it to a provider: every scalar is a string."""
    if isinstance(value, dict):
        return {name: as_sent(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_sent(one) for one in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _unknowns(value: Any) -> Iterator[Unknown]:  # noqa: ANN401
    if isinstance(value, Unknown):
        yield value
    inner: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _unknowns(one)


def _named(name: str, scope: Scope) -> str:
    """A map's key, in which a loop's variables stand as `${Name}`, or as `&{Name}` for what a logical id may hold."""
    for variable, item in scope.loop.items():
        name = name.replace(f"${{{variable}}}", item).replace(f"&{{{variable}}}", _NOT_IN_AN_ID.sub("", item))
    return name


def _flat(items: Any) -> Iterator[str]:  # noqa: ANN401
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield str(as_sent(item))


def _is_call(name: str, argument: Any, scope: Scope) -> bool:  # noqa: ANN401
    if name == "Condition":  # so is a part of every IAM policy called
        return isinstance(argument, str) and argument in scope.conditions
    return name == "Ref" or (name.startswith("Fn::") and not name.startswith(FOR_EACH))


def _call(name: str, argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    function = _FUNCTIONS.get(name)
    if function is None:
        return Unknown((name,), steady=False)
    try:
        return function(argument, scope)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        if isinstance(error, TemplateFault):
            raise
        raise TemplateFault(f"{name} of {argument!r} can't be worked out") from error


def _ref(name: str, scope: Scope) -> Any:  # noqa: ANN401
    if name == NoValue.IT.value:
        return NoValue.IT
    if name in scope.values:
        return scope.values[name]
    if name in scope.physical_ids:
        return scope.physical_ids[name]
    return Unknown((f"!Ref {name}",), frozenset() if name.startswith("AWS::") else frozenset({name}))


def _get_att(argument: Any, _scope: Scope) -> Unknown:  # noqa: ANN401
    resource, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return Unknown((f"!GetAtt {resource}.{attribute}",), frozenset({resource}))


def _sub(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    text, own = argument if isinstance(argument, list) else (argument, {})
    inner = replace(scope, values={**scope.values, **{name: resolve(one, scope) for name, one in own.items()}})
    dynamic = _DYNAMIC.search(text)
    unknown: list[Unknown] = [Unknown((dynamic[0],), steady=False)] if dynamic else []

    def put(match: re.Match[str]) -> str:
        if match[1]:
            return f"${{{match[2]}}}"
        name = match[2].strip()
        value = _get_att(name, inner) if "." in name and name not in inner.values else _ref(name, inner)
        if isinstance(value, Unknown):
            unknown.append(value)
        return str(as_sent(value))

    whole = _VARIABLE.sub(put, text)
    return unknown_in(unknown) or whole


def _join(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    delimiter, parts = argument
    parts = resolve(parts, scope)
    return unknown_in(parts) or delimiter.join(map(str, as_sent(parts)))


def _split(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    delimiter, text = resolve(argument, scope)
    return unknown_in(text) or text.split(delimiter)


def _select(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    index, items = resolve(argument, scope)
    unknown = unknown_in(index) or (items if isinstance(items, Unknown) else None)
    return unknown or items[int(index)]


def _find_in_map(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    *keys, options = argument if isinstance(argument[-1], dict) and "DefaultValue" in argument[-1] else (*argument, {})
    keys = resolve(keys, scope)
    unknown = unknown_in(keys)
    if unknown:
        return unknown
    found: Any = scope.mappings
    for key in map(as_sent, keys):
        found = found.get(key) if isinstance(found, dict) else None
    if found is None and "DefaultValue" not in options:
        raise TemplateFault(f"the mappings have no {' / '.join(map(str, keys))}")
    return resolve(options["DefaultValue"], scope) if found is None else found


def _import_value(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    name = resolve(argument, scope)
    if isinstance(name, Unknown):
        return name
    if scope.exports is None:
        return Unknown((f"!ImportValue {name}",))
    if name not in scope.exports:
        raise TemplateFault(f"no stack of this account and region exports {name}")
    return scope.exports[name]


def _if(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    condition, yes, no = argument
    met = holds(condition, scope)
    return met if isinstance(met, Unknown) else resolve(yes if met else no, scope)


def _equals(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    one, other = as_sent(resolve(argument, scope))
    return unknown_in([one, other]) or one == other


def _and(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    parts = resolve(argument, scope)
    return False if False in parts else unknown_in(parts) or True


def _or(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    parts = resolve(argument, scope)
    return True if True in parts else unknown_in(parts) or False


def _not(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    (part,) = resolve(argument, scope)
    return unknown_in(part) or not part


def _length(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    items = resolve(argument, scope)
    return items if isinstance(items, Unknown) else len(items)


_FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Condition": holds,
    "Fn::And": _and,
    "Fn::Equals": _equals,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Not": _not,
    "Fn::Or": _or,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
}
"""What can be worked out from a template; any other function's value is Unknown by the function's name."""
