"""The provider's own function, as its template deploys it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks.peers import OURS

if TYPE_CHECKING:
    from benchmarks.account import Account, Event


class Ours:
    """Invoked as Lambda invokes it."""

    name = OURS

    def __init__(self, account: Account) -> None:
        """Have no warm execution environment yet."""
        self._runtime = account.aws.runtime
        self._warmed = 0

    def warm(self, environments: int) -> None:
        """Have at least so many warm execution environments, so that no measured request waits for a cold start."""
        missing = max(0, environments - self._warmed)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: self._warm(), range(missing)))
        self._warmed += missing

    def _warm(self) -> None:
        self._runtime.warm()
        self._runtime.invoke({})  # The function rejects this event.

    def handle(self, event: Event) -> None:
        """Invoke the function; the state machine continues a wait that gets long."""
        self._runtime.invoke(event)
