"""Makes a change set to ask CloudFormation, and leaves nothing of it behind."""

from __future__ import annotations

import signal
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from .stacks import described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_cloudformation import CloudFormationClient

    from .pace import Clock

LONGEST_TEMPLATE = 51_200
"""How long a template that is sent within a call can be, in bytes (CloudFormation's quotas)."""

_NEW = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
_GONE_SECONDS = 60.0


class NotRemoved(Exception):
    """What was made could not be removed again. The text says what is left, and by which command it goes."""


class Making:
    """One change set, from its making to its removal."""

    def __init__(self, client: CloudFormationClient, stack: str, clock: Clock) -> None:
        """Look whether the stack is there, before anything is made."""
        self._client = client
        self._clock = clock
        found = described(client, stack)
        self._stack_is_new = found is None or found["StackStatus"] == "DELETE_COMPLETE"
        self._kind = "CREATE" if found is None or found["StackStatus"] in _NEW else "UPDATE"
        self._known = {one["ParameterKey"] for one in found.get("Parameters", [])} if found else set()
        self.stack = stack
        self.name = f"plan-{uuid.uuid4().hex[:16]}"
        self.removed: list[str] = []

    def make(self, template: str, declared: Mapping[str, Any], given: Mapping[str, str]) -> None:
        """Make the change set.

        Args:
            template: The template's text.
            declared: The template's parameters.
            given: The values that this deployment gives; the others stay as they are.

        Raises:
            ClientError, BotoCoreError: CloudFormation refuses it, or does not answer.
        """
        values: list[Any] = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
        if self._kind == "UPDATE":
            kept = [name for name in declared if name in self._known and name not in given]
            values += [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]
        self._client.create_change_set(
            StackName=self.stack,
            ChangeSetName=self.name,
            ChangeSetType=self._kind,  # type: ignore[arg-type]
            Description="Made by kinesis-stream-encryption plan, to be read and removed",
            TemplateBody=template,
            Parameters=values,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            IncludeNestedStacks=True,
        )

    def remove(self) -> None:
        """Remove the change set, and the stack that it is for where that is nothing but a place for it.

        Raises:
            NotRemoved: Something is left.
        """
        try:
            stack = described(self._client, self.stack)
            if stack is None:
                return
            if self._is_there():
                self._client.delete_change_set(StackName=self.stack, ChangeSetName=self.name)
                self._wait_until_gone()
                self.removed.append(f"change set {self.name} of stack {self.stack}")
            if self._stack_is_new and stack["StackStatus"] == "REVIEW_IN_PROGRESS" and not self._others():
                self._client.delete_stack(StackName=stack["StackId"])
                self.removed.append(f"stack {self.stack}, which was made for it")
        except (BotoCoreError, ClientError) as error:
            raise NotRemoved(self._what_is_left(error)) from error

    def _is_there(self) -> bool:
        try:
            self._client.describe_change_set(StackName=self.stack, ChangeSetName=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("ChangeSetNotFound", "ChangeSetNotFoundException"):
                return False
            raise
        return True

    def _wait_until_gone(self) -> None:
        give_up = self._clock.now() + _GONE_SECONDS
        while self._stack_is_new and self._is_there() and self._clock.now() < give_up:
            self._clock.sleep(1.0)

    def _others(self) -> bool:
        """Whether somebody else's change set waits in the stack."""
        found = self._client.list_change_sets(StackName=self.stack)["Summaries"]
        return any(one.get("ChangeSetName") != self.name for one in found)

    def _what_is_left(self, error: Exception) -> str:
        left = (
            f"change set {self.name} of stack {self.stack} could not be removed ({error}). Remove it: "
            f"aws cloudformation delete-change-set --stack-name {self.stack} --change-set-name {self.name}"
        )
        if self._stack_is_new:
            left += f"; if the stack is REVIEW_IN_PROGRESS: aws cloudformation delete-stack --stack-name {self.stack}"
        return left


@contextmanager
def removed_in_the_end(making: Making) -> Iterator[Making]:
    """Remove what was made, whatever happens meanwhile: also where it is interrupted.

    Raises:
        NotRemoved: Something is left.
    """
    try:
        yield making
    finally:
        with _uninterrupted():
            making.remove()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and a termination wait until the removal is over."""
    caught: list[int] = []
    before = {
        number: signal.signal(number, lambda got, _frame: caught.append(got))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if signal.SIGTERM in caught:
        raise SystemExit(128 + signal.SIGTERM)
    if caught:
        raise KeyboardInterrupt
