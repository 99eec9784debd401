"""One page a benchmark: what was measured, the goals and whether they were reached, tables, and a plot as SVG."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Goal:
    """What we set out to reach.

    Attributes:
        text: The goal, as a sentence.
        reached: Whether it was.
        seen: The figure, and where the goal was missed, why.
    """

    text: str
    reached: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a title; each figure in it has its least and most beside it, where it was measured repeatedly."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """The table, as Markdown."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join([f"**{self.title}**", "", *(f"| {' | '.join(cells)} |" for cells in lines)])


@dataclass(frozen=True, slots=True)
class Report:
    """What one benchmark found.

    Attributes:
        name: The page's and the plots' file name.
        title: The page's heading.
        method: How it was measured: Markdown, a paragraph or a list.
        goals: What was to be reached.
        tables: The figures.
        plots: Pictures of them, each by its title.
        versions: Whatever else took part, as name and version.
        notes: What a reader has to know beside the figures: Markdown.
    """

    name: str
    title: str
    method: str
    goals: Sequence[Goal]
    tables: Sequence[Table]
    plots: Mapping[str, Figure]
    versions: Mapping[str, str]
    notes: str = ""

    def page(self) -> str:
        """The page, as Markdown."""
        parts = [f"# {self.title}", f"Written by `make bench ONLY={self.name}`, {self._machine()}.", self.method]
        parts.append("\n".join(f"- {'✅' if one.reached else '❌'} {one.text} {one.seen}" for one in self.goals))
        parts += [f"![{title}]({file})" for title, file in zip(self.plots, self._files(), strict=True)]
        parts += [table.markdown() for table in self.tables]
        return "\n\n".join([part for part in [*parts, self.notes] if part]) + "\n"

    def save(self, folder: Path = FOLDER) -> Path:
        """Write the page and its plots; answers where the page is."""
        folder.mkdir(parents=True, exist_ok=True)
        mpl.rcParams["svg.hashsalt"] = self.name  # The same figures give the same file.
        for figure, file in zip(self.plots.values(), self._files(), strict=True):
            figure.savefig(folder / file, metadata={"Date": None}, bbox_inches="tight")
        path = folder / f"{self.name}.md"
        path.write_text(self.page(), encoding="utf-8")
        return path

    def _files(self) -> list[str]:
        return [f"{self.name}-{number}.svg" for number, _ in enumerate(self.plots, 1)]

    def _machine(self) -> str:
        versions = {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}, **self.versions}
        told = ", ".join(f"{name} {of}" for name, of in versions.items())
        return f"on {datetime.now(UTC):%d %B %Y}, on {machine()}, with {told}"


def machine() -> str:
    """The machine in a few words: processors, their model, memory."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    kilobytes = int(Path("/proc/meminfo").read_text(encoding="utf-8").split()[1])
    return f"{len(models)} processors ({models[0] if models else platform.machine()}), {kilobytes / 1024**2:.0f} GiB"
