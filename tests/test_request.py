"""A request: the goals that it means, the time that it leaves, and the id that it is answered with."""

from collections.abc import Mapping
from typing import Any

import pytest

from stream_encryption.converge import Progress
from stream_encryption.errors import InvalidProperties, InvalidRequest
from stream_encryption.memory import Memory
from stream_encryption.model import (
    Attributes,
    Ensure,
    OnDelete,
    Owner,
    Release,
    Stream,
    StreamRef,
    StreamStatus,
)
from stream_encryption.request import MARKER, Request, margin
from tests.builders import (
    LOGICAL_ID,
    SECRET,
    STACK_ID,
    STREAM_ARN,
    create_event,
    delete_event,
    update_event,
)
from tests.fake_clock import NEW_YEAR_2026

NOW = NEW_YEAR_2026 + 0.75
OWNER = Owner(STACK_ID, LOGICAL_ID)
ISSUED = NEW_YEAR_2026
OTHER_ARN = STREAM_ARN.replace("orders", "payments")
MARKER_ID = f"{MARKER}platform-encryption/{LOGICAL_ID}"
INVENTED_ID = "platform-encryption-Encryption-1ABC2DEF3GHIJ"


def of(event: Mapping[str, Any], now: float = NOW) -> Request:
    """Read an event that was issued just now: the builders' URL expires two hours after New Year."""
    return Request.of(event, now)


def settled(arn: str | None) -> Progress:
    """What the loop hands back: nothing left to do, and the stream, unless it was a Delete."""
    if arn is None:
        return Progress((), Memory(since=NOW))
    stream = Stream(arn.rpartition("/")[2], arn, StreamStatus.ACTIVE, "alias/one")
    return Progress((), Memory(since=NOW), Attributes(stream, "key", None))


@pytest.mark.parametrize("request_type", [None, "", "create", "Read", "CREATE"])
def test_a_request_of_no_known_type_is_refused_with_the_three(request_type: str | None) -> None:
    """The protocol: Create, Update, Delete."""
    with pytest.raises(InvalidRequest, match=r"RequestType .* is not one of Create, Update, Delete\."):
        of(create_event(RequestType=request_type))


@pytest.mark.parametrize(
    "stack_id",
    [None, "", "platform-encryption", 7, STACK_ID.replace(":cloudformation:", ":s3:"), STACK_ID.rpartition("/")[0]],
)
def test_a_request_from_no_stack_is_refused(stack_id: Any) -> None:
    """The record on a stream names its owner's stack: without one nothing may be done."""
    with pytest.raises(InvalidRequest, match=r"StackId .* is not the ARN of a stack\."):
        of(create_event(StackId=stack_id))


@pytest.mark.parametrize("logical_id", [None, "", 7, " ", "a b", "Encryption\n", "E" * 256, "\N{SNAKE}"])
def test_a_request_for_no_resource_is_refused(logical_id: Any) -> None:
    """The record on a stream names its owner's logical id, in a tag: what a tag can't hold is no name."""
    with pytest.raises(InvalidRequest, match=r"(?s)LogicalResourceId .* is not the name of a resource"):
        of(create_event(LogicalResourceId=logical_id))


@pytest.mark.parametrize("request_id", [None, "", 7])
def test_a_request_without_an_id_is_refused(request_id: Any) -> None:
    """CloudFormation could not tell what the answer is to, so nothing may be done for it."""
    with pytest.raises(InvalidRequest, match=r"no RequestId"):
        of(create_event(RequestId=request_id))


@pytest.mark.parametrize("event", [update_event, delete_event])
@pytest.mark.parametrize("physical_id", [None, "", ["x"]])
def test_an_update_or_delete_of_nothing_is_refused(event: Any, physical_id: Any) -> None:
    """The protocol: both say of which resource; without that, a Delete would go by the properties alone."""
    with pytest.raises(InvalidRequest, match=r"has no PhysicalResourceId"):
        of(event(PhysicalResourceId=physical_id))


def test_a_stack_in_another_partition_is_a_stack_too() -> None:
    """aws-cn spells its ARNs in its own way."""
    request = of(create_event(StackId=STACK_ID.replace("arn:aws:", "arn:aws-cn:")))
    assert request.owner.stack_name == "platform-encryption"


