"""Which custom resources the provider serves: its own type, and any other custom type with its ServiceToken."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stream_encryption_cli.template.unknown import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .template import Template

TYPE = "Custom::KinesisStreamEncryption"
ATTRIBUTES = (
    "EncryptionType",
    "KeyArn",
    "KeyId",
    "PreviousEncryptionType",
    "PreviousKeyId",
    "StreamARN",
    "StreamName",
)
"""What Fn::GetAtt gives of a resource of the provider's (docs/reference.md)."""
PROVIDER = "kinesis-stream-encryption"
"""The default of the provider's parameter FunctionName."""

_FUNCTIONS = ("AWS::Lambda::Alias", "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Serverless::Function")
_ARN = re.compile(r"(arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:([a-zA-Z0-9_-]+))(:[a-zA-Z0-9$_-]+)?")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:.*")


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

    def serves(self, kind: str, token: Any, template: Template | None = None) -> bool | Unknown:  # noqa: ANN401
        """Tell whether a resource is the provider's.

        Args:
            kind: Its type.
            token: Its ServiceToken; Unknown where only the deployment tells it.
            template: The template that it is in, for a token that is made of other resources.
        """
        if kind == TYPE:
            return True
        if not may_be(kind) or not isinstance(token, str | Unknown):
            return False
        if isinstance(token, Unknown):
            makers = [template.type_of(one) for one in token.needs] if template and token.steady else []
            # A function that the template itself makes is another one; a topic may deliver to the provider.
            return False if makers and all(one in _FUNCTIONS for one in makers) else token
        if _plain(token) in self.tokens or _named(token) == self.provider:
            return True
        return Unknown((f"ServiceToken {token}",)) if _TOPIC.fullmatch(token) or not self.looked else False

    def and_those_of(self, templates: Iterable[Template]) -> Served:
        """Count the ServiceTokens in as well that resources of the provider's own type have."""
        customs = [one for template in templates for one in template.customs.values() if one.type == TYPE]
        tokens = {_plain(one.token) for one in customs if isinstance(one.token, str)}
        return replace(self, tokens=self.tokens | tokens)


def may_be(kind: str) -> bool:
    """Tell whether a resource of this type can be the provider's at all."""
    return kind == "AWS::CloudFormation::CustomResource" or kind.startswith("Custom::")


def served(exports: Mapping[str, str] | None, provider: str = PROVIDER) -> Served:
    """Tell the provider's ServiceTokens by its exports, which are `<FunctionName>-ServiceToken`.

    Args:
        exports: The account's exports in this region; None where they could not be listed.
        provider: The provider's FunctionName.
    """
    tokens = {
        _plain(value)
        for name, value in (exports or {}).items()
        if name in (f"{provider}-ServiceToken", f"{_named(value)}-ServiceToken")
    }
    return Served(frozenset(tokens), exports is not None, provider)


def _plain(token: str) -> str:
    """Leave a function's version or alias away."""
    match = _ARN.fullmatch(token)
    return match[1] if match else token


def _named(token: str) -> str | None:
    match = _ARN.fullmatch(token)
    return match[2] if match else None
