"""The goals of a request: what a Create, an Update and a Delete want of which stream."""

from typing import Any

import pytest

from stream_encryption.cloudformation.request import MARKER, Request
from stream_encryption.cloudformation.response_url import digest_of
from stream_encryption.errors import InvalidProperties
from stream_encryption.reconcile.goals import Access, Ensure, Goal, Properties, Release
from stream_encryption.record.requests import RequestStamp
from stream_encryption.values import OnDelete, Owner, StreamRef
from tests.builders import (
    ACCOUNT,
    INVENTED_ID,
    LOGICAL_ID,
    RESPONSE_URL,
    STACK_ID,
    STREAM_ARN,
    create_event,
    delete_event,
    update_event,
)
from tests.fake_clock import NEW_YEAR_2026

OWNER = Owner(STACK_ID, LOGICAL_ID)
STAMP = RequestStamp(int(NEW_YEAR_2026), digest_of(RESPONSE_URL))
OTHER_ARN = STREAM_ARN.replace("orders", "payments")
FAILED_CREATE = f"{MARKER}platform-encryption/{LOGICAL_ID}/0123456789abcdef"
ORDERS, PAYMENTS = {"StreamName": "orders"}, {"StreamName": "payments"}


def goals(event: dict[str, Any]) -> tuple[Goal, ...]:
    """Read an event that was issued just now, and return its goals."""
    return Request.of(event, NEW_YEAR_2026).goals()


def test_a_create_ensures_what_its_properties_say() -> None:
    """The contract's table of properties: each one reaches the goal."""
    properties = {
        "StreamARN": STREAM_ARN,
        "KeyId": "alias/one",
        "OnDelete": "Stop",
        "SettleSeconds": "9",
        "Verify": "true",
        "Takeover": "true",
    }
    assert goals(create_event(properties)) == (
        Ensure(
            Properties(
                StreamRef("orders", STREAM_ARN),
                "alias/one",
                on_delete=OnDelete.STOP,
                settle_seconds=9,
                verify=True,
                takeover=True,
            ),
            OWNER,
            STAMP,
            creates=True,
            last_key_id=None,
        ),
    )
    assert goals(create_event()) == (Ensure(Properties(StreamRef("orders")), OWNER, STAMP, creates=True),)


def test_producers_and_consumers_are_for_a_provider_that_may_make_grants() -> None:
    """Grants: the parameter AllowGrants decides; without it, as `plan` asks, they are allowed."""
    access = Access((f"arn:aws:iam::{ACCOUNT}:role/writer",))
    request = Request.of(
        create_event({**ORDERS, "KeyId": "alias/one", "Producers": list(access.producers)}), NEW_YEAR_2026
    )
    wanted = Ensure(Properties(StreamRef("orders"), "alias/one", access=access), OWNER, STAMP, creates=True)
    assert request.goals() == request.goals(allow_grants=True) == (wanted,)
    with pytest.raises(InvalidProperties, match="AllowGrants"):
        request.goals(allow_grants=False)


@pytest.mark.parametrize(
    ("physical_id", "failed_create"),
    [(FAILED_CREATE, "0123456789abcdef"), (INVENTED_ID, None), (STREAM_ARN, None)],
    ids=["a failed Create's id", "an invented id", "the stream's ARN"],
)
def test_an_update_says_under_which_failed_creates_id_it_came(physical_id: str, failed_create: str | None) -> None:
    """Rule 8: the Delete of that Create supersedes the Update."""
    (goal,) = goals(update_event(ORDERS, ORDERS, PhysicalResourceId=physical_id))
    assert isinstance(goal, Ensure)
    assert goal.failed_create == failed_create


@pytest.mark.parametrize("event", [create_event({}), update_event({})])
def test_a_create_or_update_with_invalid_properties_has_no_goals(event: Any) -> None:
    """The contract: all faults are reported, and nothing is done."""
    with pytest.raises(InvalidProperties):
        goals(event)


@pytest.mark.parametrize(
    ("old", "physical_id", "last_key_id"),
    [
        ({"StreamName": "orders", "KeyId": "alias/one"}, STREAM_ARN, "alias/one"),
        ({"StreamName": "orders"}, STREAM_ARN, "alias/aws/kinesis"),
        ({"StreamName": "orders", "KeyId": "alias/one"}, OTHER_ARN, None),
        ({"StreamName": "orders", "KeyId": "alias/one"}, INVENTED_ID, None),
        ({"StreamName": "orders", "KeyId": "alias/one"}, FAILED_CREATE, None),
        ({"StreamName": "payments", "KeyId": "alias/one"}, STREAM_ARN, "alias/now"),
        ({"StreamName": "payments", "KeyId": "alias/one"}, OTHER_ARN, None),
        ({"StreamName": "orders!", "KeyId": "alias/one"}, STREAM_ARN, "alias/now"),
        ({"StreamName": "orders", "KeyId": "!"}, STREAM_ARN, "alias/now"),
        ({"StreamName": "orders", "KeyId": "alias/one", "Nonsense": "x"}, STREAM_ARN, "alias/now"),
        ({}, STREAM_ARN, "alias/now"),
    ],
    ids=[
        "in place",
        "in place, the default key",
        "a replacement",
        "an invented id",
        "a failed Create's id",
        "back from a failed replacement: the old key was the other stream's",
        "a third stream",
        "back from an invalid stream",
        "back from an invalid key",
        "back from an unknown property",
        "back from no properties",
    ],
)
def test_an_update_in_place_knows_the_key_that_the_stream_was_last_given(
    old: dict[str, str], physical_id: str, last_key_id: str | None
) -> None:
    """Rule 6: where the record is lost, the id and the properties tell which key is this resource's own."""
    now = {"StreamName": "orders", "KeyId": "alias/now"}
    (*_, goal) = goals(update_event(now, old, PhysicalResourceId=physical_id))
    assert isinstance(goal, Ensure)
    assert (goal.last_key_id, goal.creates) == (last_key_id, False)


