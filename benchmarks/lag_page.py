"""The page of the lag: goals, tables and the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import charts
from benchmarks.outcomes import FIXED_SECONDS, SHARE, SHORTEST_LIMIT_SECONDS, Outcome
from benchmarks.peers import OURS, cdk
from benchmarks.report import Goal, Report, Table
from benchmarks.spread import Spread
from benchmarks.wire import LATE_SECONDS
from local.engines import kinesis_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from benchmarks.outcomes import Section

    Lags = Mapping[tuple[str, float], Spread]

EARLIER = {0.5: 0.17, 2.0: 0.28, 5.0: 0.55, 15.0: 0.65, 60.0: 1.10}
"""The median lags (s) that this page had on 25 November 2026, when the record was still kept in the stream's tags."""
NOISE = 1.2
"""A median of 18 to 32 random waits differs by up to this factor from one run to the next."""
OF_LENGTH = "The median lag is at most 10 % of the time that the stream is UPDATING, plus 0.15 s."
OF_PEERS = "The median lag is less than every peer's."
OF_EARLIER = (
    f"The median lag is at most {NOISE} times that of an earlier version, which kept its record in the stream's tags."
)
MOST_LATE = 0.1
"""The largest share of the provider's requests that may be void before its goals count as not measured."""


def report(outcomes: Sequence[Outcome], lengths: Sequence[float], sections: Sequence[Section]) -> Report:
    """Report the outcomes.

    Args:
        outcomes: Of all peers.
        lengths: The nominal lengths, in seconds.
        sections: How each length was measured; the outcomes of models are in none.
    """
    names = list(dict.fromkeys(one.peer for one in outcomes))
    good = [one for one in outcomes if one.counts]
    lags = {
        (name, length): Spread.of(found)
        for name in names
        for length in lengths
        if (found := [one.lag or 0.0 for one in good if (one.peer, one.nominal) == (name, length)])
    }
    return Report(
        name="lag",
        title="Lag: from ACTIVE to the response",
        method=_method(),
        goals=_goals(outcomes, lags, sections, lengths),
        tables=[_lag_table(lags, names, lengths), *_machine(sections), *_void(outcomes)],
        charts={
            "How long after ACTIVE each one responds, by how long the stream is UPDATING": _chart(lags, names, lengths)
        },
        versions={"aws-cdk-lib": cdk.version(), "kinesis-local": kinesis_version()},
    )


def _goals(
    outcomes: Sequence[Outcome], lags: Lags, sections: Sequence[Section], lengths: Sequence[float]
) -> list[Goal]:
    ours = [one for one in outcomes if one.peer == OURS]
    failed = [one for one in ours if one.fault and not one.late]
    answered = Goal("Every request is answered with SUCCESS.", not failed, f"{len(failed)} of {len(ours)} were not.")
    unmeasured = _unmeasured(ours, sections, lengths)
    if unmeasured:
        return [answered, *(Goal(text, None, unmeasured) for text in (OF_LENGTH, OF_PEERS, OF_EARLIER))]
    return [answered, _of_length(ours, lengths), _of_peers(lags, lengths), _of_earlier(lags, lengths)]


def _of_length(ours: Sequence[Outcome], lengths: Sequence[float]) -> Goal:
    share = {
        length: Spread.of([one.share for one in ours if one.nominal == length and one.counts]).middle
        for length in lengths
    }
    at = max(lengths, key=lambda length: share[length])
    return Goal(OF_LENGTH, share[at] <= SHARE, f"The largest is {100 * share[at]:.1f} % plus 0.15 s, at {at:g} s.")


def _of_peers(lags: Lags, lengths: Sequence[float]) -> Goal:
    best = {
        length: min((lag.middle, name) for (name, of), lag in lags.items() if of == length and name != OURS)
        for length in lengths
    }
    at = max(lengths, key=lambda length: lags[OURS, length].middle / best[length][0])
    less = lags[OURS, at].middle < best[at][0]
    return Goal(
        OF_PEERS,
        less,
        f"The closest is {best[at][1]} at {at:g} s: {lags[OURS, at].middle:.2f} s against {best[at][0]:.2f} s.",
    )


def _of_earlier(lags: Lags, lengths: Sequence[float]) -> Goal:
    times = {length: lags[OURS, length].middle / EARLIER[length] for length in lengths}
    at = max(lengths, key=lambda length: times[length])
    seen = f"{lags[OURS, at].middle:.2f} s against {EARLIER[at]:.2f} s"
    return Goal(OF_EARLIER, times[at] <= NOISE, f"The largest factor is {times[at]:.2f}, at {at:g} s: {seen}.")


