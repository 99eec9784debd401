"""`make demo`: a stream's whole life under CloudFormation, live, and checked at every step.

`make record` plays the same, and keeps pictures of it for the docs.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local import templates, watch_scene
from local.checks import AWS_KEY, LOGICAL_ID, Checks
from local.embedded_aws import EmbeddedAws
from local.engines import ROOT, Durations, UnsupportedMachineError
from local.executions import ExecutionWatch
from local.record import readable
from local.timeline import Timeline
from local.watch_scene import WatchScene
from tools import draw_create
from tools.draw_create import Course

if TYPE_CHECKING:
    from local.cloudformation import Operation
    from local.templates import Template

TEAM_KEY = "alias/platform-team"
EXAMPLE = "encrypt-another-stacks-stream.yaml"
SETTLE_SECONDS = 5
SPLIT_SECONDS = 7
HANDOVER_SECONDS = 2
MIDDLE_OF_THE_HASH_KEYS = str(2**127)
CLOCK_SECONDS = 0.1
RECORDING = ROOT / "docs" / "demo.svg"
PICTURE = ROOT / "docs" / "create.svg"


class Demo:
    """The scenes, in their order; each one goes on from where the last one ended."""

    def __init__(self, aws: EmbeddedAws, timeline: Timeline) -> None:
        """Play on this AWS, and show it on this timeline."""
        self.aws = aws
        self.show = timeline
        self.check = Checks(aws, timeline)
        self.course: Course | None = None

    def play(self) -> None:
        """All the scenes, as far as each one can build on the last one."""
        scenes = (
            self.open_the_stage,
            self.create,
            self.change_the_key,
            self.change_the_stream,
            self.fail_later,
            self.find_it_encrypted,
            self.rename,
            self.claim_twice,
            self.delete,
            self.wait_for_a_busy_stream,
            self.watch_what_others_do,
            self.look_back,
        )
        recorded = (self.create, self.change_the_key)
        for scene in scenes:
            self.show.on_air(recorded=scene in recorded)
            try:
                scene()
            except (ClientError, LookupError, RuntimeError, TimeoutError) as error:
                self.show.check("the scene can be played to its end", holds=False, seen=error)
                return

    def open_the_stage(self) -> None:
        """The provider is deployed, and three teams have a stream each."""
        self.show.scene("The stage", "The provider's own template.yaml is deployed, SAM's transform included.")
        operation = self.aws.deploy_provider()
        self.check.ended(operation, "CREATE_COMPLETE")
        own = self.aws.key("the payments team's own key", "alias/payments-team")
        self.aws.key("the platform team's key", TEAM_KEY)
        for name, key in (("orders", ""), ("invoices", ""), ("payments", own)):
            self.check.before[name] = self.aws.streams.create(name, key, {"team": name, "cost-center": "4711"})
        self.aws.watch.add("orders", "invoices", "payments")
        self.show.say("Three teams own a stream each: orders and invoices in plaintext, payments under its own key.")

    def create(self) -> None:
        """A stack encrypts a stream that it does not own."""
        self.show.scene(
            "1  A stack asks for the encryption of another team's stream",
            f"examples/{EXAMPLE}, with StreamName=orders and SettleSeconds={SETTLE_SECONDS}.",
        )
        operation = self._deploy("orders-encryption", "orders", settle=SETTLE_SECONDS)
        self.check.ended(operation, "CREATE_COMPLETE")
        self.check.encrypted("orders", AWS_KEY)
        sights = self.aws.watch.sights("orders", operation.began)
        (exchange,) = self.aws.responses.of_stack("orders-encryption", "Create")
        self.course = Course(exchange, self.aws.tap.calls("orders", since=operation.began), sights, SETTLE_SECONDS)
        statuses = [one.encryption.status for one in sights]
        self.show.check(
            "Kinesis went from ACTIVE to UPDATING and back",
            holds=statuses == ["ACTIVE", "UPDATING", "ACTIVE"],
            seen=statuses,
        )
        settled = operation.event("orders-encryption", "CREATE_COMPLETE").at - sights[-1].at
        self.show.check(
            f"CREATE_COMPLETE came {settled:.1f} s after it was ACTIVE again: the settling time had passed",
            holds=settled >= SETTLE_SECONDS - CLOCK_SECONDS,
            seen=f"{settled:.2f} s",
        )
        self.check.starts("orders", operation, 1)
        self.check.ref("orders-encryption", "orders")
        self.check.record("orders", claims=1)
        for line in readable(self.aws.record("orders")):
            self.show.say(f"    {line}")

    def change_the_key(self) -> None:
        """The key is changed, in place."""
        self.show.scene(
            "2  The key changes", f"The same stack with KeyId={TEAM_KEY}: straight from one key to the other."
        )
        operation = self._deploy("orders-encryption", "orders", TEAM_KEY)
        self.check.ended(operation, "UPDATE_COMPLETE")
        self.check.encrypted("orders", TEAM_KEY)
        self.check.never_plain("orders", operation)
        self.check.starts("orders", operation, 1)

    def change_the_stream(self) -> None:
        """Another stream: a replacement, with the clean-up Delete."""
        self.show.scene(
            "3  The stream changes",
            "StreamName=invoices: a replacement. CloudFormation deletes the old resource afterwards.",
        )
        operation = self._deploy("orders-encryption", "invoices", TEAM_KEY)
        self.check.ended(operation, "UPDATE_COMPLETE")
        self.check.encrypted("invoices", TEAM_KEY)
        self.check.ref("orders-encryption", "invoices")
        deletes = [
            one for one in self.aws.responses.of_stack("orders-encryption", "Delete") if one.sent >= operation.began
        ]
        self.show.check(
            "CloudFormation sent one Delete, for the old stream", holds=len(deletes) == 1, seen=len(deletes)
        )
        self.check.as_before("orders")

    def fail_later(self) -> None:
        """A stack that fails after its stream was encrypted, and rolls back."""
        self.show.scene(
            "4  A stack fails later, and rolls back",
            "It puts the platform team's key in place of payments' own; then another of its resources fails.",
        )
        template = self._example()
        self.aws.ssm.put_parameter(Name="/taken", Value="by somebody else", Type="String")
        template["Resources"]["ThatFails"] = {
            "Type": "AWS::SSM::Parameter",
            "DependsOn": LOGICAL_ID,
            "Properties": {"Name": "/taken", "Type": "String", "Value": "x"},
        }
        operation = self._deploy("payments-encryption", "payments", TEAM_KEY, template=template)
        self.check.ended(operation, "ROLLBACK_COMPLETE")
        self.check.never_plain("payments", operation)
        self.check.as_before("payments")
        self.aws.cloudformation.delete("payments-encryption")

    def find_it_encrypted(self) -> None:
        """The stream has the wanted key already, called by another of its names."""
        self.show.scene(
            "5  It is encrypted already",
            "payments has the wanted key: by its ARN at Kinesis, by its alias in the template. Create, then Delete.",
        )
        operation = self._deploy("payments-encryption", "payments", "alias/payments-team")
        self.check.ended(operation, "CREATE_COMPLETE")
        self.check.ended(self.aws.cloudformation.delete("payments-encryption"), "DELETE_COMPLETE")
        self.check.starts("payments", operation, 0)
        self.check.never_plain("payments", operation)
        self.check.encrypted("payments", "alias/payments-team")
        self.check.record("payments", claims=0)

    def rename(self) -> None:
        """A resource gets another name in its template."""
        self.show.scene("6  A logical id is renamed", "CloudFormation creates the new name, then deletes the old one.")
        template = templates.renamed(self._example(), LOGICAL_ID, "InvoicesEncryption")
        operation = self._deploy("orders-encryption", "invoices", TEAM_KEY, template=template)
        self.check.ended(operation, "UPDATE_COMPLETE")
        self.check.never_plain("invoices", operation)
        self.check.starts("invoices", operation, 0)

    def claim_twice(self) -> None:
        """A second stack wants a stream that the first one manages."""
        self.show.scene("7  A second stack claims the same stream", "It is refused, and told who manages the stream.")
        operation = self._deploy("audit", "invoices")
        self.check.ended(operation, "ROLLBACK_COMPLETE")
        reason = " ".join(operation.reasons)
        self.show.check("the refusal names the stack that owns it", holds="orders-encryption" in reason, seen=reason)
        self.check.never_plain("invoices", operation)
        self.check.encrypted("invoices", TEAM_KEY)
        self.aws.cloudformation.delete("audit")

    def delete(self) -> None:
        """The stack is deleted."""
        self.show.scene("8  The stack is deleted", "What it did is undone, and nothing else.")
        self.check.ended(self.aws.cloudformation.delete("orders-encryption"), "DELETE_COMPLETE")
        self.check.as_before("orders")
        self.check.as_before("invoices")

    def wait_for_a_busy_stream(self) -> None:
        """A stream is being resharded for longer than the function waits: a state machine carries the wait on."""
        self.show.scene(
            "9  The stream is busy for long",
            f"orders is being resharded for {SPLIT_SECONDS} s. The provider is updated to hand over what takes longer",
            f"than {HANDOVER_SECONDS} s (HandoverSeconds, 60 s by default) to its Step Functions state machine.",
        )
        self.aws.deploy_provider({"HandoverSeconds": str(HANDOVER_SECONDS)})
        self.aws.kinesis.split_shard(
            StreamName="orders",
            ShardToSplit="shardId-000000000000",
            NewStartingHashKey=MIDDLE_OF_THE_HASH_KEYS,
        )
        with ExecutionWatch(self.aws.executions, "orders-encryption", self.show.passage) as watch:
            operation = self._deploy("orders-encryption", "orders")
            self.check.ended(operation, "CREATE_COMPLETE")
        self.check.encrypted("orders", AWS_KEY)
        self.check.starts("orders", operation, 1)
        seen = [one.status for one in watch.executions()]
        self.show.check(
            "one execution carried the request on, and has succeeded", holds=seen == ["SUCCEEDED"], seen=seen
        )
        self.check.ended(self.aws.cloudformation.delete("orders-encryption"), "DELETE_COMPLETE")
        self.check.as_before("orders")

    def watch_what_others_do(self) -> None:
        """What others do to an encrypted stream and its key is found, told, and mended where asked."""

        def deploy(on_drift: str) -> Operation:
            template = templates.with_property(self._example(), LOGICAL_ID, "OnDrift", on_drift)
            return self._deploy(watch_scene.STACK, watch_scene.STREAM, TEAM_KEY, template=template)

        WatchScene(self.aws, self.show, self.check).play(deploy)

    def look_back(self) -> None:
        """What must hold for all of it."""
        self.show.scene("All in all")
        answers = self.aws.responses.exchanges
        bad = [*self.aws.responses.violations, *(f"no answer to {one.kind}" for one in answers if one.open)]
        self.show.check(
            f"each of {len(answers)} requests got exactly one answer, as AWS demands it",
            holds=not bad,
            seen=bad,
        )
        lines = list(self.aws.log_lines())
        leaks = [line for line in lines for one in answers if one.secret in line]
        self.show.check(
            f"none of the {len(lines)} log lines holds a ResponseURL",
            holds=not leaks,
            seen=leaks[:1],
        )

    def _deploy(
        self, stack: str, stream: str, key: str = AWS_KEY, settle: int = 0, template: Template | None = None
    ) -> Operation:
        parameters = {"StreamName": stream, "KeyId": key, "SettleSeconds": str(settle)}
        return self.aws.cloudformation.deploy(stack, template or self._example(), parameters)

    def _example(self) -> Template:
        return templates.load(ROOT / "examples" / EXAMPLE)


def main(arguments: list[str]) -> int:
    """Play the demo; 0 if every check passed. With --record, keep pictures of it, unless a check failed."""
    began = time.monotonic()
    record = arguments == ["--record"]
    timeline = Timeline(record=record)
    timeline.on_air(recorded=False)
    try:
        timeline.scene("An AWS on this machine: MiniStack, kinesis-local, and Lambda's own runtime")
        with EmbeddedAws(Durations(start=1.5, stop=1.0, split=SPLIT_SECONDS), listeners=timeline.listeners) as aws:
            timeline.say(f"up after {time.monotonic() - began:.1f} s, on loopback ports, in {aws.household.folder}")
            demo = Demo(aws, timeline)
            demo.play()
            folder = aws.household.folder
        timeline.check("everything is stopped, and its folder is removed", holds=not folder.exists(), seen=folder)
        took = time.monotonic() - began
        failed = len(timeline.failed)
        timeline.on_air(recorded=True)
        timeline.summary(f"{timeline.passed} checks passed, {failed} failed, in {took:.0f} s.")
        if record and demo.course and not failed:
            RECORDING.write_text(timeline.recording("make demo: two of its ten scenes"), encoding="utf-8")
            PICTURE.write_text(draw_create.drawing(demo.course), encoding="utf-8")
    except UnsupportedMachineError as error:
        timeline.summary(str(error))
        return 2
    except KeyboardInterrupt:
        timeline.summary("Stopped. Nothing is left running, and nothing is left behind.")
        return 130
    finally:
        timeline.close()
    return 1 if timeline.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
