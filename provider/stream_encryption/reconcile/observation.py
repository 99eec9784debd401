"""One look: the stream's description, its record, and the keys that have to be compared. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stream_encryption.aws.kms import KeyLookup
from stream_encryption.record.changes import for_incarnation, without_old
from stream_encryption.record.values import Claim, Record
from stream_encryption.values import CUSTOMER_ALIAS, Key, OnDelete, Stream, StreamStatus

from .environment import Environment
from .goals import Ensure, Goal, Mend, Release, RevokeDue
from .restoration import Outcome, Restoration, restoration


@dataclass(frozen=True, slots=True)
class Observation:
    """One look.

    Attributes:
        now: When it began, in epoch seconds.
        stream: The stream; None where there is none.
        record: Its record, without claims on an earlier stream of the same name.
        wanted: The key that the goal wants, or that a Delete restores, looked up; None: no encryption, or not known.
        current: The key that the stream has; None: not encrypted.
        as_wanted: The stream's encryption is the one that the goal wants.
        record_is_lost: No record says who gave the stream its key, and it is the key that this resource last gave it.
        former: The key that Restore brings back, looked up; None: no encryption, or not looked up.
    """

    now: float
    stream: Stream | None
    record: Record
    wanted: Key | None = None
    current: Key | None = None
    as_wanted: bool = False
    record_is_lost: bool = False
    former: Key | None = None

    @property
    def refused_key(self) -> bool:
        """KMS denies the look-up of the wanted key, or rules the key out, which the stream may have all the same.

        An alias may mean another key by now; and to make a grant or to put a data record needs a usable key.
        """
        return self.wanted is not None and (self.wanted.denied or self.wanted.fault is not None)


def observe(goal: Goal, env: Environment, known: Record | None, *, use_describe_stream: bool) -> Observation:
    """Look at the goal's stream.

    Args:
        goal: What the request wants.
        env: Where to look.
        known: The record as it was last read or written; None: it has to be read.
        use_describe_stream: Describe the stream by the call that has a quota of its own.

    Raises:
        Refused: AWS refused one of the calls.
    """
    now, arn = env.clock.now(), stream_arn(goal)
    stream = env.kinesis.describe(goal.stream, use_describe_stream=use_describe_stream)
    if stream and stream.arn != arn:
        stream = None  # The stack is in another account or region, and the function has found a namesake in its own.
    if stream is None and isinstance(goal, Ensure):
        return Observation(now, None, Record(arn))
    record = without_old(known or env.table.read(arn), now)
    if stream is None:
        return Observation(now, None, record)
    seen = Observation(now, stream, for_incarnation(record, stream.created, now))
    if stream.status is StreamStatus.DELETING:
        return seen
    if isinstance(goal, Ensure):
        return _for_ensure(goal, seen, stream, env.keys)
    seen = replace(seen, current=current_key(stream, seen.record, env.keys))
    if isinstance(goal, RevokeDue):
        return seen
    if isinstance(goal, Mend):
        return _for_mend(goal, seen, stream, env.keys)
    return _for_release(goal, seen, stream, env.keys)


def stream_arn(goal: Goal) -> str:
    """The ARN of a goal's stream: in the account and region of its stack."""
    if isinstance(goal, RevokeDue):
        return str(goal.stream.arn)
    return goal.owner.stream_arn(goal.stream.name)


def _for_ensure(goal: Ensure, seen: Observation, stream: Stream, keys: KeyLookup) -> Observation:
    wanted = _wanted_key(goal, seen, stream, keys)
    current = current_key(stream, seen.record, keys, wanted)
    seen = replace(seen, wanted=wanted, current=current, as_wanted=wanted.is_same_as(current))
    record_is_lost = _record_is_lost(goal, seen, stream, keys)
    return replace(seen, record_is_lost=record_is_lost, former=_former(goal, seen, stream, keys))


def _wanted_key(goal: Ensure, seen: Observation, stream: Stream, keys: KeyLookup) -> Key:
    """The key that the KeyId means.

    In two cases an alias means the key that it stood for before, as the claim tells: if Lambda delivers a request again
    after it has succeeded, and if KMS does not let the alias be looked up now.
    """
    key_id, claim, access = goal.properties.key_id, seen.record.claim_of(goal.owner), goal.properties.access
    before = claim.wanted if claim and claim.wanted.has_key_arn and claim.wanted.key_id == key_id else None
    if claim and before and claim.succeeded == goal.stamp.digest:
        return replace(keys.look_up(before.arn, stream), key_id=key_id)
    # A denial may pass: ask again before the alias' earlier key is trusted, or if a grant needs the key's ARN.
    again = before is not None or bool(access.producers or access.consumers)
    key = keys.look_up(key_id, stream, again_if_denied=again)
    return replace(key, identity=before.arn, resolved=True) if key.denied and before else key


