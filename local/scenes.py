"""The scenes of `make demo`, in their order; each goes on from where the last one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from local import templates, watch_scene
from local.checks import AWS_KEY, LOGICAL_ID, Checks
from local.engines import ROOT
from local.executions import ExecutionWatch
from local.grant_scene import GrantScene
from local.record import readable
from local.watch_scene import WatchScene
from tools.draw_create import Course

if TYPE_CHECKING:
    from local.cloudformation import Operation
    from local.embedded_aws import EmbeddedAws
    from local.templates import Template
    from local.timeline import Timeline

TEAM_KEY = "alias/platform-team"
EXAMPLE = "encrypt-another-stacks-stream.yaml"
SETTLE_SECONDS, SPLIT_SECONDS, HANDOVER_SECONDS = 5, 7, 2
MIDDLE_OF_THE_HASH_KEYS = str(2**127)
CLOCK_SECONDS = 0.1


class Deploy(Protocol):
    """Deploys the example, or a template made of it."""

    def __call__(
        self, stack: str, stream: str, key: str = AWS_KEY, *, settle: int = 0, template: Template | None = None
    ) -> Operation:
        """Create or update a stack that encrypts a stream; return how it ended."""


class Scenes:
    """The scenes."""

    def __init__(self, aws: EmbeddedAws, timeline: Timeline) -> None:
        """Play on this AWS, and show it on this timeline."""
        self.aws, self.show = aws, timeline
        self.check = Checks(aws, timeline)
        self.course: Course | None = None

    def play(self) -> None:
        """Play all scenes, until one can't be played to its end."""
        recorded = (self.create, self.change_the_key)
        for scene in (
            self.stage,
            self.create,
            self.change_the_key,
            self.change_the_stream,
            self.roll_back,
            self.claim_twice,
            self.delete,
            self.wait_long,
            self.watch,
            self.grant,
            self.look_back,
        ):
            self.show.on_air(recorded=scene in recorded)
            try:
                scene()
            except (ClientError, LookupError, RuntimeError, TimeoutError) as error:
                self.show.check("the scene can be played to its end", holds=False, seen=error)
                return

    def stage(self) -> None:
        """The provider is deployed, and three teams have a stream each."""
        self.show.scene("The stage", "The provider's own template.yaml is deployed, SAM's transform included.")
        self.check.ended(self.aws.deploy_provider(), "CREATE_COMPLETE")
        own = self.aws.key("the payments team's own key", "alias/payments-team")
        self.aws.key("the platform team's key", TEAM_KEY)
        for name, key in (("orders", ""), ("invoices", ""), ("payments", own)):
            self.check.before[name] = self.aws.streams.create(name, key, {"team": name, "cost-center": "4711"})
        self.aws.watch.add("orders", "invoices", "payments")
        self.show.say("Three teams own a stream each: orders and invoices in plaintext, payments under its own key.")

    def create(self) -> None:
        """A stack encrypts a stream that it does not own."""
        self.show.scene("1  A stack encrypts another team's stream", f"examples/{EXAMPLE}, with StreamName=orders.")
        operation = self.deploy("orders-encryption", "orders", settle=SETTLE_SECONDS)
        self.check.ended(operation, "CREATE_COMPLETE")
        self.check.encrypted("orders", AWS_KEY)
        sights = self.aws.watch.sights("orders", operation.began)
        (exchange,) = self.aws.responses.of_stack("orders-encryption", "Create")
        self.course = Course(exchange, self.aws.tap.calls("orders", since=operation.began), sights, SETTLE_SECONDS)
        seen = "-".join(one.encryption.status for one in sights)
        self.show.check("Kinesis was UPDATING once", holds=seen == "ACTIVE-UPDATING-ACTIVE", seen=seen)
        settled = operation.event("orders-encryption", "CREATE_COMPLETE").at - sights[-1].at
        said = f"CREATE_COMPLETE came {settled:.1f} s after it was ACTIVE again: the settling time had passed"
        self.show.check(said, holds=settled >= SETTLE_SECONDS - CLOCK_SECONDS, seen=settled)
        self.check.starts("orders", operation, 1)
        self.check.ref("orders-encryption", "orders")
        self.check.record("orders", claims=1)
        for line in readable(self.aws.record("orders")):
            self.show.say(f"    {line}")

    def change_the_key(self) -> None:
        """The key is changed, in place."""
        self.show.scene("2  The key changes", f"KeyId={TEAM_KEY}: straight from one key to the other.")
        operation = self.deploy("orders-encryption", "orders", TEAM_KEY)
        self.check.ended(operation, "UPDATE_COMPLETE")
        self.check.encrypted("orders", TEAM_KEY)
        self.check.never_plain("orders", operation)
        self.check.starts("orders", operation, 1)

    def change_the_stream(self) -> None:
        """Another stream is a replacement: CloudFormation deletes the old resource afterwards."""
        self.show.scene("3  The stream changes", "StreamName=invoices: a replacement. orders is restored afterwards.")
        self.check.ended(self.deploy("orders-encryption", "invoices", TEAM_KEY), "UPDATE_COMPLETE")
        self.check.encrypted("invoices", TEAM_KEY)
        self.check.ref("orders-encryption", "invoices")
        self.check.as_before("orders")

    def roll_back(self) -> None:
        """A stack that fails after its stream was encrypted rolls back."""
        self.show.scene(
            "4  A stack fails later, and rolls back", "It gives payments another key; then a resource fails."
        )
        template = self._example()
        self.aws.ssm.put_parameter(Name="/taken", Value="by somebody else", Type="String")
        properties = {"Name": "/taken", "Type": "String", "Value": "x"}
        failing = {"Type": "AWS::SSM::Parameter", "DependsOn": LOGICAL_ID, "Properties": properties}
        template["Resources"]["ThatFails"] = failing
        operation = self.deploy("payments-encryption", "payments", TEAM_KEY, template=template)
        self.check.ended(operation, "ROLLBACK_COMPLETE")
        self.check.never_plain("payments", operation)
        self.check.as_before("payments")
        self.aws.cloudformation.delete("payments-encryption")

    def claim_twice(self) -> None:
        """A second stack wants a stream that the first one manages."""
        self.show.scene("5  A second stack claims the same stream", "It is refused, and told who manages the stream.")
        operation = self.deploy("audit", "invoices")
        self.check.ended(operation, "ROLLBACK_COMPLETE")
        reason = " ".join(operation.reasons)
        self.show.check("the refusal names the stack that owns it", holds="orders-encryption" in reason, seen=reason)
        self.check.encrypted("invoices", TEAM_KEY)
        self.aws.cloudformation.delete("audit")

    def delete(self) -> None:
        """The stack is deleted."""
        self.show.scene("6  The stack is deleted", "What it did is undone, and nothing else.")
        self.check.ended(self.aws.cloudformation.delete("orders-encryption"), "DELETE_COMPLETE")
        self.check.as_before("invoices")

    def wait_long(self) -> None:
        """A stream is being resharded for longer than the function waits: a state machine carries the wait on."""
        story = f"orders is resharded for {SPLIT_SECONDS} s; the function waits {HANDOVER_SECONDS} s (HandoverSeconds)."
        self.show.scene("7  The stream is busy for long", story)
        self.aws.deploy_provider({"HandoverSeconds": str(HANDOVER_SECONDS)})
        half, shard = MIDDLE_OF_THE_HASH_KEYS, "shardId-000000000000"
        self.aws.kinesis.split_shard(StreamName="orders", ShardToSplit=shard, NewStartingHashKey=half)
        with ExecutionWatch(self.aws.executions, "orders-encryption", self.show.passage) as watch:
            operation = self.deploy("orders-encryption", "orders")
        self.check.ended(operation, "CREATE_COMPLETE")
        self.check.starts("orders", operation, 1)
        seen = [one.status for one in watch.executions()]
        self.show.check("one execution carried the request on", holds=seen == ["SUCCEEDED"], seen=seen)
        self.check.ended(self.aws.cloudformation.delete("orders-encryption"), "DELETE_COMPLETE")
        self.check.as_before("orders")

    def watch(self) -> None:
        """Changes by others are found, reported, and mended where asked."""
        template = templates.with_property(self._example(), LOGICAL_ID, "OnDrift", "Mend")
        stack, stream = watch_scene.STACK, watch_scene.STREAM
        scene = WatchScene(self.aws, self.show, self.check)
        scene.play(lambda: self.deploy(stack, stream, TEAM_KEY, template=template))

    def grant(self) -> None:
        """A producer's role gets the use of the key before the stream is encrypted, and loses it with the stack."""
        self.show.scene("9  A producer may not use the key", "Producers names its role, so the provider makes a grant.")
        GrantScene(self.aws, self.check).play(self.deploy, self._example())

    def look_back(self) -> None:
        """What must hold for all of it."""
        self.show.scene("All in all")
        answers = self.aws.responses.exchanges
        bad = [*self.aws.responses.violations, *(f"no answer to {one.kind}" for one in answers if one.open)]
        said = f"each of {len(answers)} requests got exactly one answer, as AWS demands it"
        self.show.check(said, holds=not bad, seen=bad)
        lines = list(self.aws.log_lines())
        leaks = [line for line in lines for one in answers if one.secret in line]
        self.show.check(f"none of the {len(lines)} log lines holds a ResponseURL", holds=not leaks, seen=leaks[:1])

    def deploy(
        self, stack: str, stream: str, key: str = AWS_KEY, *, settle: int = 0, template: Template | None = None
    ) -> Operation:
        """Create or update a stack that encrypts a stream; return how it ended."""
        parameters = {"StreamName": stream, "KeyId": key, "SettleSeconds": str(settle)}
        return self.aws.cloudformation.deploy(stack, template or self._example(), parameters)

    @staticmethod
    def _example() -> Template:
        return templates.load(ROOT / "examples" / EXAMPLE)