def test_a_request_does_not_hold_its_response_url() -> None:
    """Promise 8: what is handed around and may be shown in an error has no secret, nor a template's values."""
    request = of(create_event({"StreamName": "orders", "KeyId": "alias/one"}))
    assert SECRET not in repr(request)
    assert "alias/one" not in repr(request)


@pytest.mark.parametrize("field", ["ResourceProperties", "OldResourceProperties"])
@pytest.mark.parametrize("value", [None, [], "x", 7])
def test_properties_that_are_none_are_no_properties(field: str, value: Any) -> None:
    """Whatever an event holds, a Delete can be answered."""
    request = of({**update_event(), field: value})
    assert (request.properties if field == "ResourceProperties" else request.old_properties) == {}


# When it was issued, and until when it has to be answered.


def url(query: str) -> dict[str, Any]:
    """A Create with a ResponseURL of this query."""
    return create_event(ResponseURL=f"https://host/path?{query}")


@pytest.mark.parametrize(
    ("query", "issued_at"),
    [
        (f"Expires={NEW_YEAR_2026 + 7200 - 100:.0f}&Signature=x", NEW_YEAR_2026 - 100),
        ("X-Amz-Date=20251231T235900Z&X-Amz-Expires=7200", NEW_YEAR_2026 - 60),
        ("X-Amz-Date=20251231T235900Z&Expires=0", NEW_YEAR_2026 - 60),
        (f"Expires={NEW_YEAR_2026 + 7200 + 100:.0f}", NEW_YEAR_2026),
        ("X-Amz-Date=20991231T000000Z", NEW_YEAR_2026),
        ("X-Amz-Date=yesterday", NEW_YEAR_2026),
        ("Expires=soon", NEW_YEAR_2026),
        ("Expires=nan", NEW_YEAR_2026),
        ("Expires=inf", NEW_YEAR_2026),
        ("Expires=-1e308", NEW_YEAR_2026),
        (f"Expires=-{'9' * 300}", 0),
        ("X-Amz-Date=00010101T000000Z", 0),
        ("Signature=x", NEW_YEAR_2026),
        ("", NEW_YEAR_2026),
    ],
    ids=[
        "version 2",
        "version 4",
        "version 4 first",
        "version 2, ahead",
        "version 4, ahead",
        "version 4, unreadable",
        "version 2, unreadable",
        "no number",
        "no end",
        "far past",
        "farther past",
        "the first day of all",
        "neither",
        "no query",
    ],
)
def test_a_request_was_issued_when_its_url_was_signed_else_now_in_whole_seconds(query: str, issued_at: float) -> None:
    """Promise 2: a request that was late in coming leaves less time; tags tell whole seconds, so it does too."""
    assert of(url(query)).issued_at == issued_at


@pytest.mark.parametrize("response_url", [None, 7, "https://[", "x"])
def test_a_url_that_tells_no_time_means_now(response_url: Any) -> None:
    """What can't be read must not keep a request from being answered."""
    assert of({**create_event(), "ResponseURL": response_url}).issued_at == NEW_YEAR_2026


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        (None, 3580),
        ("3600", 3580),
        ("9999", 3580),
        ("600", 580),
        ("80", 60),
        ("79", 59.25),
        ("60", 45),
        ("4", 3),
        ("1", 0.75),
        ("0", 0.75),
        ("soon", 3580),
        ("-1", 3580),
        ("10000", 3580),
        (60, 3580),
        ("", 3580),
    ],
)
def test_the_deadline_is_the_service_timeout_less_a_margin(timeout: Any, seconds: float) -> None:
    """The contract: ServiceTimeout less a margin; 1 to 3600 s, 3600 unless said. Each request is answered in time."""
    properties = {"StreamName": "orders"} | ({} if timeout is None else {"ServiceTimeout": timeout})
    assert of(create_event(properties)).deadline == ISSUED + seconds


def test_the_margin_is_20_seconds_or_a_quarter_where_there_is_little() -> None:
    """Something has to be left for the answer, and something for the work."""
    assert [margin(seconds) for seconds in (3600, 80, 40, 4)] == [20, 20, 10, 1]


# The id that a failure and a success are answered with.