def _former(goal: Ensure, seen: Observation, stream: Stream, keys: KeyLookup) -> Key | None:
    """The key that this Create's Delete would restore; it is cached, since the first look saw it on the stream."""
    if not goal.creates or goal.properties.on_delete is not OnDelete.RESTORE:
        return None
    claim = seen.record.claim_of(goal.owner)
    if claim is None:
        return seen.current
    return keys.look_up(claim.found.key_id, stream) if claim.found else None


def _for_mend(goal: Mend, seen: Observation, stream: Stream, keys: KeyLookup) -> Observation:
    """The claim in force says which key is wanted. An alias that was pointed elsewhere since changes nothing."""
    claim = seen.record.in_force_of(goal.owner)
    if claim is None:
        return seen
    wanted = keys.look_up(claim.wanted.start_key_id, stream)
    return replace(seen, wanted=wanted, as_wanted=has_wanted_key(claim, seen.current, wanted))


def has_wanted_key(claim: Claim, current: Key | None, wanted: Key | None) -> bool:
    """Tell whether a stream has the key that a claim wants.

    Args:
        claim: The claim.
        current: The stream's key; None: not encrypted.
        wanted: The claim's key, looked up now. It counts if the claim does not know the key behind its alias.
    """
    if claim.wanted.is_key(current):
        return True
    if current and not current.resolved and current.key_id == claim.wanted.key_id:
        return True  # The stream has the very alias, and KMS does not tell its key.
    return wanted is not None and not claim.wanted.has_key_arn and wanted.is_same_as(current)


def _for_release(goal: Release, seen: Observation, stream: Stream, keys: KeyLookup) -> Observation:
    seen = replace(seen, record_is_lost=_record_is_lost(goal, seen, stream, keys))
    if not seen.record.in_force_of(goal.owner) and not seen.record_is_lost:
        return seen
    target = restoration(goal, seen.record, seen.current)
    if target.outcome is not Outcome.RESTORE:
        return replace(seen, as_wanted=True)
    wanted = _key_to_restore(target, stream, keys)
    as_wanted = wanted.is_same_as(seen.current) if wanted else seen.current is None
    return replace(seen, wanted=wanted, as_wanted=as_wanted)


def _key_to_restore(target: Restoration, stream: Stream, keys: KeyLookup) -> Key | None:
    """The key that the stream goes back to; by its ARN unless its alias certainly stands for that key still."""
    if target.key is None:
        return None
    key = keys.look_up(target.key_id, stream)
    is_alias = CUSTOMER_ALIAS.fullmatch(target.key_id) is not None
    stands_for_another = is_alias and target.key.has_key_arn and not target.key.is_key(key)
    return keys.look_up(target.key.arn, stream) if stands_for_another else key


def current_key(stream: Stream, record: Record, keys: KeyLookup, wanted: Key | None = None) -> Key | None:
    """The stream's key: as the record knows it, or as its KeyId says, or looked up; None: not encrypted.

    Raises:
        Refused: KMS did not answer, for now.
    """
    key_id = stream.key_id
    if key_id is None:
        return None
    arn = record.key_arn(key_id)
    if arn or (record.claims and ":key/" in key_id):
        return Key(key_id, arn or key_id)
    if wanted and key_id in (wanted.key_id, wanted.identity):
        return Key(key_id, wanted.identity, resolved=wanted.resolved, denied=wanted.denied)
    return keys.look_up(key_id, stream)


def _record_is_lost(goal: Ensure | Release, seen: Observation, stream: Stream, keys: KeyLookup) -> bool:
    """Tell whether no record says who gave the stream its key, and it is the resource's own key."""
    record, current, last = seen.record, seen.current, goal.last_key_id
    if record.claims or record.has_departed(goal.owner) or last is None:
        return False
    if record.pending and record.pending.request == goal.stamp.digest:
        return True  # It had: this very Delete has announced that it ends the encryption with that key.
    if current is None:
        return False
    return last in (current.key_id, current.identity) or keys.look_up(last, stream).is_same_as(current)
