"""The page of the calls to AWS: goals, tables and the chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import charts
from benchmarks.peers import OURS, cdk
from benchmarks.report import Goal, Report, Table
from benchmarks.spread import Spread
from benchmarks.wire import LATE_SECONDS
from local.engines import kinesis_version

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

ACTIONS = ("Create", "Create, nothing to do", "Update of the key", "Update, nothing to do", "Delete")
MOST = {"Create": 10, "Create, nothing to do": 6, "Update, nothing to do": 6, "Delete": 11}
"""The goals: how many calls an action may make."""
FEWEST_LIVES = 3
"""With fewer valid lives than this, the provider's goals count as not measured."""
KINDS: Mapping[str, Sequence[str]] = {
    "look at the stream": ("DescribeStreamSummary", "DescribeStream"),
    "read the record": ("GetItem",),
    "write the record": ("PutItem",),
    "Start or Stop": ("StartStreamEncryption", "StopStreamEncryption"),
    "look up the key (KMS)": ("DescribeKey",),
    "Step Functions": ("StartExecution",),
    "EventBridge": ("PutRule", "PutTargets", "RemoveTargets", "DeleteRule"),
    "Lambda": ("Invoke", "AddPermission", "RemovePermission"),
    "read tags": ("ListTagsForStream",),
}
COLOURS = ("#0b5c8f", "#6db1d8", "#1f9e89", "#b03a48", "#7d5ba6", "#e07b00", "#f2b950", "#8c6d4f", "#9aa5ad")
NEEDED: Mapping[str, str] = {
    "DescribeStreamSummary": "status and key: first, while the stream is UPDATING, and before SUCCESS",
    "DescribeStream": "the same, if the first is throttled",
    "GetItem": "read the record",
    "PutItem": "write the intent, and end it",
    "StartStreamEncryption": "the change",
    "StopStreamEncryption": "the change",
    "DescribeKey": "check and compare the key",
}


@dataclass(frozen=True, slots=True)
class Life:
    """The calls of one stream's life with one peer.

    Attributes:
        peer: Who handled its requests.
        actions: The calls by action, as far as the life came.
        fault: What went wrong; empty if nothing did.
        late: Which call was so slow that this machine disturbed the life; empty if none was.
    """

    peer: str
    actions: Mapping[str, Counter[str]]
    fault: str = ""
    late: str = ""

    @property
    def counts(self) -> bool:
        """Whether its calls are a measurement of the peer."""
        return not self.fault and not self.late


def report(lives: Sequence[Life], update_seconds: float, repetitions: int) -> Report:
    """Report the lives of all peers."""
    names = list(dict.fromkeys(one.peer for one in lives))
    good = {name: [one.actions for one in lives if one.peer == name and one.counts] for name in names}
    ours = good[OURS]
    each = sorted({call for life in ours for action in ACTIONS for call in life[action]}, key=_order)
    return Report(
        name="calls",
        title="Calls to AWS",
        method=METHOD.format(seconds=update_seconds, repetitions=repetitions, late=LATE_SECONDS),
        goals=_goals(lives, ours, each),
        tables=[
            Table("Calls of the provider: median (min\N{EN DASH}max)", ["", *ACTIONS, "why"], _detail(ours, each)),
            *_void(lives),
        ],
        charts={"Calls to AWS by action and kind, for this provider and its peers": _chart(good)},
        versions={"aws-cdk-lib": cdk.version(), "kinesis-local": kinesis_version()},
    )


