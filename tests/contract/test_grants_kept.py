"""Grants that a Delete leaves with the stream's key: until no data record and no deletion can need them any more."""

import pytest

from tests.builders import STREAM_NAME
from tests.contract.granting import BOTH, OTHER, READER, WRITER, calls, may_read, may_write, named
from tests.contract.stories import RENAMED, THEY, create, delete, failed, made, ok, send, update
from tests.provider import Provider
from tests.watch.watched import Watched

KEEP = named(BOTH, OnDelete="Keep")
NO_LISTS = named(BOTH, Producers=None, Consumers=None)
THIRD = {**THEY, "LogicalResourceId": "Third"}


@pytest.fixture
def provider() -> Provider:
    """The provider, and a stream that is not encrypted."""
    return made()


def look(watched: Watched) -> None:
    """Have the watch look two days later, and revoke what is due."""
    watched.clock.sleep(2 * 86_400)
    watched.round()
    for name in [one.name for one in watched.states.executions.values() if not one.done]:
        watched.states.play(watched.deliver, name)


def test_a_delete_that_keeps_the_key_keeps_its_grants(provider: Provider) -> None:
    """Grants: whoever takes the stream over later with this key does not take them away either."""
    keep = named(BOTH, OnDelete="Keep")
    ok(send(provider, create(keep)))
    calls(provider)
    answer = ok(send(provider, delete(keep)))
    assert (calls(provider), "keep their grants" in answer["Reason"]) == ([], False)
    adopted = named(BOTH, Producers=None, Consumers=None)
    ok(send(provider, create(adopted, **THEY)))
    assert (may_write(provider), may_read(provider)) == (True, True)
    changed = named(adopted, KeyId="alias/two")
    ok(send(provider, update(changed, adopted, **THEY)))
    assert (may_write(provider), may_read(provider)) == (True, True)  # their Delete would bring the key back
    ok(send(provider, delete(named(changed, OnDelete="Keep"), **THEY)))
    assert (may_write(provider), may_read(provider)) == (False, True)


@pytest.mark.parametrize("first", ["deleted before", "deleted after"])
def test_a_kept_key_that_a_delete_brings_back_still_has_its_grants(first: str) -> None:
    """Promise 3: a stack that was rolled back, or a takeover that ended, has taken nobody's access away."""
    provider = made()
    keep = named(BOTH, OnDelete="Keep")
    theirs = named(BOTH, Producers=None, Consumers=None, KeyId="alias/two", Takeover="true")
    ok(send(provider, create(keep)))
    if first == "deleted before":
        ok(send(provider, delete(keep)))
    ok(send(provider, create(theirs, **THEY)))
    if first == "deleted after":
        ok(send(provider, delete(keep)))
    assert provider.key_of() == provider.two.arn
    provider.clock.sleep(90000)
    ok(send(provider, delete(theirs, **THEY)))
    assert (provider.key_of(), may_write(provider), may_read(provider)) == (provider.one.arn, True, True)


def test_a_restore_that_is_skipped_keeps_the_grants(provider: Provider) -> None:
    """Promise 7: the stream keeps the key that it has, and its users their access."""
    provider = made(key_id="alias/three")
    ok(send(provider, create(BOTH)))
    three = provider.kms.find("alias/three")
    assert three
    three.state = "Disabled"
    ok(send(provider, delete(BOTH)))
    assert (provider.key_of(), may_write(provider), may_read(provider)) == (provider.one.arn, True, True)


@pytest.mark.parametrize("why", ["Keep", "skipped"])
def test_a_key_that_stays_although_another_resource_is_in_force_again_keeps_its_grants(why: str) -> None:
    """Grants, and promise 7: as found, the producers lost their access to the key that the stream still had."""
    provider = made()
    ok(send(provider, create({"StreamName": STREAM_NAME, "KeyId": "alias/two"}, **THEY)))
    taken = named(BOTH, Takeover="true", OnDelete="Keep" if why == "Keep" else "Restore")
    ok(send(provider, create(taken)))
    provider.two.state = "Disabled" if why == "skipped" else "Enabled"
    ok(send(provider, delete(taken)))
    assert (provider.key_of(), may_write(provider), may_read(provider)) == (provider.one.arn, True, True)
    provider.two.state = "Enabled"
    provider.clock.sleep(60)
    theirs = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}
    ok(send(provider, update(theirs, theirs, **THEY)))
    assert (provider.key_of(), may_write(provider), may_read(provider)) == (provider.two.arn, False, True)


@pytest.mark.parametrize(("on_delete", "owner"), [("Stop", THEY), ("Restore", THEY), ("Keep", RENAMED)])
def test_a_kept_key_that_the_resource_below_wants_still_has_its_grants(on_delete: str, owner: dict[str, str]) -> None:
    """Promise 3: the Delete above brings that key back, although neither claim would restore it as its found key."""
    watched = Watched()
    ok(send(watched, create(KEEP)))
    ok(send(watched, delete(KEEP)))
    below = named(NO_LISTS, OnDelete="Stop")
    ok(send(watched, create(below)))
    above = named(below, KeyId="alias/two", OnDelete=on_delete, Takeover="true")
    ok(send(watched, create(above, **owner)))
    look(watched)
    ok(send(watched, delete(above, **owner)))
    assert (watched.key_of(), may_write(watched), may_read(watched)) == (watched.one.arn, True, True)


def test_a_kept_key_that_two_deletions_bring_back_still_has_its_grants() -> None:
    """Promise 3: the claim above inherits what the removed claim had found."""
    watched = Watched()
    ok(send(watched, create(KEEP)))
    middle = named(NO_LISTS, KeyId="alias/two", OnDelete="Stop", Takeover="true")
    ok(send(watched, create(middle, **THEY)))
    above = named(middle, OnDelete="Restore")
    ok(send(watched, create(above, **THIRD)))
    ok(send(watched, delete(KEEP)))
    look(watched)
    ok(send(watched, delete(middle, **THEY)))
    ok(send(watched, delete(above, **THIRD)))
    assert (watched.key_of(), may_write(watched), may_read(watched)) == (watched.one.arn, True, True)


def test_an_update_that_fails_takes_a_kept_grant_from_nobody(provider: Provider) -> None:
    """Promise 3: its rollback leaves the grants that a Delete had left before."""
    ok(send(provider, create(KEEP)))
    ok(send(provider, delete(KEEP)))
    theirs = named(KEEP, Producers=None, Consumers=None)
    ok(send(provider, create(theirs, **THEY)))
    provider.kms.grants.unknown_principals.add(OTHER)
    more = named(theirs, Producers=[WRITER, OTHER], Consumers=[READER])
    failed(send(provider, update(more, theirs, **THEY)), "PrincipalUnknown")
    ok(send(provider, update(theirs, more, **THEY)))
    assert (may_write(provider), may_read(provider)) == (True, True)
    adopted = named(more, Producers=[WRITER])
    ok(send(provider, update(adopted, theirs, **THEY)))
    ok(send(provider, update(theirs, adopted, **THEY)))
    assert not may_write(provider)  # The resource had it, and a producer's grant ends with the last resource.
