"""What the charts of all benchmarks share: one colour for each peer, a title, and a legend that covers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from benchmarks.peers import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLOURS: Mapping[str, str] = {
    OURS: "#0b5c8f",
    "CDK": "#e07b00",
    "crhelper": "#3a8f3a",
    "boto3": "#b03a48",
    "a Lambda": "#b03a48",
    "Terraform": "#7d5ba6",
}
"""By the beginning of a peer's name."""
GREY = "#6b7780"


def colour(peer: str) -> str:
    """The colour of a peer, in every chart."""
    return next((found for name, found in COLOURS.items() if peer.startswith(name)), GREY)


def panels(title: str, columns: int, size: tuple[float, float], **shared: Any) -> tuple[Figure, Sequence[Any]]:  # noqa: ANN401 (matplotlib's)
    """Make a figure with a title and a row of panels.

    Args:
        title: What the figure shows.
        columns: How many panels.
        size: Width and height in inches.
        shared: Which axes the panels share: `sharex`, `sharey`.

    Returns:
        The figure and its panels, from left to right.
    """
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=12, fontweight="bold")
    axes: Any = figure.subplots(1, columns, squeeze=False, **shared)
    return figure, axes[0]


def legend_below(figure: Figure, axes: Any, columns: int) -> None:  # noqa: ANN401 (matplotlib's)
    """Put the legend of a panel's contents below the whole figure, where it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=9, frameon=False)
