"""Collects the promises that a world breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Findings:
    """The broken promises of one world, and how many checks were made."""

    def __init__(self, trace: Callable[[str], None]) -> None:
        """Start with nothing broken.

        Args:
            trace: Notes an event in the world's trace.
        """
        self.broken: list[str] = []
        self.checks = 0
        self._trace = trace

    def check(self, kept: object, what: str, sentence: str) -> None:
        """Count a check, and note what was broken if it failed.

        Args:
            kept: Whether it was kept.
            what: The promise of the contract ("promise 3") or the rule of the record ("rule 1").
            sentence: What happened.
        """
        self.checks += 1
        if not kept:
            self._trace(f"!!! {what}: {sentence}")
            self.broken.append(f"{what}: {sentence}")
