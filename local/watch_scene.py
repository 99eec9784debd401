"""The demo's scenes of the watch: an owner's tool stops the encryption, and a key is scheduled for deletion."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from local import metrics
from local.bus import Heard
from local.trail import OwnersTool
from local.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.checks import Checks
    from local.cloudformation import Operation
    from local.embedded_aws import EmbeddedAws
    from local.timeline import Timeline

STACK, STREAM, KEY = "watched-encryption", "invoices", "alias/platform-team"
ALARM = "kinesis-stream-encryption-drift-found"
SECONDS = 60.0
STALE_SECONDS = 6.0

_until = partial(until, seconds=SECONDS)


class WatchScene:
    """Plays the watch. CloudTrail's events are put on the bus by the harness, in CloudTrail's own form."""

    def __init__(self, aws: EmbeddedAws, show: Timeline, check: Checks) -> None:
        """Play on this AWS, and show it on this timeline."""
        self._aws, self._show, self._check = aws, show, check

    def play(self, deploy: Callable[[], Operation]) -> None:
        """Let an owner's tool stop the encryption that a stack wants mended; then schedule the key's deletion.

        Args:
            deploy: Deploys the example for the stream, with OnDrift=Mend.
        """
        self._show.scene(
            "8  An owner's tool stops the encryption",
            f"{STACK} has {STREAM} encrypted, with OnDrift=Mend. The tool of its owner, which does not name the",
            "encryption, stops it, as Terraform does. CloudTrail's event is put on the bus by this harness.",
        )
        self._aws.deploy_provider({"Monitoring": "true"})
        self._check.ended(deploy(), "CREATE_COMPLETE")
        with Heard(self._aws) as heard:
            self._an_owner_s_apply(heard)
            self._a_key_s_deletion(heard)
        self._aws.kms.cancel_key_deletion(KeyId=self._check.arn(KEY))
        self._aws.kms.enable_key(KeyId=self._check.arn(KEY))
        self._check.ended(self._aws.cloudformation.delete(STACK), "DELETE_COMPLETE")
        self._check.as_before(STREAM)

    def _an_owner_s_apply(self, heard: Heard) -> None:
        tool, began = OwnersTool(self._aws), time.monotonic()
        tool.apply(STREAM)
        found = _until(lambda: _about(heard, "Unencrypted"))
        self._show.check(
            f"the finding came after {time.monotonic() - began:.0f} s: {found['code']}, by {found['by']}",
            holds=found["by"] == tool.trail.arn,
            seen=found,
        )
        _until(lambda: self._aws.streams.encryption(STREAM).type == "KMS")
        _until(lambda: self._aws.streams.encryption(STREAM).status == "ACTIVE")
        self._show.say(f"    Back under its key {time.monotonic() - began:.0f} s after the owner's Stop.")
        self._check.encrypted(STREAM, KEY)
        # For some seconds after a change a description can be older than it, so that the watch does not judge yet.
        _until(lambda: not self._aws.record(STREAM).get("pending"))
        time.sleep(STALE_SECONDS)
        self._aws.watch_runtime.invoke({"Watch": "Round"})
        over = _until(lambda: _about(heard, "Unencrypted", "Over"))
        self._show.check("the next round tells that it is over", holds=over["state"] == "Over", seen=over)

    def _a_key_s_deletion(self, heard: Heard) -> None:
        arn, tool = self._check.arn(KEY), OwnersTool(self._aws)
        self._aws.kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
        tool.trail.called("kms", "ScheduleKeyDeletion", {"keyId": arn}, {arn: "AWS::KMS::Key"})
        found = _until(lambda: _about(heard, "KeyUnusable"))
        self._show.check(f"the watch says: {found['detail']}", holds="will be deleted" in found["detail"], seen=found)
        metrics.publish(self._aws.watch_runtime.log_lines(), self._aws.cloudwatch)
        state = _until(lambda: self._state_of_alarm() == "ALARM" and "ALARM")
        self._show.check(f"the alarm {ALARM} goes off", holds=state == "ALARM", seen=state)

    def _state_of_alarm(self) -> str:
        alarms = self._aws.cloudwatch.describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
        return str(alarms[0]["StateValue"]) if alarms else ""


def _about(heard: Heard, code: str, state: str = "Found") -> dict[str, Any] | None:
    told = [one for one in heard.details() if (one["stream"], one["code"], one["state"]) == (STREAM, code, state)]
    return told[-1] if told else None