@pytest.mark.parametrize(
    ("tried", "stream"),
    [(PAYMENTS, StreamRef("payments")), ({"StreamARN": OTHER_ARN}, StreamRef("payments", OTHER_ARN))],
    ids=["by its name", "by its ARN"],
)
def test_a_rollback_of_a_replacement_first_releases_the_stream_that_was_tried(
    tried: dict[str, str], stream: StreamRef
) -> None:
    """Promise 3: CloudFormation never learnt of that stream, so it sends no Delete for it."""
    release, ensure = goals(update_event(ORDERS, tried))
    assert release == Release(stream, OWNER, STAMP, may_overlap=True, may_be_untouched=True)
    assert isinstance(ensure, Ensure)
    assert ensure.stream == StreamRef("orders")


def test_the_rollback_of_an_invalid_replacement_has_nothing_at_work_to_overtake() -> None:
    """Promise 4: a replacement with invalid properties did nothing, and does nothing any more."""
    release, _ = goals(update_event(ORDERS, {**PAYMENTS, "KeyId": "!"}))
    assert release == Release(StreamRef("payments"), OWNER, STAMP, may_overlap=False, may_be_untouched=True)


@pytest.mark.parametrize(
    "event",
    [
        update_event(ORDERS, ORDERS),
        update_event(PAYMENTS, ORDERS),
        update_event(PAYMENTS, PAYMENTS),
        update_event(ORDERS, PAYMENTS, PhysicalResourceId=INVENTED_ID),
        update_event(ORDERS, PAYMENTS, PhysicalResourceId=OTHER_ARN),
        update_event(ORDERS, {"StreamName": "payments!"}),
        update_event({"StreamARN": STREAM_ARN}, ORDERS),
        create_event(ORDERS, PhysicalResourceId=STREAM_ARN, OldResourceProperties=PAYMENTS),
    ],
    ids=[
        "in place",
        "a replacement",
        "another stream than the id's, in place",
        "an invented id",
        "the id is the other stream's",
        "no stream was tried",
        "from name to ARN",
        "a Create",
    ],
)
def test_no_other_update_releases_a_stream(event: Any) -> None:
    """Promise 3: only an Update that goes back to the stream of its PhysicalResourceId does."""
    assert [type(goal) for goal in goals(event)] == [Ensure]


def test_a_delete_releases_the_stream_of_its_id() -> None:
    """Promise 3: the id names this very stream, so that the key of the properties is this resource's own."""
    event = delete_event({"StreamName": "payments", "KeyId": "alias/one", "OnDelete": "Stop"})
    assert goals(event) == (
        Release(StreamRef("orders", STREAM_ARN), OWNER, STAMP, OnDelete.STOP, last_key_id="alias/one"),
    )


def test_a_delete_with_an_invented_id_may_overtake_its_create() -> None:
    """The protocol: CloudFormation cancels a Create and sends a Delete with an id that it invents."""
    event = delete_event({"StreamName": "orders", "KeyId": "alias/one"}, PhysicalResourceId=INVENTED_ID)
    release = Release(StreamRef("orders"), OWNER, STAMP, cancelled_create=True, may_overlap=True, may_be_untouched=True)
    assert goals(event) == (release,)


def test_the_delete_of_a_failed_create_releases_what_that_very_request_did() -> None:
    """Rule 8: a kept failed Create can be deleted after a new Create of the same resource."""
    event = delete_event(ORDERS, PhysicalResourceId=FAILED_CREATE)
    assert goals(event) == (
        Release(StreamRef("orders"), OWNER, STAMP, failed_create="0123456789abcdef", may_be_untouched=True),
    )


@pytest.mark.parametrize("physical_id", [FAILED_CREATE, INVENTED_ID], ids=["failed", "cancelled"])
@pytest.mark.parametrize(
    ("said", "meant"),
    [("Keep", OnDelete.KEEP), ("Restore", OnDelete.RESTORE), ("Stop", OnDelete.RESTORE), ("?", OnDelete.RESTORE)],
)
def test_stop_is_not_for_a_create_that_failed_or_was_cancelled(physical_id: str, said: str, meant: OnDelete) -> None:
    """Promise 3: it would end what others began; Keep ends nothing."""
    (goal,) = goals(delete_event({**ORDERS, "OnDelete": said}, PhysicalResourceId=physical_id))
    assert isinstance(goal, Release)
    assert goal.on_delete is meant


@pytest.mark.parametrize("physical_id", ["failed-create:", "failed-create:Encryption"])
def test_the_delete_of_a_create_that_could_not_be_read_releases_no_request_s_work(physical_id: str) -> None:
    """Rule 8: such a Create did nothing, and its id names no request."""
    (goal,) = goals(delete_event(ORDERS, PhysicalResourceId=physical_id))
    assert isinstance(goal, Release)
    assert goal.failed_create is not None
    assert len(goal.failed_create) != len(STAMP.digest)


@pytest.mark.parametrize("properties", [{}, {"StreamName": "orders!"}, {"StreamName": ["orders"]}])
@pytest.mark.parametrize("physical_id", [FAILED_CREATE, INVENTED_ID])
def test_a_delete_that_names_no_stream_has_no_goals(properties: dict[str, Any], physical_id: str) -> None:
    """Promise 7: nothing can have been done under invalid properties."""
    assert goals(delete_event(properties, PhysicalResourceId=physical_id)) == ()
