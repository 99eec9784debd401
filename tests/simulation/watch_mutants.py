"""Planted bugs in the watch. The witness of each is a seed of a world with the watch at work."""

from tests.simulation.mutant import Mutant

WATCH = (
    Mutant(
        "a mend goes on after a Delete",
        "reconcile/mend.py",
        "        and claim.releasing is None\n",
        "",
        1,
    ),
    Mutant(
        "a mend goes on against a newer request",
        "reconcile/mend.py",
        "claim.latest.arrival(goal.stamp) is Arrival.CURRENT",
        "Arrival.CURRENT",
        1,
    ),
    Mutant(
        "mends have no limit",
        "record/changes.py",
        "MOST_MENDS = 3\n",
        "MOST_MENDS = 99\n",
        1,
    ),
    Mutant(
        "a finding is told at every round",
        "watch/news.py",
        "if not any(_is_same(told, one) for told in stays)",
        "if one",
        1,
    ),
    Mutant(
        "a request's own UPDATING is taken for drift",
        "watch/findings.py",
        "    if _is_at_work(record, claim, look.now):\n",
        "    if look.now < 0:\n",
        1,
    ),
)
