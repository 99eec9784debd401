"""Planted bugs in the record, and in what it is read for: who may change a stream, and what is restored."""

from tests.simulation.mutant import Mutant

RECORD = (
    Mutant(
        "a write has no condition",
        "record/table.py",
        ", **_unchanged_since(record))",
        ")",
        "two stacks create at once",
    ),
    Mutant(
        "a Start is called without an intent",
        "reconcile/situation.py",
        "    if may_call(situation, planned):",
        "    if situation.now:",
        "create and delete",
    ),
    Mutant(
        "an old intent is called upon",
        "reconcile/situation.py",
        "situation.now - call.written_at <= BEGIN_SECONDS",
        "situation.now >= call.written_at",
        ("roll a creation back", 22, "freeze"),
    ),
    Mutant(
        "the intent of another request is not waited out",
        "reconcile/situation.py",
        "    return 0.0 if is_over else intent.until\n",
        "    return 0.0\n",
        ("roll a creation back", 5, "late"),
    ),
    Mutant(
        "an intent of seconds ago is taken for one that is over",
        "record/changes.py",
        "INTENT_SECONDS = BEGIN_SECONDS + CALL_SECONDS + STALE_SECONDS + SKEW_SECONDS",
        "INTENT_SECONDS = 1.0",
        ("roll a creation back", 5, "late"),
    ),
    Mutant(
        "a claim does not fence its owner's older requests off",
        "record/values.py",
        "if claim and claim.arrival(stamp, failed_create) is Arrival.SUPERSEDED:",
        "if claim is None and self.version < 0:",
        ("roll a change back", 19, "late"),
    ),
    Mutant(
        "an owner that has left is forgotten",
        "record/values.py",
        "return any(one.supersedes(owner, stamp, failed_create) for one in self.departed)",
        "return False",
        10,
    ),
    Mutant(
        "a stream that was created again is taken for the former one",
        "record/changes.py",
        "if record.incarnation in (0, created):",
        "if record.version >= 0:",
        "recreated",
    ),
    Mutant(
        "SUCCESS comes without the last write",
        "reconcile/iteration.py",
        "        case Reached(record=Record() as record):",
        "        case Reached(record=Record() as record, attributes=None):",
        "create and delete",
    ),
    Mutant(
        "the last write leaves the intent",
        "reconcile/ensure.py",
        "record = without_unwanted(situation, without_intent(_record_with_claim(situation)))",
        "record = without_unwanted(situation, _record_with_claim(situation))",
        "create and delete",
    ),
    Mutant(
        "a claim does not inherit what the one below it had found",
        "record/changes.py",
        "if after and after[0].found_started:",
        "if False:",
        "rename",
    ),
    Mutant(
        "a record is taken for lost, and the resource's properties decide",
        "reconcile/observation.py",
        "if record.claims or record.has_departed(goal.owner) or",
        "if",
        "recreated",
    ),
)

OWNERSHIP = (
    Mutant(
        "a stream of another stack is taken over unasked",
        "reconcile/ensure.py",
        "    if goal.properties.takeover and not taken_over:",
        "    if not taken_over:",
        "two stacks create at once",
    ),
    Mutant(
        "Restore undoes the newer decision of the stream's owner",
        "reconcile/restoration.py",
        "    if not with_current_key(record, current).started:",
        "    if record.version < 0:",
        "given another key and deleted",
    ),
    Mutant(
        "the Delete of a failed Create releases the live claim",
        "reconcile/release.py",
        "return not claim.is_released_with(goal.failed_create)",
        "return False",
        "fail and create before deleting",
    ),
    Mutant(
        "a Delete always stops the encryption",
        "reconcile/restoration.py",
        "    key = before.wanted if before else claim.found",
        "    key = None",
        "create and delete at once",
    ),
    Mutant(
        "a claim is gone before the encryption is undone",
        "reconcile/release.py",
        "        or _restore(situation)\n",
        "",
        "create and delete",
    ),
)
