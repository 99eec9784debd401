"""All planted bugs: they show whether the simulation can find the bugs that a provider like this can have."""

from tests.simulation.mutant import Mutant
from tests.simulation.record_mutants import OWNERSHIP, RECORD

STREAM = (
    Mutant(
        "a key change stops the encryption first",
        "reconcile/ensure.py",
        "    planned = PlannedCall(Change.START, key, goal.stamp)",
        "    has = RecordedKey.of(seen.current)\n"
        "    planned = PlannedCall(Change.STOP if has else Change.START, has or key, goal.stamp)",
        "create and delete at once",
    ),
    Mutant(
        "an UPDATING stream is taken for ACTIVE",
        "aws/kinesis.py",
        'StreamStatus(found["StreamStatus"])',
        'StreamStatus(found["StreamStatus"].replace("UPDATING", "ACTIVE"))',
        "fail and create before deleting",
    ),
    Mutant(
        "a stale ACTIVE is trusted",
        "reconcile/state_changes.py",
        "    if stability.possibly_stale and ",
        "    if stability is None and ",
        2,
    ),
    Mutant(
        "SettleSeconds are not waited for",
        "reconcile/ensure.py",
        "    settled_at = since + properties.settle_seconds",
        "    settled_at = since",
        "create and delete",
    ),
    Mutant(
        "a look of long ago is acted upon",
        "reconcile/iteration.py",
        "MOST_LOOK_AGE_SECONDS = 30.0",
        "MOST_LOOK_AGE_SECONDS = 1e9",
        85,
    ),
    Mutant(
        "keys are compared by their names",
        "values.py",
        "return self.identity == other.identity or (not self.resolved and self.key_id == other.key_id)",
        "return self.key_id == other.key_id",
        "create and delete",
    ),
    Mutant(
        "a Start is called although the stream has the wanted key",
        "reconcile/ensure.py",
        "    if seen.as_wanted:\n        return None\n    key =",
        "    if seen.as_wanted and situation.state.calls_made:\n        return None\n    key =",
        "already as wanted",
    ),
    Mutant(
        "a customer's alias is given to Kinesis as it is",
        "values.py",
        "return self.identity if self.resolved and CUSTOMER_ALIAS.fullmatch(self.key_id) else self.key_id",
        "return self.key_id",
        "an alias is pointed elsewhere",
    ),
)

PROTOCOL = (
    Mutant(
        "what is refused because it is new fails at once",
        "reconcile/situation.py",
        "REFUSAL_RETRY_SECONDS = 60.0",
        "REFUSAL_RETRY_SECONDS = 0.0",
        20,
    ),
    Mutant(
        "a rate that is exceeded fails the request",
        "aws/service_errors.py",
        '"rate exceeded" in message.lower()',
        '"rate exceeded" in message',
        128,
    ),
    Mutant(
        "a throttled look never uses the other budget",
        "reconcile/state_changes.py",
        "look_throttled=refusal.action == LOOK",
        "look_throttled=False",
        684,
    ),
    Mutant(
        "a failed Update answers another id",
        "cloudformation/request.py",
        'if self.type != "Create" and self.physical_id:',
        'if self.type == "Delete" and self.physical_id:',
        "roll back in the same second",
    ),
    Mutant(
        "a response is sent twice",
        "cloudformation/response.py",
        '            if outcome == "delivered":',
        '            if outcome == "delivered" and _try(url, body, self.put):',
        "create and delete",
    ),
    Mutant(
        "a request that was handed over is answered as well",
        "cloudformation/custom_resource.py",
        "        if not self._handed_over:",
        "        if self._event:",
        "create and delete",
    ),
    Mutant(
        "the log holds the ResponseURL",
        "cloudformation/response.py",
        "                self.log.responded(response, self.clock.now())",
        "                self.log.response_lost(response, url)",
        "create and delete",
    ),
)

MUTANTS = (*RECORD, *OWNERSHIP, *STREAM, *PROTOCOL)