def _unmeasured(ours: Sequence[Outcome], sections: Sequence[Section], lengths: Sequence[float]) -> str:
    """Say why the provider's lag could not be measured here; empty if it could."""
    for section in sections:
        if section.late:
            return f"at {section.nominal:g} s the emulator's streams were ACTIVE much too late (see below)."
    for length in lengths:
        of_length = [one for one in ours if one.nominal == length]
        void = [one for one in of_length if not one.counts]
        if len(void) > MOST_LATE * len(of_length):
            return f"at {length:g} s {len(void)} of {len(of_length)} requests were void (see below)."
    return ""


def _lag_table(lags: Lags, names: Sequence[str], lengths: Sequence[float]) -> Table:
    def cell(name: str, length: float) -> str:
        return lags[name, length].text() if (name, length) in lags else "not measured"

    rows = [[name, *[cell(name, length) for length in lengths]] for name in names]
    return Table("From ACTIVE to the response, in seconds: median (min\N{EN DASH}max)", _columns(lengths), rows)


def _columns(lengths: Sequence[float]) -> list[str]:
    return ["UPDATING for", *[f"{length:g} s" for length in lengths]]


def _machine(sections: Sequence[Section]) -> list[Table]:
    """How slow this machine is, where it was too slow."""
    if not any(one.late for one in sections):
        return []
    rows = [
        [
            f"{one.nominal:g} s",
            f"{one.rate:.0f}",
            f"{one.spacing:.2f}",
            Spread.of([1000 * drift for drift in one.drifts]).text(0) if one.drifts else "not measured",
        ]
        for one in sections
    ]
    columns = (
        "UPDATING for",
        "calls a second that this machine can handle",
        "seconds between two requests",
        "how much too late the emulator's streams were ACTIVE, in ms: median (min\N{EN DASH}max)",
    )
    return [Table("The machine", columns, rows)]


def _void(outcomes: Sequence[Outcome]) -> list[Table]:
    """The requests that are in no figure, each with the reason."""
    rows = [
        [one.peer, f"{one.length:g} s", f"too late: {one.late}" if one.late else "failed", one.fault]
        for one in outcomes
        if not one.counts
    ]
    return [Table("Requests that are in no figure", ("peer", "length", "why", "fault"), rows)] if rows else []


def _chart(lags: Lags, names: Sequence[str], lengths: Sequence[float]) -> Figure:
    title = "Lag: seconds from ACTIVE to the response (dot: median, line: minimum to maximum)"
    figure, axes = charts.panels(title, len(lengths), (12, 3.6), sharey=True, sharex=True)
    for panel, length in zip(axes, lengths, strict=True):
        for place, name in enumerate(names):
            if (name, length) not in lags:
                panel.text(0.02, place, "not measured", fontsize=7, va="center")
                continue
            spread, colour = lags[name, length], charts.colour(name)
            panel.hlines(place, max(spread.least, SHORTEST_SHOWN), spread.most, color=colour, linewidth=2)
            panel.plot(spread.middle, place, "o", color=colour, markersize=7)
        goal = SHARE * length + FIXED_SECONDS
        panel.axvline(goal, color=charts.GREY, linestyle="--", label="goal for this provider: 10 % + 0.15 s")
        panel.set(
            xscale="log", xlim=(SHORTEST_SHOWN, 100), title=f"UPDATING for {length:g} s", xlabel="lag, s (log scale)"
        )
        panel.set_xticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"], fontsize=8)
        panel.grid(visible=True, which="major", alpha=0.3)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    charts.legend_below(figure, axes[0], 1)
    return figure


def _method() -> str:
    return METHOD.format(least=SHORTEST_LIMIT_SECONDS, most=LATE_SECONDS)


SHORTEST_SHOWN = 0.01
METHOD = """\
All encrypt streams of kinesis-local, an emulator, over HTTP, through a proxy that records each call. The lag is the
time from ACTIVE to the response at the ResponseURL; SettleSeconds is 0. How long a stream is UPDATING varies by up to a
fifth, in the same way for all. Requests are sent so far apart that they need a third of the calls a second that this
machine can handle. If the emulator's streams are ACTIVE much too late, the goals count as not measured. A request is in
no figure if a call took more than 10 % of the time UPDATING (at least {least:g} s, at most {most:g} s).

- **This provider**: its function in AWS's runtime, deployed by template.yaml with default parameters. A longer wait
  continues in MiniStack's Step Functions.
- **CDK provider framework**: its own JavaScript, with its default waiter (a look every 5 s), in MiniStack's Step
  Functions, which begins an execution 0.15 s late.
- **boto3 stream_exists**: botocore's waiter (a look every 10 s).
- **Terraform (model)**: the pauses of its Go code (10, 3, 6, then 10 s each); the second line has 3 s throughout.
- **crhelper (model)**: its code in virtual time, with EventBridge's shortest schedule (one minute) at 60 offsets."""
