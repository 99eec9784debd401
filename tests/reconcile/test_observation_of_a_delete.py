"""One look of a Delete: what the stream goes back to; and whose key it has where the record is lost."""

from dataclasses import replace
from typing import Any

import pytest

from stream_encryption.reconcile.goals import Goal
from stream_encryption.reconcile.observation import Observation, observe
from stream_encryption.record.requests import Departed
from stream_encryption.record.values import RecordedKey
from stream_encryption.values import Key, OnDelete
from tests.reconcile.account import Account
from tests.values import ME, RENAMED, THEY, claim, ensure, pending, release, stamp, stop_intent


def look(account: Account, goal: Goal | None = None) -> Observation:
    """One look, of a Delete unless it is said otherwise."""
    observed = observe(goal or release(), account.env, None, use_describe_stream=False)
    assert observed.now == account.clock.now()
    assert observed.stream
    assert (observed.current.key_id if observed.current else None) == observed.stream.key_id
    return observed


def ours(account: Account, *claims: Any) -> None:
    """Have the stream's record say that the provider gave it its key."""
    key = account.stream.encryption.key_id
    found = account.kms.find(key) if key else None
    account.keep(claims=claims, key=RecordedKey(key, found.arn) if key and found else None, started=True)


def test_a_delete_looks_the_key_up_that_it_restores() -> None:
    """Promise 7: before it changes anything, the key is looked up."""
    account = Account("alias/one")
    ours(account, claim(found=Key("alias/two", account.two.arn)))
    seen = look(account)
    assert (seen.wanted, seen.as_wanted) == (account.key("alias/two"), False)
    assert seen.current == account.key("alias/one")
    assert account.named() == ["DescribeStreamSummary", "GetItem", "DescribeKey"]


def test_a_key_to_restore_is_the_one_that_was_found_whatever_its_alias_means_by_now() -> None:
    """KeyId: what the record says counts."""
    account = Account("alias/one")
    ours(account, claim(found=Key("alias/two", account.two.arn)))
    account.kms.alias("alias/two", account.one)
    assert not look(account).as_wanted


def test_a_key_to_restore_is_looked_up_by_its_arn_where_its_alias_stands_for_another_key_or_none() -> None:
    """Promise 3: the key that was found comes back, not the one that its alias means by now."""
    for moved in (True, False):
        account = Account("alias/one")
        ours(account, claim(found=Key("alias/two", account.two.arn)))
        if moved:
            account.kms.alias("alias/two", account.three)
        else:
            account.kms.aliases = {name: key for name, key in account.kms.aliases.items() if key is not account.two}
        assert look(account).wanted == Key(account.two.arn, account.two.arn)


def test_an_alias_that_was_found_and_could_not_be_looked_up_is_there_again_with_the_key_that_it_means() -> None:
    """Promise 4: the stream has that key already, by its ARN, so there is nothing to start (seed 11553)."""
    account = Account("alias/one")
    account.stream.encryption = replace(account.stream.encryption, key_id=account.one.arn)
    ours(account, claim(found=Key("alias/one", "alias/one")))
    assert look(account).as_wanted


def test_a_key_to_restore_that_was_found_by_its_arn_is_looked_up_once() -> None:
    """Calls: an ARN stands for one key for ever."""
    account = Account("alias/one")
    ours(account, claim(found=Key(account.two.arn, account.two.arn)))
    account.two.denies_describe = True
    wanted = look(account).wanted
    assert wanted
    assert (wanted.key_id, wanted.denied) == (account.two.arn, True)
    assert account.named().count("DescribeKey") == 1


def test_a_delete_that_ends_the_encryption_looks_no_key_up() -> None:
    """Promise 7: Stop needs no key."""
    account = Account("alias/one")
    ours(account, claim())
    seen = look(account)
    assert (seen.wanted, seen.as_wanted) == (None, False)
    assert account.named() == ["DescribeStreamSummary", "GetItem"]
    account.kinesis.people.stop("orders")
    assert look(account, release(on_delete=OnDelete.STOP)).as_wanted


