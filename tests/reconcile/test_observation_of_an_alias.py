"""One look where an alias names the key: which key it means, on the stream, in the template and in the record."""

from dataclasses import replace

import pytest

from stream_encryption.reconcile.goals import NO_ACCESS, Access, Goal
from stream_encryption.reconcile.observation import Observation, has_wanted_key, observe
from stream_encryption.record.values import Claim, RecordedKey
from stream_encryption.values import Key
from tests.reconcile.account import Account
from tests.values import ONE, THEY, claim, ensure, mend


@pytest.fixture
def account() -> Account:
    """A stream that is not encrypted."""
    return Account()


def look(account: Account, goal: Goal | None = None) -> Observation:
    """One look, of a Create unless it is said otherwise."""
    return observe(goal or ensure(), account.env, None, use_describe_stream=False)


def test_an_alias_on_the_stream_stands_for_the_key_that_the_record_knows() -> None:
    """KeyId: after an alias was pointed elsewhere, what the record says was started counts."""
    account = Account("alias/one")
    account.keep(claims=(claim(),), key=RecordedKey("alias/one", account.one.arn), started=True)
    account.kms.alias("alias/one", account.two)
    seen = look(account)
    assert (seen.wanted, seen.current) == (Key("alias/one", account.two.arn), Key("alias/one", account.one.arn))
    assert not seen.as_wanted


@pytest.mark.parametrize(
    ("succeeded", "denied", "means_former"),
    [("mine", False, True), ("older", False, False), ("older", True, True)],
    ids=["delivered again after its success", "a newer request", "a newer request, and the look-up is denied"],
)
def test_an_alias_that_was_pointed_elsewhere_means_the_key_of_the_claim_in_two_cases(
    account: Account, succeeded: str, *, denied: bool, means_former: bool
) -> None:
    """KeyId: a customer's alias means the key behind it at the moment of the request, as far as KMS tells."""
    former = account.key("alias/one")
    account.keep(claims=(claim(wanted=former, succeeded=succeeded),))
    account.kms.alias("alias/one", account.two)
    account.two.denies_describe = denied
    key = look(account).wanted
    assert key
    assert (key.key_id, key.identity) == ("alias/one", account.one.arn if means_former else account.two.arn)
    assert (key.resolved, key.denied) == (True, denied)


def test_a_denied_alias_means_no_key_of_another_claim(account: Account) -> None:
    """KeyId: the record tells what the alias stood for when this resource named it, not another alias or resource."""
    account.one.denies_describe = True
    for other in (claim(THEY, account.key("alias/one")), claim(wanted=account.key("alias/two"))):
        account.keep(claims=(other,))
        key = look(account).wanted
        assert key
        assert not key.resolved


def test_an_alias_on_the_stream_is_as_unknown_as_the_same_alias_in_the_template() -> None:
    """KeyId: KMS denies the look-up, which is not repeated for the stream's key."""
    account = Account("alias/one")
    account.one.denies_describe = True
    seen = look(account)
    assert seen.current
    assert (seen.current.resolved, seen.current.denied, seen.as_wanted) == (False, True, True)


@pytest.mark.parametrize(
    ("claims", "access", "times"),
    [
        ((), NO_ACCESS, 1),
        ((claim(wanted=Key("alias/one", ONE.identity)),), NO_ACCESS, 2),
        ((), Access(producers=("role",)), 2),
        ((), Access(consumers=("role",)), 2),
    ],
    ids=["only Start needs it", "the record has a key for it", "a producer's grant", "a consumer's grant"],
)
def test_a_denied_alias_is_looked_up_again_only_if_its_key_matters(
    account: Account, claims: tuple[Claim, ...], access: Access, times: int
) -> None:
    """Promise 9: the key's policy may be seconds old; and calls: Start takes the alias itself."""
    account.one.denies_describe = True
    account.keep(claims=claims)
    env = account.env
    for _ in range(2):
        observe(ensure(access=access), env, None, use_describe_stream=False)
    assert account.named().count("DescribeKey") == times


def test_a_stream_with_the_key_of_a_claim_that_knows_only_the_keys_alias_is_as_wanted() -> None:
    """Promise 4: KMS tells the key behind the alias by now, so no mend is needed."""
    account = Account()
    account.kinesis.add_stream("orders", account.one.arn)
    alias = Key("alias/one", "arn:aws:kms:us-east-1:123456789012:alias/one", resolved=False)
    account.keep(claims=(claim(wanted=alias),))
    assert look(account, mend()).as_wanted


def test_an_alias_on_the_stream_whose_key_kms_does_not_tell_is_the_one_that_the_claim_wants() -> None:
    """Promise 10: as far as AWS tells, the stream has what the resource wants."""
    unknown = Key("alias/one", "arn:aws:kms:us-east-1:123456789012:alias/one", resolved=False, missing=True)
    assert has_wanted_key(claim(), unknown, ONE)
    assert not has_wanted_key(claim(), replace(unknown, key_id="alias/two"), ONE)
    assert not has_wanted_key(claim(), replace(unknown, resolved=True), ONE)
    assert not has_wanted_key(claim(), None, ONE)
