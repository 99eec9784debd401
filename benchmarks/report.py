"""The page of one benchmark: how it was measured, the goals, tables and charts."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "benchmarks"
PACKAGES = ("boto3", "aws-lambda-powertools", "crhelper")
MARKS = {True: "✅", False: "❌", None: "❔"}


class CannotMeasureError(RuntimeError):
    """This machine lacks what a benchmark needs."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and whether it was reached.

    Attributes:
        text: The goal, as a sentence.
        reached: Whether it was reached; None if this machine could not measure that.
        seen: The measured figure, and the reason where the goal was missed or not measured.
    """

    text: str
    reached: bool | None
    seen: str

    def line(self) -> str:
        """The goal as one line of Markdown."""
        return f"- {MARKS[self.reached]} {self.text} {'Not measured: ' if self.reached is None else ''}{self.seen}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a title. A figure that was measured repeatedly has its minimum and maximum beside it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """The table as Markdown."""
        head, *rows = (f"| {' | '.join(cells)} |" for cells in (self.columns, *self.rows))
        return "\n".join([f"**{self.title}**", "", head, f"|{'---|' * len(self.columns)}", *rows])


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one benchmark.

    Attributes:
        name: The file name of the page and of its charts.
        title: The page's heading.
        method: How it was measured, in Markdown.
        goals: The goals.
        tables: The figures.
        charts: Charts of them, each by a title for readers who can't see it.
        versions: Names and versions of further software that took part.
        notes: What a reader has to know beside the figures, in Markdown.
    """

    name: str
    title: str
    method: str
    goals: Sequence[Goal]
    tables: Sequence[Table]
    charts: Mapping[str, Figure]
    versions: Mapping[str, str]
    notes: str = ""

    def page(self) -> str:
        """The page as Markdown: goals and charts first, then tables and notes, and how it was measured at the end."""
        parts = [f"# {self.title}", "\n".join(goal.line() for goal in self.goals)]
        parts += [f"![{title}]({file})" for title, file in zip(self.charts, self._files(), strict=True)]
        parts += [table.markdown() for table in self.tables]
        parts += [
            self.notes,
            "## How it was measured",
            f"By `make bench ONLY={self.name}`, {self._where()}.",
            self.method,
        ]
        return "\n\n".join([part for part in parts if part]) + "\n"

    def summary(self) -> str:
        """The goals, as lines for a terminal."""
        return "\n".join(goal.line() for goal in self.goals)

    def save(self, folder: Path = FOLDER) -> Path:
        """Write the page and its charts; return the page's path."""
        folder.mkdir(parents=True, exist_ok=True)
        mpl.rcParams["svg.hashsalt"] = self.name  # The same figures give the same file.
        for figure, file in zip(self.charts.values(), self._files(), strict=True):
            figure.savefig(folder / file, metadata={"Date": None}, bbox_inches="tight")
        path = folder / f"{self.name}.md"
        path.write_text(self.page(), encoding="utf-8")
        return path

    def _files(self) -> list[str]:
        return [f"{self.name}-{number}.svg" for number, _ in enumerate(self.charts, 1)]

    def _where(self) -> str:
        versions = {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}, **self.versions}
        listed = ", ".join(f"{name} {of}" for name, of in versions.items())
        return f"on {datetime.now(UTC):%d %B %Y}, on {machine()}, with {listed}"


def machine() -> str:
    """Describe the machine in a few words: processors, their model, memory, and how busy it was."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    kilobytes = int(Path("/proc/meminfo").read_text(encoding="utf-8").split()[1])
    model = models[0] if models else platform.machine()
    memory, load = f"{kilobytes / 1024**2:.0f} GiB", f"a load of {os.getloadavg()[2]:.1f} in the last 15 minutes"
    return f"{len(models)} processors ({model}), {memory}, {load}"
