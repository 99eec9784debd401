"""The decision for Create and Update. Pure.

The rules are asked in order. A rule that has nothing to do returns None; the first action is taken. What
must be true before StartStreamEncryption is called is in the rules before `_start_encryption`, and in
`announce_then_call` (situation.py): the own intent is in the record, and it is recent. `iterate` (iteration.py) looks
again if the look is too old.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stream_encryption import errors
from stream_encryption.record.changes import PlannedCall, with_claim, without_intent
from stream_encryption.record.requests import LATE_ARRIVAL_SECONDS, Arrival, Latest
from stream_encryption.record.values import Change, Claim, Record, RecordedKey
from stream_encryption.values import CUSTOMER_ALIAS, Key, StreamStatus

from .actions import Action, Attributes, Code, Failed, Reached, Verify, Wait
from .goals import Ensure
from .granting import missing_grant, revocable_grant, with_grants, without_unwanted
from .observation import Observation
from .situation import (
    Situation,
    announce_then_call,
    fail_if_unusable,
    look_up_is_retried,
    record_request,
    wait_for_active,
    wait_for_calls_in_flight,
    wait_until_believed,
)
from .state import State


@dataclass(frozen=True, slots=True)
class EnsureSituation(Situation[Ensure]):
    """The situation of a Create or Update; `wanted` is the wanted key, looked up."""

    wanted: Key

    @property
    def alias_denied(self) -> bool:
        """KMS denies the look-up of a customer's alias; `wanted` is the key that the record has for it."""
        key = self.wanted
        return key.denied and key.resolved and CUSTOMER_ALIAS.fullmatch(key.key_id) is not None


def decide_ensure(goal: Ensure, seen: Observation, state: State, now: float) -> Action:
    """Choose the next action of a Create or Update."""
    stream = seen.stream
    if stream is None:
        return Failed(errors.StreamNotFound(goal.stream, goal.owner.place, changed=bool(state.calls_made)))
    if stream.status is StreamStatus.DELETING or seen.wanted is None:  # a look at a DELETING stream looks no key up
        return Failed(errors.StreamBeingDeleted(stream))
    situation = EnsureSituation(goal, stream, seen, state, now, seen.wanted)
    return (
        _fail_unless_mine(situation)
        or _wait_for_look_up(situation)
        or _fail_if_key_unusable(situation)
        or _wait_for_turn(situation)
        or _make_grants(situation)
        or _start_encryption(situation)
        or _settle(situation)
        or _revoke_grants(situation)
        or _succeed(situation)
    )


def _fail_unless_mine(situation: EnsureSituation) -> Failed | None:
    """Fail where this request is superseded, or another stack has the stream.

    With Takeover it fails only if that stack took the stream over from this very request.
    """
    goal, record, stream = situation.goal, situation.record, situation.stream
    superseded = Failed(errors.Superseded(stream, goal.owner))
    if record.supersedes(goal.owner, goal.stamp, goal.failed_create) or _comes_after_its_rollback(situation):
        return superseded
    in_force = record.in_force
    if in_force is None or in_force.owner == goal.owner:
        return None
    taken_over = record.had_claim(goal.owner, goal.stamp)
    if in_force.owner.stack_id == goal.owner.stack_id:  # The resource was renamed in its template.
        return superseded if taken_over or in_force.latest.issued_at > goal.stamp.issued_at else None
    if goal.properties.takeover and not taken_over:
        return None
    return Failed(errors.OwnedByAnotherStack(stream, in_force.owner, changed=bool(situation.state.calls_made)))


def _comes_after_its_rollback(situation: EnsureSituation) -> bool:
    """Tell whether this request is late, and another one of the same second has succeeded: that one is the newer.

    A cancelled Update can be delivered minutes after its rollback.
    """
    claim, stamp = situation.record.claim_of(situation.goal.owner), situation.goal.stamp
    if claim is None or claim.latest.arrival(stamp) is not Arrival.NEWER:
        return False
    same_second = stamp.issued_at == claim.latest.issued_at
    return same_second and claim.is_settled and situation.now - stamp.issued_at > LATE_ARRIVAL_SECONDS


def _wait_for_look_up(situation: EnsureSituation) -> Wait | None:
    """If KMS denies the alias' look-up, repeat it for a minute before the key of an older request is trusted."""
    claim = situation.record.claim_of(situation.goal.owner)
    is_own = claim is not None and claim.latest.arrival(situation.goal.stamp) is Arrival.CURRENT
    if is_own or not situation.alias_denied or not look_up_is_retried(situation):
        return None
    key_id = situation.wanted.key_id
    return Wait(Code.RETRYING_REFUSED, f"{key_id} may not be looked up, and may mean another key than before")


def _fail_if_key_unusable(situation: EnsureSituation) -> Action | None:
    """Fail where KMS says that the key can't encrypt the stream, which does not have it yet."""
    return None if situation.seen.as_wanted else fail_if_unusable(situation, situation.wanted)


