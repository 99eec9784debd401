"""The Delete or rollback of a failed request while AWS refuses a call for more than the minute of promise 9."""

import pytest

from tests.contract.stories import INVENTED, ONE, OTHER, create, delete, failed, made, ok, owners, send, starts, update
from tests.fake_errors import Kind
from tests.provider import Provider

LONG = 70
"""How long a call is refused, in seconds: longer than promise 9's minute."""


def refuse(provider: Provider, action: str, kind: Kind = Kind.ACCESS_DENIED) -> None:
    """Refuse a call from now on, for longer than a minute."""
    now = provider.clock.now()
    provider.kinesis.faults.between(now, now + LONG, action, kind)


def started_and_failed(provider: Provider) -> str:
    """A Create that has started the encryption and then failed; return its PhysicalResourceId."""
    provider.kinesis.next_updating.append(60)
    answer = failed(send(provider, create({**ONE, "ServiceTimeout": "40"})), "DeadlineExceeded")
    provider.clock.sleep(120)
    return str(answer["PhysicalResourceId"])


@pytest.mark.parametrize("seconds", [600, 625, 650])
def test_a_create_whose_delete_could_not_look_starts_nothing_any_more(seconds: int) -> None:
    """Promise 6: CloudFormation has cancelled the Create, which waits in the state machine; its Delete is denied."""
    provider = made(handover_seconds=60)
    provider.kinesis.people.reshard("orders", 1200)
    url = provider.fresh_url()
    provider.deliver({**create(), "ResponseURL": url})

    def cancel() -> None:
        refuse(provider, "DescribeStreamSummary")
        provider.deliver({**delete(PhysicalResourceId=INVENTED), "ResponseURL": provider.fresh_url()})
        provider.states.play(provider.deliver)

    provider.clock.after(seconds, cancel)
    provider.states.play(provider.deliver)
    assert (provider.key_of(), owners(provider), starts(provider)) == (None, [], 0)


def test_a_replacement_whose_rollback_could_not_look_starts_nothing_any_more() -> None:
    """Promise 6: no resource would have the new stream's claim, so nobody would delete it."""
    provider = made(handover_seconds=60)
    ok(send(provider, create()))
    provider.clock.sleep(60)
    provider.kinesis.people.reshard("other", 1200)
    provider.deliver({**update(OTHER, ONE), "ResponseURL": provider.fresh_url()})

    def roll_back() -> None:
        refuse(provider, "DescribeStreamSummary")
        provider.deliver({**update(ONE, OTHER), "ResponseURL": provider.fresh_url()})
        provider.states.play(provider.deliver)

    provider.clock.after(620, roll_back)
    provider.states.play(provider.deliver)
    assert (provider.key_of("other"), owners(provider, "other")) == (None, [])
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, ["Encryption"])


@pytest.mark.parametrize(
    ("action", "kind", "code"),
    [
        ("PutItem", Kind.ACCESS_DENIED, "AccessDenied"),
        ("DescribeStreamSummary", Kind.ACCESS_DENIED, "AccessDenied"),
        ("DescribeStreamSummary", Kind.EXPIRED_TOKEN, "CredentialsExpired"),
    ],
)
def test_a_delete_that_is_kept_from_its_undo_fails_and_works_when_repeated(action: str, kind: Kind, code: str) -> None:
    """Promise 3: the record has the failed Create's claim, so a SUCCESS would leave the encryption for ever."""
    provider = made()
    physical_id = started_and_failed(provider)
    refuse(provider, action, kind)
    failed(send(provider, delete(PhysicalResourceId=physical_id)), code)
    assert owners(provider) == ["Encryption"]
    provider.clock.sleep(LONG)
    ok(send(provider, delete(PhysicalResourceId=physical_id)))
    assert (provider.key_of(), owners(provider)) == (None, [])


@pytest.mark.parametrize("action", ["GetItem", "PutItem"])
def test_a_role_that_may_not_use_the_table_does_not_block_the_delete_of_its_failed_create(action: str) -> None:
    """Promise 7: the Create was refused the same call, so nothing was done."""
    provider = made()
    provider.kinesis.faults.between(0, 1e12, action, Kind.ACCESS_DENIED)
    answer = failed(send(provider, create()), "AccessDenied")
    ok(send(provider, delete(PhysicalResourceId=answer["PhysicalResourceId"])))
    assert (provider.key_of(), starts(provider)) == (None, 0)


@pytest.mark.parametrize("kind", [Kind.THROTTLING, Kind.INTERNAL_FAILURE])
def test_a_delete_that_may_not_look_reads_the_record_again_where_that_is_throttled(kind: Kind) -> None:
    """Promise 3: an outage of the table for a moment is no reason to leave the encryption."""
    provider = made()
    physical_id = started_and_failed(provider)
    now = provider.clock.now()
    provider.kinesis.faults.between(now, now + 90, "DescribeStreamSummary", Kind.ACCESS_DENIED)
    provider.kinesis.faults.between(now + 55, now + 70, "GetItem", kind)
    failed(send(provider, delete(PhysicalResourceId=physical_id)), "AccessDenied")
    assert owners(provider) == ["Encryption"]
