"""One look: which calls it makes, and what it makes of them. It changes nothing."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption.aws.service_errors import Refused
from stream_encryption.reconcile.goals import Goal
from stream_encryption.reconcile.observation import Observation, has_wanted_key, observe
from stream_encryption.record.requests import Departed
from stream_encryption.record.values import Record, RecordedKey
from stream_encryption.values import Key, OnDelete, Owner, StreamStatus
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN
from tests.fake_errors import Kind
from tests.reconcile.account import Account
from tests.values import ME, ONE, THEY, claim, ensure, mend, recorded, release


@pytest.fixture
def account() -> Account:
    """A stream that is not encrypted."""
    return Account()


def look(
    account: Account, goal: Goal | None = None, known: Record | None = None, *, use_describe_stream: bool = False
) -> Observation:
    """One look, of a Create unless it is said otherwise."""
    before = len(account.table.versions)
    observed = observe(goal or ensure(), account.env, known, use_describe_stream=use_describe_stream)
    assert len(account.table.versions) == before
    return observed


def test_a_look_describes_the_stream_reads_its_record_and_looks_the_key_up(account: Account) -> None:
    """Flow of a Create: three calls, and none that changes anything."""
    seen = look(account)
    assert account.named() == ["DescribeStreamSummary", "GetItem", "DescribeKey"]
    assert seen.stream
    assert (seen.stream.arn, seen.stream.key_id) == (STREAM_ARN, None)
    assert (seen.now, seen.record.version) == (account.clock.now(), 0)
    assert (seen.wanted, seen.current, seen.as_wanted) == (account.key("alias/one"), None, False)


def test_a_record_that_is_known_is_not_read_again(account: Account) -> None:
    """Calls: every write is conditional, so a record that is out of date does no harm."""
    kept = account.keep(claims=(claim(),))
    seen = look(account, known=kept)
    assert account.named() == ["DescribeStreamSummary", "DescribeKey"]
    assert seen.record == kept


def test_after_a_throttle_the_stream_is_described_by_the_other_call(account: Account) -> None:
    """Issue: DescribeStream has a budget of its own, and tells the same."""
    usual = look(account)
    account.calls.clear()
    assert replace(look(account, use_describe_stream=True), now=usual.now) == usual
    assert account.named()[0] == "DescribeStream"


def test_a_create_needs_no_record_of_a_stream_that_does_not_exist(account: Account) -> None:
    """Error StreamNotFound: one call tells."""
    account.kinesis.people.delete("orders")
    assert look(account).stream is None
    assert account.named() == ["DescribeStreamSummary"]


def test_a_stream_of_the_same_name_in_the_functions_own_account_is_not_the_stacks_stream(account: Account) -> None:
    """Error StreamNotFound: a stack of another account names a stream of its own, never this account's."""
    stack_of_another_account = Owner(STACK_ID.replace("123456789012", "999999999999"), LOGICAL_ID)
    seen = look(account, ensure(owner=stack_of_another_account))
    assert (seen.stream, seen.record.stream) == (None, STREAM_ARN.replace("123456789012", "999999999999"))
    assert account.named() == ["DescribeStreamSummary"]


def test_a_delete_reads_the_record_of_a_stream_that_is_gone(account: Account) -> None:
    """Promise 7, and record, departed: its claim is released all the same."""
    kept = account.keep(claims=(claim(),))
    account.kinesis.people.delete("orders")
    seen = look(account, release())
    assert (seen.stream, seen.record) == (None, kept)
    assert account.named() == ["DescribeStreamSummary", "GetItem"]


@pytest.mark.parametrize("goal", [ensure(), release()])
def test_no_key_is_looked_up_for_a_stream_that_is_being_deleted(account: Account, goal: Goal) -> None:
    """Promise 7: its key does not matter any more."""
    account.keep(claims=(claim(),), key=recorded(account.key("alias/one")))
    account.kinesis.people.delete("orders", 60)
    seen = look(account, goal)
    assert seen.stream
    assert (seen.stream.status, seen.wanted) == (StreamStatus.DELETING, None)
    assert account.named() == ["DescribeStreamSummary", "GetItem"]


def test_claims_on_an_earlier_stream_of_the_same_name_are_void(account: Account) -> None:
    """Record, incarnation."""
    account.keep(claims=(claim(),))
    account.clock.sleep(60)
    account.kinesis.add_stream("orders")
    assert look(account).record.claims == ()
    assert look(account, release()).record.has_departed(ME)


def test_owners_that_left_long_ago_are_forgotten(account: Account) -> None:
    """Record, departed: TTL deletes late, so the code checks the time itself."""
    account.keep(departed=(Departed(ME, account.clock.now() - 7200, 0, ()),))
    assert not look(account).record.departed
    assert not look(account, release()).record.departed


@pytest.mark.parametrize("action", ["DescribeStreamSummary", "GetItem", "DescribeKey"])
def test_a_refused_look_is_told(account: Account, action: str) -> None:
    """Errors: nothing may be concluded from a look that was refused."""
    account.faults.fail_next(action, Kind.THROTTLING)
    with pytest.raises(Refused):
        look(account)


