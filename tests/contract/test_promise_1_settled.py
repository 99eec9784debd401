"""Promise 1: SUCCESS is never answered before the stream is ACTIVE with the wanted encryption, plus SettleSeconds."""

import pytest

from tests.contract.stories import ONE, active_since, create, delete, failed, made, ok, send, starts, stops
from tests.fake_errors import Kind
from tests.fake_stream import ACTIVE, Described, Stale


@pytest.mark.parametrize("settle", ["0", "5", "17", "60"])
@pytest.mark.parametrize("updating", [1.0, 2.0, 45.0])
def test_success_comes_settle_seconds_after_active_was_seen_and_never_before(settle: str, updating: float) -> None:
    """Promise 1: the look that shows ACTIVE is late by a polling pause at most."""
    provider = made()
    provider.kinesis.settings.updating = updating
    ok(send(provider, create({**ONE, "SettleSeconds": settle})))
    waited = provider.clock.now() - active_since(provider)
    assert int(settle) <= waited <= int(settle) + max(1.7, updating / 5)


def test_settle_seconds_are_counted_from_the_look_that_showed_active() -> None:
    """Promise 1, exactly; and record, rule 5: the last look is a fresh one."""
    provider = made()
    ok(send(provider, create({**ONE, "SettleSeconds": "30"})))
    looks = [call.at for call in provider.kinesis.calls.named("DescribeStreamSummary")]
    assert looks[-1] - looks[-2] == pytest.approx(30, abs=1e-3)
    assert provider.clock.now() == looks[-1]


def test_five_seconds_are_waited_unless_the_template_says_otherwise() -> None:
    """Property SettleSeconds: its default is 5."""
    provider = made()
    ok(send(provider, create()))
    assert 5 <= provider.clock.now() - active_since(provider) < 6.5


@pytest.mark.parametrize("part", list(Stale), ids=lambda part: part.name)
@pytest.mark.parametrize("described", list(Described), ids=lambda described: described.name)
@pytest.mark.parametrize(
    ("updating", "stale"), [(0.1, 0.0), (0.5, 0.2), (2.0, 1.0), (2.0, 4.9), (8.0, 4.9), (30.0, 3.0)]
)
def test_stale_descriptions_never_make_a_success_too_early(
    part: Stale, described: Described, updating: float, stale: float
) -> None:
    """Promise 1: right after Start a description can still say ACTIVE, with the old encryption or the new."""
    for settle in (0, 5):
        provider = made()
        settings = provider.kinesis.settings
        settings.updating, settings.stale, settings.stale_part, settings.described = updating, stale, part, described
        ok(send(provider, create({**ONE, "SettleSeconds": str(settle)})))
        assert provider.kinesis.streams["orders"].status == ACTIVE
        assert provider.clock.now() - active_since(provider) >= settle
        assert starts(provider) == 1


@pytest.mark.parametrize("part", list(Stale), ids=lambda part: part.name)
def test_stale_descriptions_never_make_a_restoring_delete_too_early(part: Stale) -> None:
    """Promise 1, for a Delete: as OnDelete says, and waited for."""
    provider = made()
    ok(send(provider, create()))
    provider.clock.sleep(60)
    settings = provider.kinesis.settings
    settings.updating, settings.stale, settings.stale_part = 8.0, 4.9, part
    ok(send(provider, delete()))
    assert (provider.kinesis.streams["orders"].status, provider.key_of(), stops(provider)) == (ACTIVE, None, 1)


def test_a_delete_right_after_a_start_is_not_fooled_by_a_stale_description() -> None:
    """Promises 1 and 3: the description says "nothing to undo"; the record says otherwise."""
    provider = made()
    settings = provider.kinesis.settings
    settings.stale, settings.updating = 3.0, 0.5
    ok(send(provider, create({**ONE, "SettleSeconds": "0"})))
    ok(send(provider, delete()))
    provider.clock.sleep(60)
    assert provider.key_of() is None


def test_a_stream_that_is_resharded_for_half_an_hour_is_waited_for() -> None:
    """Error ResourceInUse: wait for ACTIVE, as long as the time that is left allows it."""
    provider = made()
    provider.kinesis.people.reshard("orders", 700)
    ok(send(provider, create()))
    assert provider.key_of() == provider.one.arn


def test_a_stream_in_creation_is_waited_for() -> None:
    """Error ResourceInUse: CREATING."""
    provider = made()
    provider.kinesis.add_stream("orders", creating=40)
    ok(send(provider, create()))
    (call,) = provider.kinesis.calls.named("StartStreamEncryption")
    assert call.at >= 40 + provider.kinesis.calls[0].at


def test_verify_puts_one_record_when_all_is_well() -> None:
    """Property Verify: consumers see it, so it is one small record, after SettleSeconds."""
    provider = made()
    ok(send(provider, create({**ONE, "Verify": "true"})))
    (put,) = provider.kinesis.calls.named("PutRecord")
    assert put.at - active_since(provider) >= 5


@pytest.mark.parametrize("properties", [ONE, {**ONE, "Verify": "false"}], ids=["left out", "false"])
def test_no_record_is_put_unless_it_is_asked_for(properties: dict[str, str]) -> None:
    """Property Verify: off by default, since consumers will see the record."""
    provider = made()
    ok(send(provider, create(properties)))
    assert not provider.kinesis.calls.named("PutRecord")


def test_verify_goes_on_while_records_are_still_unencrypted() -> None:
    """Property Verify: SUCCESS only once a record came back encrypted."""
    provider = made()
    provider.kinesis.settings.settling = 20
    ok(send(provider, create({**ONE, "Verify": "true"})))
    assert provider.kinesis.history[-1].why == "settled"
    assert 2 <= len(provider.kinesis.calls.named("PutRecord")) <= 6


def test_verify_fails_when_records_stay_unencrypted() -> None:
    """Property Verify and error NotVerified: after a minute."""
    provider = made()
    provider.kinesis.settings.settling = 10_000
    failed(send(provider, create({**ONE, "Verify": "true"})), "NotVerified")
    assert 60 <= provider.clock.now() - active_since(provider) <= 90


def test_verify_that_is_throttled_only_takes_longer() -> None:
    """Property Verify: a full shard is no fault of the encryption."""
    provider = made()
    provider.kinesis.faults.fail_next("PutRecord", Kind.PROVISIONED_THROUGHPUT, times=3)
    ok(send(provider, create({**ONE, "Verify": "true"})))
