"""Calls on the wire: what each action costs the account in calls to AWS, ours beside the peers'."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from benchmarks.account import Account
from benchmarks.peers import OURS, cdk
from benchmarks.peers.boto3_waiter import Boto3Waiter
from benchmarks.peers.crhelper import Crhelper
from benchmarks.peers.ours import Ours
from benchmarks.peers.terraform import Terraform
from benchmarks.report import Goal, Report, Table
from benchmarks.spread import Spread
from local.engines import kinesis_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.peers import Peer
    from benchmarks.wire import Call
    from local.response_endpoint import Exchange

UPDATE_SECONDS = 1.5
"""How long every update of a stream takes, in seconds."""
REPETITIONS = 5
PATIENCE_SECONDS = 120.0
QUIET_SECONDS = 0.5
"""How long after the answer calls are still counted as the action's, in seconds."""
ACTIONS = ("Create", "Create, nothing to do", "Update of the key", "Update, nothing to do", "Delete")
KINDS: Mapping[str, Sequence[str]] = {
    "look": ("DescribeStreamSummary", "DescribeStream"),
    "read tags": ("ListTagsForStream",),
    "write tags": ("AddTagsToStream", "RemoveTagsFromStream"),
    "Start, Stop": ("StartStreamEncryption", "StopStreamEncryption"),
    "KMS": ("DescribeKey",),
    "Step Functions": ("StartExecution",),
    "EventBridge": ("PutRule", "PutTargets", "RemoveTargets", "DeleteRule"),
    "Lambda": ("Invoke", "AddPermission", "RemovePermission"),
}
NEEDED: Mapping[str, str] = {
    "DescribeStreamSummary": (
        "the one way to learn that the stream is ACTIVE, and with which key: Kinesis sends no event"
    ),
    "ListTagsForStream": (
        "whose the stream is, and whether a later request called this one off: read before anything is changed, after"
        " each change of the tags, when the stream is ACTIVE again, and once it has settled; never while it is UPDATING"
    ),
    "AddTagsToStream": "the record of who did it and of the state before, without which a Delete could not undo it",
    "RemoveTagsFromStream": "takes the record back with the encryption",
    "StartStreamEncryption": "the change itself",
    "StopStreamEncryption": "the change itself",
    "DescribeKey": (
        "the key is checked before anything is changed, and two spellings of one key are told from two keys; one call"
        " for each spelling"
    ),
    "StartExecution": "has the Delete's mark removed once no older request of the resource can come any more",
}


@dataclass
class Course:
    """One stream's whole life with one peer.

    Attributes:
        account: Where.
        peer: Whose.
        mark: What every call for it bears: a part of the names of streams, keys and logical ids.
    """

    account: Account
    peer: Peer
    mark: str

    def play(self) -> dict[str, Counter[str]]:
        """Create, change, update, delete; and create where everything is as wanted. Answers the calls by the action."""
        plain, encrypted = f"0.{self.mark}-plain", f"0.{self.mark}-encrypted"
        keys = [f"alias/{self.mark}-{name}" for name in ("first", "second")]
        for alias in keys:
            self.account.aws.key(self.mark, alias)
        self.account.direct[0].start_stream_encryption(StreamName=encrypted, EncryptionType="KMS", KeyId=keys[0])
        first, second = ({"KeyId": alias} for alias in keys)
        created = {"PhysicalResourceId": "", "OldResourceProperties": {"StreamName": plain, **first}}
        found = {}
        exchange = self.account.request("Create", plain, properties=first, LogicalResourceId=self.mark)
        found["Create"], created["PhysicalResourceId"] = self._calls(exchange)
        exchange = self.account.request("Update", plain, properties=second, LogicalResourceId=self.mark, **created)
        found["Update of the key"], _ = self._calls(exchange)
        created["OldResourceProperties"] = {"StreamName": plain, **second}
        noted = {**second, **({"OnDelete": "Restore"} if self.peer.name == OURS else {"Note": "changed"})}
        exchange = self.account.request("Update", plain, properties=noted, LogicalResourceId=self.mark, **created)
        found["Update, nothing to do"], _ = self._calls(exchange)
        del created["OldResourceProperties"]
        exchange = self.account.request("Delete", plain, properties=noted, LogicalResourceId=self.mark, **created)
        found["Delete"], _ = self._calls(exchange)
        if isinstance(self.peer, Terraform):
            return found
        exchange = self.account.request("Create", encrypted, properties=first, LogicalResourceId=f"{self.mark}again")
        found["Create, nothing to do"], _ = self._calls(exchange)
        return found

    def _calls(self, exchange: Exchange) -> tuple[Counter[str], str]:
        """See one request through; answers its calls and the physical id.

        Raises:
            RuntimeError: It was not answered well.
        """
        since, endpoint = time.time(), self.account.aws.responses
        self.peer.handle(endpoint.guarded(exchange))
        if isinstance(self.peer, Crhelper):
            time.sleep(UPDATE_SECONDS + QUIET_SECONDS)
            self.peer.scheduled(exchange.event["LogicalResourceId"])
        if not endpoint.wait_for(exchange, PATIENCE_SECONDS) or exchange.answer is None or exchange.status != "SUCCESS":
            raise RuntimeError(f"{self.peer.name}, {exchange.kind}: {exchange.answer} {exchange.violations}")
        time.sleep(QUIET_SECONDS)
        calls = self.account.wire.calls(self.mark, since)
        return Counter(map(_action, calls)), exchange.answer["PhysicalResourceId"]