@pytest.mark.parametrize("on_delete", [OnDelete.KEEP, OnDelete.RESTORE])
def test_a_stream_that_is_left_is_as_wanted(on_delete: OnDelete) -> None:
    """Property OnDelete, Keep; and record, rule 9."""
    account = Account("alias/three")
    account.keep(claims=(claim(),), key=RecordedKey("alias/one", account.one.arn), started=True)
    seen = look(account, release(on_delete=on_delete))
    assert (seen.as_wanted, seen.wanted) == (True, None)


@pytest.mark.parametrize("claims", [(claim(THEY),), (claim(), claim(RENAMED)), ()])
def test_a_delete_whose_claim_is_not_in_force_wants_nothing(claims: tuple[Any, ...]) -> None:
    """Record, rules 4 and 6."""
    account = Account("alias/one")
    account.keep(claims=claims)
    seen = look(account)
    assert (seen.as_wanted, seen.wanted, seen.record_is_lost) == (False, None, False)


BOTH = pytest.mark.parametrize("goal", [ensure, release])


@BOTH
@pytest.mark.parametrize("spelling", ["alias/one", "GUID", "ARN"])
def test_where_the_record_is_lost_the_resources_own_key_is_known_by_its_properties(goal: Any, spelling: str) -> None:
    """Record, rule 6: compared as resolved keys."""
    account = Account("alias/one")
    last = {"GUID": account.one.key_id, "ARN": account.one.arn}.get(spelling, spelling)
    assert look(account, goal(last_key_id=last)).record_is_lost
    assert not look(account, goal(last_key_id="alias/two")).record_is_lost


@BOTH
def test_a_stream_that_is_not_encrypted_has_nobodys_key(goal: Any) -> None:
    """Record, rule 6: there is nothing to undo."""
    assert not look(Account(), goal(last_key_id="alias/one")).record_is_lost


@BOTH
def test_a_record_that_says_whose_the_stream_is_is_not_lost(goal: Any) -> None:
    """Record, rule 6: a claim, or the owner's own Delete, is a record."""
    account = Account("alias/one")
    mine = goal(last_key_id="alias/one")
    account.keep(claims=(claim(THEY),))
    assert not look(account, mine).record_is_lost
    account.keep(departed=(Departed(ME, account.clock.now(), 0, ()),))
    assert not look(account, mine).record_is_lost
    account.keep(departed=(Departed(THEY, account.clock.now(), 0, ()),))
    assert look(account, mine).record_is_lost


@BOTH
def test_a_request_without_proof_has_no_last_key(goal: Any) -> None:
    """Record, rule 6: its PhysicalResourceId is not this stream's."""
    assert not look(Account("alias/one"), goal()).record_is_lost


def test_a_lost_record_makes_a_delete_want_no_encryption() -> None:
    """Record, rule 6: then Stop; or Keep keeps."""
    account = Account("alias/one")
    seen = look(account, release(last_key_id="alias/one"))
    assert (seen.record_is_lost, seen.as_wanted, seen.wanted) == (True, False, None)
    kept = look(account, release(last_key_id="alias/one", on_delete=OnDelete.KEEP))
    assert (kept.as_wanted, kept.record_is_lost) == (True, True)


@pytest.mark.parametrize("request_of_intent", ["delete", "theirs"])
def test_a_lost_record_stays_lost_for_the_delete_that_has_announced_to_end_the_encryption(
    request_of_intent: str,
) -> None:
    """Record, rule 6: the stream does not have the key any more, since this very Delete has stopped it."""
    account = Account()
    account.keep(pending=pending(replace(stop_intent(), request=stamp(request_of_intent))))
    assert look(account, release(last_key_id="alias/one")).record_is_lost is (request_of_intent == "delete")
