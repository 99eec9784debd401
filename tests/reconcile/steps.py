"""What the tests of a step share: one step on an account, and the claim of its Create."""

from typing import Any

from stream_encryption.reconcile.goals import Goal
from stream_encryption.reconcile.progress import Progress
from stream_encryption.reconcile.state import State
from stream_encryption.reconcile.step import NOTHING, Step, take_step
from stream_encryption.record.values import Claim
from tests.reconcile.account import Account
from tests.values import claim, ensure

ENSURE = ensure(settle_seconds=0)


def step(account: Account, before: Step | None = None, goal: Goal = ENSURE, **more: Any) -> Step:
    """Take one step; the first one unless a step before is given."""
    known = before.known if before else NOTHING
    now = before.state if before else State(**{"since": account.clock.now(), **more})
    return take_step(Progress((goal,), now), account.env, known)


def mine(account: Account, **more: Any) -> Claim:
    """The claim that a Create has written, for key one of the account."""
    return claim(wanted=account.key("alias/one"), **more)
