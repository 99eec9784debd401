"""What the tests of an iteration share: one iteration on an account, and the claim of its Create."""

from typing import Any

from stream_encryption.reconcile.goals import Goal
from stream_encryption.reconcile.iteration import NOTHING, Iteration, iterate
from stream_encryption.reconcile.progress import Progress
from stream_encryption.reconcile.state import State
from stream_encryption.record.values import Claim
from tests.reconcile.account import Account
from tests.values import claim, ensure

ENSURE = ensure(settle_seconds=0)


def iteration(account: Account, before: Iteration | None = None, goal: Goal = ENSURE, **more: Any) -> Iteration:
    """Take one iteration; the first one unless an iteration before is given."""
    known = before.known if before else NOTHING
    now = before.state if before else State(**{"since": account.clock.now(), **more})
    return iterate(Progress((goal,), now), account.env, known)


def mine(account: Account, **more: Any) -> Claim:
    """The claim that a Create has written, for key one of the account."""
    return claim(wanted=account.key("alias/one"), **more)