def _goals(lives: Sequence[Life], ours: Sequence[Mapping[str, Counter[str]]], each: Sequence[str]) -> list[Goal]:
    all_ours = [one for one in lives if one.peer == OURS]
    failed = [one for one in all_ours if one.fault and not one.late]
    answered = Goal(
        "Every request is answered with SUCCESS.", not failed, f"{len(failed)} of {len(all_ours)} lives failed."
    )
    texts = [f"{action}: at most {most} calls." for action, most in MOST.items()]
    texts += ["No call is made without a reason: each is named below.", "No Start and no Stop where nothing changes."]
    if len(ours) < min(FEWEST_LIVES, len(all_ours)):
        why = f"only {len(ours)} of {len(all_ours)} lives are valid (see below)."
        return [answered, *(Goal(text, None, why) for text in texts)]
    seen = {action: Spread.of([life[action].total() for life in ours]) for action in MOST}
    reached: list[tuple[bool, str]] = [
        (seen[name].most <= most, f"Seen: {seen[name].text(0)}.") for name, most in MOST.items()
    ]
    unexplained = [call for call in each if call not in NEEDED]
    reached.append((not unexplained, f"Without a reason: {', '.join(unexplained) or 'none'}."))
    idle = [life[action] for life in ours for action in ACTIONS if "nothing to do" in action]
    changes = sum(calls[name] for calls in idle for name in KINDS["Start or Stop"])
    reached.append((not changes, f"Seen: {changes} in {len(idle)} such actions."))
    return [answered, *(Goal(text, *one) for text, one in zip(texts, reached, strict=True))]


def _detail(ours: Sequence[Mapping[str, Counter[str]]], each: Sequence[str]) -> list[list[str]]:
    return [
        [
            f"`{call}`",
            *[Spread.of([life[action][call] for life in ours]).text(0) for action in ACTIONS],
            NEEDED.get(call, "?"),
        ]
        for call in each
    ]


def _void(lives: Sequence[Life]) -> list[Table]:
    """The lives that are in no figure, each with the reason."""
    rows = [[one.peer, f"too late: {one.late}" if one.late else "failed", one.fault] for one in lives if not one.counts]
    return [Table("Lives that are in no figure", ("peer", "why", "fault"), rows)] if rows else []


def _order(call: str) -> int:
    actions = [action for kind in KINDS.values() for action in kind]
    return actions.index(call) if call in actions else len(actions)


def _middle(played: Sequence[Mapping[str, Counter[str]]], action: str, kind: str) -> float:
    return Spread.of(
        [
            sum(count for call, count in life[action].items() if call.split()[0] in KINDS[kind])
            for life in played
            if action in life
        ]
    ).middle


def _chart(good: Mapping[str, Sequence[Mapping[str, Counter[str]]]]) -> Figure:
    figure, axes = charts.panels("Calls to AWS by action (medians)", len(ACTIONS), (13, 3.8), sharey=True, sharex=True)
    for panel, action in zip(axes, ACTIONS, strict=True):
        for place, played in enumerate(good.values()):
            if not any(action in life for life in played):
                panel.text(0.3, place, "no such action" if played else "not measured", fontsize=8, va="center")
                continue
            left = 0.0
            for kind, colour in zip(KINDS, COLOURS, strict=True):
                width = _middle(played, action, kind)
                panel.barh(place, width, left=left, color=colour, label=kind if place == 0 else None)
                left += width
            panel.text(left + 0.2, place, f"{left:g}", fontsize=9, va="center")
        panel.set_title(action, fontsize=10)
        panel.set_xlabel("calls")
        panel.set(xlim=(0, 12), xticks=range(0, 13, 2))
        panel.grid(visible=True, axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(good)), list(good))
    axes[0].invert_yaxis()
    charts.legend_below(figure, axes[0], 5)
    return figure


METHOD = """\
A reverse proxy counts the calls. Each peer handles a stream {repetitions} times: Create, Update to another key, an
Update that changes nothing, Delete; and a Create on a stream that has the key already. Updates take {seconds:g} s.
Lives in which a call took more than {late:g} s are in no figure.

- **This provider**: its function in AWS's runtime, deployed by template.yaml, with default properties.
- **CDK provider framework**, **crhelper** and **boto3 stream_exists** run one function, which looks first, and starts
  or stops only what differs. It keeps no record: it can't undo what it did. crhelper's schedule comes round when the
  stream is ACTIVE, its best case.
- **Terraform (model)**: the calls of its Go code. It has no Create for somebody else's stream.

Not counted: the response, logs, and invocations by AWS."""
