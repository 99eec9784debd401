"""Which custom resources the provider serves: its own type, and any other custom type with its ServiceToken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .contents import is_nested
from .unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .resources import Template

TYPE = "Custom::KinesisStreamEncryption"
PROVIDER = "kinesis-stream-encryption"
"""The default of the provider's parameter FunctionName."""

_ANY_CUSTOM_TYPE = "AWS::CloudFormation::CustomResource"
_FUNCTION = re.compile(r"(arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:([a-zA-Z0-9_-]+))(:[a-zA-Z0-9$_-]+)?")


@dataclass(frozen=True, slots=True)
class Served:
    """How to tell a resource of the provider's.

    Attributes:
        tokens: The ServiceTokens that are the provider's.
        looked: Whether the exports, which tell them, could be listed.
        provider: The provider's FunctionName.
    """

    tokens: frozenset[str]
    looked: bool
    provider: str = PROVIDER

    @staticmethod
    def may_be(kind: str) -> bool:
        """Tell whether a resource of this type can be the provider's at all."""
        return kind == _ANY_CUSTOM_TYPE or kind.startswith("Custom::")

    def serves(self, kind: str, token: Any, template: Template | None = None) -> bool | Unknown:  # noqa: ANN401
        """Tell whether a resource is the provider's.

        Args:
            kind: Its type.
            token: Its ServiceToken; Unknown where only the deployment tells it.
            template: The template that it is in, for a token that is made of other resources.
        """
        if kind == TYPE:
            return True
        if not self.may_be(kind) or token is None:
            return False
        if isinstance(token, Unknown):
            own = token.needs and not any(
                is_nested(template.found.resources.get(one)) for one in token.needs if template
            )
            return False if own and token.steady else token
        if not isinstance(token, str):
            return False
        if plain(token) in self.tokens or _named(token) == self.provider:
            return True
        return False if self.looked else Unknown((f"ServiceToken {token}",))

    def and_those_of(self, templates: Iterable[Template]) -> Served:
        """Count the ServiceTokens in as well that resources of the provider's own type have."""
        tokens = {
            plain(one.properties["ServiceToken"])
            for template in templates
            for one in template.resources(Served(frozenset(), looked=True)).values()
            if one.type == TYPE and isinstance(one.properties.get("ServiceToken"), str)
        }
        return Served(self.tokens | tokens, self.looked, self.provider)


def served(exports: Mapping[str, str] | None, provider: str = PROVIDER) -> Served:
    """Tell the provider's ServiceTokens by its exports, which are `<FunctionName>-ServiceToken`.

    Args:
        exports: The account's exports in this region; None where they could not be listed.
        provider: The provider's FunctionName.
    """
    tokens = {
        plain(value)
        for name, value in (exports or {}).items()
        if name == f"{provider}-ServiceToken" or name == f"{_named(value)}-ServiceToken"
    }
    return Served(frozenset(tokens), exports is not None, provider)


def plain(token: str) -> str:
    """Leave a function's version or alias away."""
    match = _FUNCTION.fullmatch(token)
    return match[1] if match else token


def _named(token: str) -> str | None:
    match = _FUNCTION.fullmatch(token)
    return match[2] if match else None