def measure(repetitions: int = REPETITIONS) -> Report:
    """Play every peer's streams, all at once, and report."""
    with Account([UPDATE_SECONDS]) as account:
        peers: list[Peer] = [
            Ours(account, environments=repetitions),
            cdk.Cdk(account),
            Crhelper(account),
            Boto3Waiter(account),
            Terraform(account),
        ]
        print(f"  calls: everything runs; {len(peers) * repetitions} streams' lives follow", flush=True)
        marked = [[f"life{number}x{again}x" for again in range(repetitions)] for number, _ in enumerate(peers)]
        account.streams(0, [f"{mark}-{name}" for marks in marked for mark in marks for name in ("plain", "encrypted")])
        with ThreadPoolExecutor(len(peers) * repetitions) as pool:
            plays = {
                peer.name: [pool.submit(Course(account, peer, mark).play) for mark in marks]
                for peer, marks in zip(peers, marked, strict=True)
            }
            lives = {name: [one.result() for one in played] for name, played in plays.items()}
    return _report(lives, repetitions)


def _action(call: Call) -> str:
    return f"{call.action} (refused)" if call.status >= REFUSED else call.action


def _report(lives: Mapping[str, Sequence[Mapping[str, Counter[str]]]], repetitions: int) -> Report:
    totals = {
        (name, action): Spread.of([life[action].total() for life in played if action in life])
        for name, played in lives.items()
        for action in ACTIONS
        if action in played[0]
    }
    rows = [[name, *[_cell(totals.get((name, action))) for action in ACTIONS]] for name in lives]
    kinds = [[name, *[_kinds(played, action) for action in ACTIONS]] for name, played in lives.items()]
    ours = lives[OURS]
    each = sorted({call for life in ours for action in ACTIONS for call in life[action]}, key=_order)
    detail = [
        [f"`{call}`", *[Spread.of([life[action][call] for life in ours]).text(0) for action in ACTIONS]]
        for call in each
    ]
    return Report(
        name="calls",
        title="Calls to AWS",
        method=METHOD.format(seconds=UPDATE_SECONDS, repetitions=repetitions),
        goals=_goals(ours, each),
        tables=[
            Table("All calls of an action: median (min to max)", ["", *ACTIONS], rows),
            Table("The same by kind, medians", ["", *ACTIONS], kinds),
            Table("Ours, one by one: median (min to max)", ["", *ACTIONS], detail),
            Table("What each of ours is for", ["call", "why"], [[f"`{call}`", NEEDED.get(call, "?")] for call in each]),
        ],
        plots={"Calls to AWS by action": _plot(lives)},
        versions={"aws-cdk-lib": cdk.version(), "kinesis-local": kinesis_version()},
        notes=NOTES,
    )


def _goals(ours: Sequence[Mapping[str, Counter[str]]], each: Sequence[str]) -> list[Goal]:
    unexplained = [call for call in each if call not in NEEDED]
    idle = [life[action] for life in ours for action in ACTIONS if "nothing to do" in action]
    changes = sum(calls[name] for calls in idle for name in KINDS["Start, Stop"])
    repeated = max(calls["DescribeKey"] for life in ours for calls in life.values())
    return [
        Goal(
            "No call that is not needed: each has its reason below.",
            not unexplained,
            f"Without one: {', '.join(unexplained) or 'none'}.",
        ),
        Goal(
            "No Start or Stop where nothing changes.",
            not changes,
            f"Seen: {changes} in {len(idle)} such actions.",
        ),
        Goal(
            "A key is looked up once for each of its spellings: twice in an action at the most.",
            repeated <= MOST_SPELLINGS,
            f"Most in one action: {repeated}.",
        ),
    ]