@pytest.mark.parametrize(
    ("event", "failed_id"),
    [
        (create_event(), MARKER_ID),
        (create_event(PhysicalResourceId=STREAM_ARN), MARKER_ID),
        (update_event(), STREAM_ARN),
        (update_event({"StreamName": "payments"}), STREAM_ARN),
        (delete_event(), STREAM_ARN),
        (delete_event(PhysicalResourceId=INVENTED_ID), INVENTED_ID),
    ],
)
def test_a_failure_answers_the_id_that_cloudformation_has_or_the_marker(event: Any, failed_id: str) -> None:
    """The protocol: a FAILED Update has to answer the OLD id; a FAILED Create a marker whose Delete is harmless."""
    assert of(event).failed_id == failed_id


@pytest.mark.parametrize(
    ("event", "arn", "settled_id"),
    [
        (create_event(), STREAM_ARN, STREAM_ARN),
        (create_event({"StreamARN": STREAM_ARN}), STREAM_ARN, STREAM_ARN),
        (update_event(), STREAM_ARN, STREAM_ARN),
        (update_event({"StreamName": "payments"}), OTHER_ARN, OTHER_ARN),
        (update_event(PhysicalResourceId=INVENTED_ID), STREAM_ARN, STREAM_ARN),
        (delete_event(), None, STREAM_ARN),
        (delete_event(PhysicalResourceId=INVENTED_ID), None, INVENTED_ID),
        # After a Delete the id never changes, whatever was found.
        (delete_event(PhysicalResourceId=INVENTED_ID), STREAM_ARN, INVENTED_ID),
    ],
)
def test_a_success_answers_the_stream_s_arn_and_a_delete_what_it_was_given(
    event: Any, arn: str | None, settled_id: str
) -> None:
    """The contract: the PhysicalResourceId names the stream, so that from StreamName to StreamARN is no replacement."""
    assert of(event).settled_id(settled(arn)) == settled_id


def test_an_update_of_the_same_stream_answers_the_very_id_that_it_was_given() -> None:
    """Any other spelling would be a replacement: CloudFormation compares ids as strings."""
    given = STREAM_ARN.replace("arn:aws:", "arn:aws-cn:")
    assert of(update_event(PhysicalResourceId=given)).settled_id(settled(STREAM_ARN)) == given


# What a request means.


def test_a_create_ensures_what_its_properties_say() -> None:
    """Each property reaches the goal; nothing that this resource did before is evidence of anything."""
    properties = {
        "StreamARN": STREAM_ARN,
        "KeyId": "alias/one",
        "SettleSeconds": "9",
        "Verify": "true",
        "Takeover": "true",
    }
    ref = StreamRef("orders", STREAM_ARN)
    assert of(create_event(properties)).goals() == (
        Ensure(ref, OWNER, ISSUED, "alias/one", settle_seconds=9, verify=True, takeover=True, evidence_key=None),
    )
    assert of(create_event()).goals() == (Ensure(StreamRef("orders"), OWNER, ISSUED, "alias/aws/kinesis"),)


@pytest.mark.parametrize("event", [create_event({}), update_event({})])
def test_a_create_or_update_with_faulty_properties_means_nothing(event: Any) -> None:
    """The contract: all that is wrong is reported, nothing is done."""
    with pytest.raises(InvalidProperties):
        of(event).goals()


@pytest.mark.parametrize(
    ("old", "physical_id", "evidence"),
    [
        ({"StreamName": "orders", "KeyId": "alias/one"}, STREAM_ARN, "alias/one"),
        ({"StreamName": "orders"}, STREAM_ARN, "alias/aws/kinesis"),
        ({"StreamName": "orders", "KeyId": "alias/one"}, OTHER_ARN, None),
        ({"StreamName": "orders", "KeyId": "alias/one"}, INVENTED_ID, None),
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
        "nothing held",
        "back from a replacement: its key was the other stream's",
        "of a third stream",
        "back from no stream's name",
        "back from no key",
        "back from an unknown property: it was refused as a whole",
        "back from nothing",
    ],
)
def test_an_update_of_the_stream_it_holds_knows_the_key_that_it_gave(
    old: dict[str, str], physical_id: str, evidence: str | None
) -> None:
    """Promise 3: without tags, only this very stream's id and the key that it was last given speak for it."""
    now = {"StreamName": "orders", "KeyId": "alias/now"}
    (*_, goal) = of(update_event(now, old, PhysicalResourceId=physical_id)).goals()
    assert isinstance(goal, Ensure)
    assert goal.evidence_key == evidence


