"""What a user would otherwise pick, each run or modelled beside the provider on the same Kinesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from benchmarks.account import Event


OURS = "this provider"
"""What tables and plots call it."""


class Peer(Protocol):
    """Somebody who handles CloudFormation's requests."""

    name: str

    def handle(self, event: Event) -> None:
        """Take a request; it is answered when this returns, or later."""
