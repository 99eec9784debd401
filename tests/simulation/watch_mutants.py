"""Planted bugs in the watch. The witness of each is a story of watch_stories.py, or a seed with the watch."""

from tests.simulation.mutant import Mutant

WATCH = (
    Mutant(
        "a mend goes on after a Delete",
        "reconcile/mend.py",
        " claim.releasing is None and",
        "",
        "a Delete during a mend",
    ),
    Mutant(
        "a mend goes on against a newer request",
        "reconcile/mend.py",
        " claim.is_settled and",
        "",
        "an Update that dies during a mend",
    ),
    Mutant(
        "a request's own UPDATING is taken for drift",
        "watch/findings.py",
        "    if _is_at_work(record, claim, look.now):\n        return None\n",
        "    if stream:\n"
        "        from dataclasses import replace\n"
        "        stream = replace(stream, status=StreamStatus.ACTIVE)\n",
        "a round during an Update",
    ),
    Mutant(
        "a request that has not called Start yet is taken for drift",
        "watch/findings.py",
        "    return not claim.is_settled and now - claim.latest.issued_at < REQUEST_SECONDS",
        "    return False",
        "an Update whose Start is throttled",
    ),
    Mutant(
        "mends have no limit",
        "record/changes.py",
        "MOST_MENDS = 3\n",
        "MOST_MENDS = 99\n",
        "a war with a tool",
    ),
    Mutant(
        "a mend whose announcement was lost does not count when it is announced again",
        "reconcile/mend.py",
        "    return bool(is_announced) and began_at(situation.state) in mends",
        "    return bool(is_announced)",
        504,
    ),
    Mutant(
        "a finding is told at every round",
        "watch/news.py",
        "if not any(_is_same(told, one) for told in stays)",
        "if one",
        "drift that is only told",
    ),
)
