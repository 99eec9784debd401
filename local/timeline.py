"""Shows what happens while it happens, in the order of time, so that a person enjoys reading it."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from local.cloudformation import STACK
from local.embedded_aws import PROVIDER_STACK, Listeners

if TYPE_CHECKING:
    from local.cloudformation import StackEvent
    from local.executions import Execution, Passage
    from local.kinesis_tap import KinesisCall
    from local.response_endpoint import Exchange
    from local.streams import Encryption, Sight

# Stack events are polled for, so they arrive late: a line is held back until nothing older can come.
HOLD_BACK_SECONDS = 0.35
TICK_SECONDS = 0.05
RULER = 100
RECORDED_WIDTH = 124
LONGEST_REASON = 100
STYLES = {
    "stack": "bold blue",
    "event": "magenta",
    "kinesis": "cyan",
    "stream": "yellow",
    "answer": "magenta",
    "states": "bold cyan",
}


@dataclass(order=True)
class _Line:
    at: float
    number: int
    source: str = field(compare=False)
    text: Text = field(compare=False)
    look: str = field(default="", compare=False)


class Timeline:
    """Lines from many threads, printed by one."""

    def __init__(self, *, record: bool = False) -> None:
        """Print to standard output, without colours where that is no terminal; or record it, with colours."""
        self._console = (
            Console(highlight=False, soft_wrap=True, record=True, width=RECORDED_WIDTH, color_system="truecolor")
            if record
            else Console(highlight=False, soft_wrap=True)
        )
        self._recording = record
        self._lock = threading.RLock()
        self._waiting: list[_Line] = []
        self._looks: list[_Line] = []
        self._numbered = 0
        self._zero = time.time()
        self._seen: dict[str, Encryption] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.passed = 0
        self.failed: list[str] = []

    @property
    def listeners(self) -> Listeners:
        """What the embedded AWS should tell."""
        return Listeners(self._stack_event, self._exchange, self._kinesis_call, self._sight)

    def close(self) -> None:
        """Print what is left."""
        self._end.set()
        self._thread.join()
        self._print(until=float("inf"))

    def on_air(self, *, recorded: bool) -> None:
        """Whether what is printed from here on belongs into the recording."""
        self._settle()
        self._console.record = self._recording and recorded

    def recording(self, title: str) -> str:
        """What was recorded, as an SVG picture that loads no font from elsewhere."""
        svg = self._console.export_svg(title=title, unique_id="demo")
        svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
        return svg.replace("Fira Code, monospace", "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace")

    def scene(self, title: str, *story: str) -> None:
        """Begin a scene: its time starts at zero."""
        self._settle()
        self._console.print()
        self._console.print(Text.assemble((f"{title} ", "bold"), ("─" * (RULER - len(title)), "dim")))
        for sentence in story:
            self._console.print(Text(sentence, "italic"))
        self._zero = time.time()

    def say(self, text: str, style: str = "dim") -> None:
        """Print a remark."""
        self._settle()
        self._console.print(Text(f"  {text}", style))

    def check(self, said: str, *, holds: bool, seen: object = "") -> None:
        """Print whether something holds; what was seen instead, if it doesn't."""
        self._settle()
        if holds:
            self.passed += 1
            self._console.print(Text.assemble(("  ✔ ", "bold green"), said))
        else:
            self.failed.append(said)
            self._console.print(Text.assemble(("  ✘ ", "bold red"), (said, "red"), f"  - seen: {seen}"))

    def summary(self, text: str) -> None:
        """Print how everything went."""
        self._settle()
        good = not self.failed
        self._console.print()
        self._console.print(Text(text, "bold green" if good else "bold red"))
        for said in self.failed:
            self._console.print(Text(f"  ✘ {said}", "red"))

    def passage(self, execution: Execution, one: Passage) -> None:
        """Tell what an execution of the state machine came to."""
        self._add(one.at, "states", line((execution.name, "dim"), (one.state, "bold"), (one.error, "red")))

    def _stack_event(self, event: StackEvent) -> None:
        whole = event.resource_type == STACK
        if event.stack == PROVIDER_STACK and not whole:  # some thirty resources; none of them is the demo's subject
            return
        style = "red" if "FAILED" in event.status or "ROLLBACK" in event.status else "green"
        status = (event.status, style if not event.status.endswith("IN_PROGRESS") else "")
        name = (event.stack, "bold") if whole else (f"{event.stack} / {event.logical_id}", "")
        reason = "" if event.reason == "User Initiated" else shortened(event.reason)
        self._add(event.at, "stack", line(name, status, (reason, "dim")))

    def _exchange(self, exchange: Exchange) -> None:
        what = f"{exchange.kind} of {exchange.event['LogicalResourceId']}"
        if exchange.open:
            old = exchange.event.get("PhysicalResourceId", "")
            self._add(exchange.sent, "event", line((what, "bold"), (old, "dim")))
        elif exchange.violations:
            text = Text.assemble((f"REFUSED, {what}: ", "bold red"), "; ".join(exchange.violations))
            self._add(time.time(), "answer", text)
        else:
            style = "bold green" if exchange.status == "SUCCESS" else "bold red"
            text = line((f"{exchange.status}", style), (what, ""), (exchange.reason, "dim"))
            self._add(exchange.answered, "answer", text)

    def _kinesis_call(self, one: KinesisCall) -> None:
        if not one.changes and not one.error:
            self._add(one.at, "kinesis", Text(), look=f"{one.action} {one.stream}")
            return
        name, key = f"{one.action} {one.stream}", one.request.get("KeyId", "")
        self._add(one.at, "kinesis", line((name, "bold"), (key, "dim"), (one.error, "red")))

    def _sight(self, sight: Sight) -> None:
        now = sight.encryption
        state = ("encrypted with " + now.key, "green") if now.type == "KMS" else ("not encrypted", "")
        status = (now.status, "bold yellow" if now.status != "ACTIVE" else "bold green")
        self._add(sight.at, "stream", line((sight.stream, "bold"), status, state))

    def _add(self, at: float, source: str, text: Text, look: str = "") -> None:
        with self._lock:
            self._numbered += 1
            self._waiting.append(_Line(at, self._numbered, source, text, look))

    def _run(self) -> None:
        while not self._end.wait(TICK_SECONDS):
            self._print(until=time.time() - HOLD_BACK_SECONDS)

    def _settle(self) -> None:
        time.sleep(2 * TICK_SECONDS)
        self._print(until=float("inf"))

    def _print(self, until: float) -> None:
        with self._lock:
            due = sorted(entry for entry in self._waiting if entry.at <= until)
            self._waiting = [entry for entry in self._waiting if entry.at > until]
            for entry in due:
                if entry.look:
                    self._looks.append(entry)
                else:
                    self._print_looks()
                    self._print_line(entry.at, entry.source, entry.text)
            if until == float("inf"):
                self._print_looks()

    def _print_looks(self) -> None:
        """Calls that only look are many and alike: a run of them becomes one line."""
        if not self._looks:
            return
        counts: dict[str, int] = {}
        for entry in self._looks:
            counts[entry.look] = counts.get(entry.look, 0) + 1
        text = ", ".join(look if count == 1 else f"{look} x{count}" for look, count in counts.items())
        self._print_line(self._looks[0].at, "kinesis", Text(text, "dim"))
        self._looks.clear()

    def _print_line(self, at: float, source: str, text: Text) -> None:
        clock = f"{max(0.0, at - self._zero):7.2f} s  "
        self._console.print(Text.assemble((clock, "dim"), (f"{source:<8}", STYLES[source]), " ", text))


def line(*parts: tuple[str, str]) -> Text:
    """Pieces of text with their styles, two blanks between those that are not empty."""
    return Text("  ").join(Text(text, style) for text, style in parts if text)


def shortened(reason: str) -> str:
    """A reason that stands in full in the function's answer."""
    return reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}…"