def _wait_for_turn(situation: EnsureSituation) -> Action | None:
    """Wait for other calls and for ACTIVE.

    A request that has to wait first writes that it has come, so that older requests of its owner stop. One that need
    not wait writes that with its claim.
    """
    wait = wait_for_calls_in_flight(situation) or wait_for_active(situation)
    goal, record = situation.goal, situation.record
    claim = record.in_force_of(goal.owner)
    if wait and claim and claim.latest.arrival(goal.stamp) is Arrival.NEWER:
        return record_request(with_claim(record, claim.with_request(goal.stamp, creates=goal.creates)))
    return wait


def _make_grants(situation: EnsureSituation) -> Action | None:
    """Make the producers' and consumers' grants on the wanted key, before the stream gets it."""
    return missing_grant(situation, situation.wanted, _record_with_claim(situation))


def _revoke_grants(situation: EnsureSituation) -> Action | None:
    """Revoke the grants that nobody needs any more."""
    return revocable_grant(situation, _record_with_claim(situation))


def _start_encryption(situation: EnsureSituation) -> Action | None:
    """Start the encryption with the wanted key."""
    goal, seen = situation.goal, situation.seen
    if seen.as_wanted:
        return None
    key = RecordedKey.to_start(situation.wanted)
    planned = PlannedCall(Change.START, key, goal.stamp)
    if_undone = Failed(errors.ChangedBySomeoneElse(situation.stream, goal.properties.key_id))
    return announce_then_call(situation, planned, _record_with_claim(situation), if_undone)


def _settle(situation: EnsureSituation) -> Action | None:
    """Wait for SettleSeconds after ACTIVE, then put a data record where Verify is true."""
    properties, since = situation.goal.properties, situation.state.stability.believed_since
    if since is None:
        return wait_until_believed(situation)
    settled_at = since + properties.settle_seconds
    # The look must have begun after the settling time, if there is one.
    if properties.settle_seconds and situation.seen.now < settled_at:
        left = max(0.0, settled_at - situation.now)
        return Wait(Code.SETTLING, f"ACTIVE with the wanted key; settling for {properties.settle_seconds} s", left)
    if properties.verify and not situation.state.verified:
        verify = Verify(Code.VERIFY_REQUESTED, "Verify is true", situation.stream)
        return fail_if_unusable(situation, situation.wanted) or verify
    return None


def _succeed(situation: EnsureSituation) -> Action:
    """End with SUCCESS once the record is written: no other request of the provider has written it since the look."""
    record = without_unwanted(situation, without_intent(_record_with_claim(situation)))
    claims = (*record.claims[:-1], replace(record.claims[-1], succeeded=situation.goal.stamp.digest))
    first = claims[0].found
    did = "encryption was started" if situation.state.calls_made else "nothing had to change"
    return Reached(
        Code.ENCRYPTED,
        f"ACTIVE with the wanted key; {did}",
        replace(record, claims=claims),
        Attributes(situation.stream, situation.wanted, first.key_id if first else None),
        _note(situation),
    )


def _record_with_claim(situation: EnsureSituation) -> Record:
    """The record with this resource's claim in force."""
    goal, seen, wanted, record = situation.goal, situation.seen, situation.wanted, situation.record_with_current_key
    if seen.record_is_lost:
        record = replace(record, key=RecordedKey.of(seen.current), started=True)
    claim, wants = record.in_force_of(goal.owner), RecordedKey(wanted.key_id, wanted.identity)
    if claim is None:
        first = Claim(goal.owner, None, wants, goal.properties.on_delete, Latest.of(goal.stamp))
        claim = record.claim_of(goal.owner) or first  # A claim that another resource has taken over keeps its history.
        claim = _with_found(claim, record, None if seen.record_is_lost else seen.current)
    elif not record.started and not _is_begun(claim, goal):
        claim = _with_found(claim, record, seen.current)  # The stream's key is not the provider's: it is found.
    claim = replace(
        claim.with_request(goal.stamp, creates=goal.creates),
        wanted=wants,
        on_delete=goal.properties.on_delete,
        on_drift=goal.properties.on_drift,
        releasing=None,
        releases_create="",
    )
    return with_grants(situation, with_claim(record, claim))


def _is_begun(claim: Claim, goal: Ensure) -> bool:
    """Tell whether a request of the resource's present life has succeeded: another Create begins a new life.

    CloudFormation sends another Create if the resource was retained when it left its stack.
    """
    return bool(claim.succeeded) and (not goal.creates or claim.succeeded == goal.stamp.digest)


def _with_found(claim: Claim, record: Record, current: Key | None) -> Claim:
    return replace(claim, found=RecordedKey.of(current), found_started=record.started and current is not None)


def _note(situation: EnsureSituation) -> str:
    """Tell that an alias could not be looked up; or that Restore can't use the former key, for the same reason."""
    wanted, former = situation.wanted, situation.seen.former
    if situation.alias_denied:
        return (
            f"{wanted.key_id} may not be looked up any more: the stream has key {wanted.identity}, which it meant "
            "before. Allow the provider's role kms:DescribeKey in the key's policy."
        )
    if former is None or former.is_same_as(situation.wanted) or not former.denied:
        return ""
    return (
        f"Restore will not be possible: the provider's role may not look up key {former.key_id}, which the stream had "
        "before. Add it to the provider stack's KeyArns, and allow the role in the key's policy, before this resource "
        "is deleted; or set OnDelete to Keep."
    )
