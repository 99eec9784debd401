"""Planted bugs in the watch. The witness of each is a story of watch_stories.py."""

from tests.simulation.mutant import Mutant

WATCH = (
    Mutant(
        "a mend goes on after a Delete",
        "reconcile/mend.py",
        "        and claim.releasing is None\n",
        "",
        "a Delete during a mend",
    ),
    Mutant(
        "mends have no limit",
        "record/changes.py",
        "MOST_MENDS = 3\n",
        "MOST_MENDS = 99\n",
        "a war with a tool",
    ),
    Mutant(
        "a finding is told at every round",
        "watch/news.py",
        "if not any(_is_same(told, one) for told in stays)",
        "if one",
        "drift that is only told",
    ),
)
