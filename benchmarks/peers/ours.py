"""The provider's own function, as its template deploys it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks.peers import OURS

if TYPE_CHECKING:
    from benchmarks.account import Account, Event


class Ours:
    """Invoked as Lambda is."""

    name = OURS

    def __init__(self, account: Account, environments: int) -> None:
        """Have so many execution environments warm: a cold start lies before the Start, and only takes others' time."""
        self._runtime = account.aws.runtime
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: self._warm(), range(environments)))

    def _warm(self) -> None:
        self._runtime.warm()
        self._runtime.invoke({})  # It says that this is no request.

    def handle(self, event: Event) -> None:
        """Invoke the function; a wait that gets long is carried on by the state machine."""
        self._runtime.invoke(event)
