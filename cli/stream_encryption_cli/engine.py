"""The provider, as far as this command uses it. No other module of the command imports the provider."""

from __future__ import annotations

from stream_encryption.converge import Patience, Progress, World, loop
from stream_encryption.errors import InvalidProperties, KeyUnusable, OwnedByAnotherStack, ProviderError
from stream_encryption.keys import AWS_MANAGED, Keys
from stream_encryption.kinesis import Kinesis
from stream_encryption.model import (
    Action,
    Concede,
    Failed,
    Goal,
    Key,
    Owner,
    Place,
    Refusal,
    RefusalKind,
    Release,
    Settled,
    Start,
    Stop,
    Stream,
    StreamRef,
    StreamStatus,
    Verify,
    Wait,
)
from stream_encryption.ownership import from_tags
from stream_encryption.properties import stream_of, stream_of_arn
from stream_encryption.refusals import Refused, refusals
from stream_encryption.request import Request

__all__ = [
    "AWS_MANAGED",
    "Action",
    "Concede",
    "Failed",
    "Goal",
    "InvalidProperties",
    "Key",
    "KeyUnusable",
    "Keys",
    "Kinesis",
    "OwnedByAnotherStack",
    "Owner",
    "Patience",
    "Place",
    "Progress",
    "ProviderError",
    "Refusal",
    "RefusalKind",
    "Refused",
    "Release",
    "Request",
    "Settled",
    "Start",
    "Stop",
    "Stream",
    "StreamRef",
    "StreamStatus",
    "Verify",
    "Wait",
    "World",
    "from_tags",
    "loop",
    "refusals",
    "stream_of",
    "stream_of_arn",
]