def test_a_rollback_from_what_was_refused_calls_nothing_off() -> None:
    """Promise 4: a replacement whose properties were never valid did nothing, and may do nothing any more."""
    tried = {**TRIED, "KeyId": "!"}
    release, _ = of(update_event(HELD, tried)).goals()
    assert release == Release(StreamRef("payments"), OWNER, ISSUED, overtaking=False, best_effort=True)


TRIED = {"StreamName": "payments"}
HELD = {"StreamName": "orders"}


def test_an_update_back_to_the_stream_that_is_held_first_releases_the_one_that_was_tried() -> None:
    """The contract: an attempted replacement failed and is rolled back: the stream that was tried is put back."""
    tried, held = of(update_event(HELD, TRIED)).goals()
    assert tried == Release(StreamRef("payments"), OWNER, ISSUED, overtaking=True, best_effort=True)
    assert isinstance(held, Ensure)
    assert held.stream == StreamRef("orders")


@pytest.mark.parametrize(
    "event",
    [
        update_event(HELD, HELD),
        update_event(TRIED, HELD),
        update_event(TRIED, TRIED),
        update_event(HELD, TRIED, PhysicalResourceId=INVENTED_ID),
        update_event(HELD, TRIED, PhysicalResourceId=OTHER_ARN),
        update_event(HELD, {"StreamName": "payments!"}),
        update_event({"StreamARN": STREAM_ARN}, HELD),
        create_event(HELD, PhysicalResourceId=STREAM_ARN, OldResourceProperties=TRIED),
    ],
    ids=[
        "in place",
        "replacement",
        "third stream held",
        "nothing held",
        "the other held",
        "no stream tried",
        "by ARN",
        "create",
    ],
)
def test_any_other_update_releases_nothing(event: Any) -> None:
    """Promise 3: a stream is put back only where an Update goes back to the stream that CloudFormation holds."""
    assert [type(goal) for goal in of(event).goals()] == [Ensure]


def test_a_delete_releases_the_stream_of_its_id_with_the_key_of_its_properties() -> None:
    """Promise 3: its PhysicalResourceId is this stream's, so the key in its properties is evidence."""
    event = delete_event({"StreamName": "payments", "KeyId": "alias/one", "OnDelete": "Stop"})
    assert of(event).goals() == (
        Release(StreamRef("orders", STREAM_ARN), OWNER, ISSUED, OnDelete.STOP, evidence_key="alias/one"),
    )


def test_a_delete_with_an_invented_id_may_have_overtaken_its_create() -> None:
    """The protocol: CloudFormation cancels a Create and sends Delete with an id of its own: call that Create off."""
    event = delete_event({"StreamName": "orders", "KeyId": "alias/one"}, PhysicalResourceId=INVENTED_ID)
    assert of(event).goals() == (
        Release(StreamRef("orders"), OWNER, ISSUED, OnDelete.RESTORE, overtaking=True, best_effort=True),
    )


def test_a_delete_of_a_failed_create_goes_by_the_tags_alone() -> None:
    """Promise 7: that Create has answered, so there is nothing to call off; what it left on the stream is undone."""
    event = delete_event({"StreamName": "orders"}, PhysicalResourceId=MARKER_ID)
    assert of(event).goals() == (
        Release(StreamRef("orders"), OWNER, ISSUED, OnDelete.RESTORE, overtaking=False, best_effort=True),
    )


@pytest.mark.parametrize("properties", [{}, {"StreamName": "orders!"}, {"StreamName": ["orders"]}])
@pytest.mark.parametrize("physical_id", [MARKER_ID, INVENTED_ID])
def test_a_delete_that_names_no_stream_means_nothing(properties: dict[str, Any], physical_id: str) -> None:
    """Promise 7: properties that were never valid are nothing to undo."""
    assert of(delete_event(properties, PhysicalResourceId=physical_id)).goals() == ()