def _cell(total: Spread | None) -> str:
    return total.text(0) if total else "no such action"


def _of_kind(life: Mapping[str, Counter[str]], action: str, kind: str) -> int:
    return sum(count for call, count in life[action].items() if call.split()[0] in KINDS[kind])


def _middles(played: Sequence[Mapping[str, Counter[str]]], action: str) -> Iterator[tuple[str, float]]:
    for kind in KINDS:
        lives = [life for life in played if action in life]
        if lives:
            yield kind, Spread.of([_of_kind(life, action, kind) for life in lives]).middle


def _kinds(played: Sequence[Mapping[str, Counter[str]]], action: str) -> str:
    return ", ".join(f"{kind} {count:g}" for kind, count in _middles(played, action) if count) or "no such action"


def _order(call: str) -> int:
    actions = [action for kind in KINDS.values() for action in kind]
    return actions.index(call) if call in actions else len(actions)


def _plot(lives: Mapping[str, Sequence[Mapping[str, Counter[str]]]]) -> Figure:
    figure = Figure(figsize=(11, 4))
    plots: Any = figure.subplots(1, len(ACTIONS), sharey=True)
    for axes, action in zip(plots, ACTIONS, strict=True):
        names = [name for name, played in lives.items() if action in played[0]]
        bottoms = [0.0] * len(names)
        for kind in KINDS:
            heights = [dict(_middles(lives[name], action))[kind] for name in names]
            axes.bar(names, heights, bottom=bottoms, label=kind)
            bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
        axes.set_title(action, fontsize=9)
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
        axes.grid(visible=True, axis="y", alpha=0.3)
    plots[0].set_ylabel("calls to AWS, median")
    figure.legend(
        *plots[0].get_legend_handles_labels(), loc="upper center", ncols=len(KINDS), fontsize=8, frameon=False
    )
    figure.subplots_adjust(top=0.82)
    return figure


REFUSED = 400
MOST_SPELLINGS = 2
METHOD = """\
A reverse proxy between everybody and AWS counts the calls. Each peer lives the whole life of a stream {repetitions}
times, with updates of {seconds:g} s: Create on a plain stream, Update to another key, an Update of a property that
changes nothing, Delete (back to plain); and a Create on a stream that has the key already.

- **This provider**: its function in AWS's runtime, deployed by template.yaml, with all properties by default
  (SettleSeconds 5).
- **CDK provider framework**, **crhelper** and **boto3 stream_exists** run the same function of an author who takes
  care: it looks first (DescribeStreamSummary), and starts or stops only what is not as wanted, by comparing KeyIds as
  they are spelled. crhelper's schedule comes round as soon as the stream is ACTIVE: in truth it may look in vain
  before, once a minute.
- **Terraform (model)**: the calls of its Go code in their order, its refresh among them. It has no Create for a stream
  that somebody else owns.

Not counted: the PUT of the answer (one each), logs, and what AWS invokes by itself (CloudFormation, EventBridge and
Step Functions invoke functions without a call of the account's)."""
NOTES = """\
**Where our looks come from.** A look is DescribeStreamSummary, and ListTagsForStream where something can be decided. A
Create looks before it does anything; after it has put its record, at the tags (AddTagsToStream knows no condition:
of two that write at once, only the one whose record stands may go on); while the stream is UPDATING, without the tags;
when it finds it ACTIVE; and when the settling time is over, since a later request may have come meanwhile. A careful
function that records nothing makes the first look, the polls, and no others: it can't undo what it did, nor tell whose
the stream is.

**What a Delete adds.** Here it comes within an hour of its Create. Then it marks the stream first, so that a request
which is still at work somewhere is called off, and has the mark removed later (AddTagsToStream, a look,
StartExecution). A Delete that comes later does neither, as a rule.

**What could be spared.** The ListTagsForStream of the look that finds the stream ACTIVE, where settling follows: the
one after the settling decides. It is kept, as it ends a request that was called off before the settling rather than
after it; it counts against the stream's own limit of 5 a second, not against the account's."""