@pytest.mark.parametrize("spelling", ["alias/one", "ARN", "GUID"])
def test_keys_are_compared_as_resolved_keys(spelling: str) -> None:
    """Promise 4: however Kinesis and the template spell them."""
    account = Account()
    key_id = {"ARN": account.one.arn, "GUID": account.one.key_id}.get(spelling, spelling)
    account.kinesis.add_stream("orders", key_id)
    seen = look(account)
    assert seen.as_wanted
    assert seen.current == Key(key_id, account.one.arn)


def test_the_wanted_key_is_not_looked_up_twice() -> None:
    """Calls: the stream reports the very spelling of the template, or the key's ARN."""
    account = Account("alias/one")
    look(account)
    assert account.named().count("DescribeKey") == 1
    account.kinesis.add_stream("orders", account.one.arn)
    account.calls.clear()
    look(account)
    assert account.named().count("DescribeKey") == 1


def test_an_alias_on_the_stream_stands_for_the_key_that_the_record_knows() -> None:
    """KeyId: after an alias was pointed elsewhere, what the record says was started counts."""
    account = Account("alias/one")
    account.keep(claims=(claim(),), key=RecordedKey("alias/one", account.one.arn), started=True)
    account.kms.alias("alias/one", account.two)
    seen = look(account)
    assert (seen.wanted, seen.current) == (Key("alias/one", account.two.arn), Key("alias/one", account.one.arn))
    assert not seen.as_wanted


def test_a_keys_arn_on_a_claimed_stream_needs_no_look_up() -> None:
    """Calls: it is spelled out already; on a stream that nobody claims the look-up tells whether it is denied."""
    account = Account()
    account.kinesis.add_stream("orders", account.two.arn)
    account.keep(claims=(claim(THEY),))
    assert look(account).current == Key(account.two.arn, account.two.arn)
    assert account.named().count("DescribeKey") == 1
    account.keep(claims=())
    account.calls.clear()
    look(account)
    assert account.named().count("DescribeKey") == 2


def test_a_key_that_kms_does_not_know_or_rules_out_is_refused(account: Account) -> None:
    """Promise 9: a key or policy of seconds ago; and promise 7: a reason that may not last."""
    assert look(account, ensure(key_id="alias/none")).refused_key
    assert not look(account).refused_key
    account.one.state = "Disabled"
    assert look(account).refused_key
    account.one.state, account.one.denies_describe = "Enabled", True
    assert look(account).refused_key
    account.kinesis.add_stream("orders", "alias/none")
    assert look(account, ensure(key_id="alias/none")).refused_key
    assert not look(account, release()).refused_key


@pytest.mark.parametrize(
    ("goal", "known"),
    [
        (ensure(creates=True), ()),
        (ensure(creates=True), (claim(found=Key("alias/two", "")),)),
    ],
    ids=["first look", "after the claim was written"],
)
def test_a_create_looks_at_the_key_that_its_delete_would_restore(goal: Goal, known: tuple[Any, ...]) -> None:
    """Issue: a previous key that may not be looked up is told in the response."""
    account = Account("alias/two")
    account.two.denies_describe = True
    account.keep(claims=known)
    former = look(account, goal).former
    assert former
    assert (former.key_id, former.denied) == ("alias/two", True)


@pytest.mark.parametrize(
    "goal", [ensure(), ensure(creates=True, on_delete=OnDelete.KEEP), ensure(creates=True, on_delete=OnDelete.STOP)]
)
def test_the_former_key_matters_to_a_restoring_create_alone(goal: Goal) -> None:
    """Calls: no look-up that nobody needs."""
    assert look(Account("alias/two"), goal).former is None


def test_a_create_that_found_no_encryption_has_no_former_key(account: Account) -> None:
    """Property OnDelete, Restore: no encryption comes back."""
    account.keep(claims=(claim(),))
    assert look(account, ensure(creates=True)).former is None


@pytest.mark.parametrize(("claims", "looked_up"), [((claim(),), True), ((claim(THEY),), False), ((), False)])
def test_a_mend_looks_at_the_key_of_its_own_claim_alone(claims: tuple[Any, ...], *, looked_up: bool) -> None:
    """Promise 10: another claim in force, or none, decides about the stream."""
    account = Account()
    account.keep(claims=claims)
    assert (look(account, mend()).wanted is not None) is looked_up


def test_an_alias_on_the_stream_whose_key_kms_does_not_tell_is_the_one_that_the_claim_wants() -> None:
    """Promise 10: as far as AWS tells, the stream has what the resource wants."""
    unknown = Key("alias/one", "arn:aws:kms:us-east-1:123456789012:alias/one", resolved=False, missing=True)
    assert has_wanted_key(claim(), unknown, ONE)
    assert not has_wanted_key(claim(), replace(unknown, key_id="alias/two"), ONE)
    assert not has_wanted_key(claim(), replace(unknown, resolved=True), ONE)
    assert not has_wanted_key(claim(), None, ONE)
