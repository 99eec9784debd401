"""The provider, as far as this command uses it. No other module of the command imports the provider."""

from __future__ import annotations

from stream_encryption.aws.kinesis import Kinesis
from stream_encryption.aws.kms import KeyLookup
from stream_encryption.aws.kms_grants import KeyGrants
from stream_encryption.aws.service_errors import Refused, refusals
from stream_encryption.cloudformation.properties import stream_of, stream_of_arn
from stream_encryption.cloudformation.request import Request
from stream_encryption.errors import InvalidProperties, KeyUnusable, OwnedByAnotherStack, ProviderError
from stream_encryption.grants import Grant
from stream_encryption.reconcile.actions import Action, Call, Code, Failed, Reached, SkipRestore, Verify, Wait
from stream_encryption.reconcile.environment import Environment
from stream_encryption.reconcile.goals import Goal, Release
from stream_encryption.reconcile.loop import WaitBudget, loop
from stream_encryption.reconcile.progress import Progress
from stream_encryption.record.changes import for_incarnation
from stream_encryption.record.table import RecordTable
from stream_encryption.record.values import Change, Claim, Record
from stream_encryption.record.watch_table import Page, WatchTable
from stream_encryption.values import (
    AWS_MANAGED_ALIAS,
    Key,
    Owner,
    Place,
    Refusal,
    RefusalKind,
    Stream,
    StreamRef,
    StreamStatus,
)
from stream_encryption.watch.findings import Finding, FindingCode, judge
from stream_encryption.watch.look import Sight, look_of

__all__ = [
    "AWS_MANAGED_ALIAS",
    "Action",
    "Call",
    "Change",
    "Claim",
    "Code",
    "Environment",
    "Failed",
    "Finding",
    "FindingCode",
    "Goal",
    "Grant",
    "InvalidProperties",
    "Key",
    "KeyGrants",
    "KeyLookup",
    "KeyUnusable",
    "Kinesis",
    "OwnedByAnotherStack",
    "Owner",
    "Page",
    "Place",
    "Progress",
    "ProviderError",
    "Reached",
    "Record",
    "RecordTable",
    "Refusal",
    "RefusalKind",
    "Refused",
    "Release",
    "Request",
    "Sight",
    "SkipRestore",
    "Stream",
    "StreamRef",
    "StreamStatus",
    "Verify",
    "Wait",
    "WaitBudget",
    "WatchTable",
    "for_incarnation",
    "judge",
    "look_of",
    "loop",
    "refusals",
    "stream_of",
    "stream_of_arn",
]
