"""A request: which events are one, its deadline, and the PhysicalResourceId of its response."""

from collections.abc import Mapping
from typing import Any

import pytest

from stream_encryption.cloudformation.event_validation import MAX_PHYSICAL_ID_BYTES
from stream_encryption.cloudformation.request import MARKER, Request, end_of, margin
from stream_encryption.cloudformation.response_url import digest_of
from stream_encryption.errors import InvalidRequest
from stream_encryption.reconcile.actions import Attributes
from stream_encryption.reconcile.progress import Progress
from stream_encryption.reconcile.state import State
from stream_encryption.record.requests import RequestStamp
from stream_encryption.values import Key, Stream, StreamRef, StreamStatus
from tests.builders import (
    INVENTED_ID,
    LOGICAL_ID,
    RESPONSE_URL,
    SECRET,
    STACK_ID,
    STREAM_ARN,
    LambdaContext,
    create_event,
    delete_event,
    update_event,
)
from tests.fake_clock import NEW_YEAR_2026, Clock

NOW = NEW_YEAR_2026 + 0.75
ISSUED = int(NEW_YEAR_2026)
OTHER_ARN = STREAM_ARN.replace("orders", "payments")
FAILED_CREATE = f"{MARKER}platform-encryption/{LOGICAL_ID}/{digest_of(RESPONSE_URL)}"


def of(event: Mapping[str, Any], now: float = NOW) -> Request:
    """Read an event that was issued just now: the builders' URL expires two hours after New Year."""
    return Request.of(event, now)


def reached(arn: str | None) -> Progress:
    """Make the progress of a request whose goals are reached; None: the stream was released."""
    if arn is None:
        return Progress((), State(since=NOW))
    stream = Stream(arn.rpartition("/")[2], arn, StreamStatus.ACTIVE, "alias/one")
    return Progress((), State(since=NOW), Attributes(stream, Key("alias/one", "arn"), None))


# Which events are a request.


@pytest.mark.parametrize("request_type", [None, "", "create", "Read", "CREATE"])
def test_an_unknown_request_type_is_refused_with_the_known_ones(request_type: str | None) -> None:
    """The protocol: Create, Update, Delete."""
    with pytest.raises(InvalidRequest, match=r"RequestType .*Create, Update, Delete"):
        of(create_event(RequestType=request_type))


@pytest.mark.parametrize(
    "stack_id",
    [None, "", "platform-encryption", 7, STACK_ID.replace(":cloudformation:", ":s3:"), STACK_ID.rpartition("/")[0]],
)
def test_a_stack_id_that_is_no_stack_s_arn_is_refused(stack_id: Any) -> None:
    """Promise 3: the record names the owner's stack."""
    with pytest.raises(InvalidRequest, match="StackId"):
        of(create_event(StackId=stack_id))


@pytest.mark.parametrize("logical_id", [None, "", 7, " ", "a b", "a/b", "Encryption\n", "E" * 256, "\N{SNAKE}", "é"])
def test_a_logical_id_that_no_template_can_have_is_refused(logical_id: Any) -> None:
    """Promise 3: the record names the owner's logical id."""
    with pytest.raises(InvalidRequest, match="LogicalResourceId"):
        of(create_event(LogicalResourceId=logical_id))


@pytest.mark.parametrize("request_id", [None, "", 7])
def test_a_request_without_an_id_is_refused(request_id: Any) -> None:
    """The protocol: CloudFormation could not tell which request the response is for."""
    with pytest.raises(InvalidRequest, match="RequestId"):
        of(create_event(RequestId=request_id))


@pytest.mark.parametrize("event", [update_event, delete_event])
@pytest.mark.parametrize("physical_id", [None, "", ["x"]])
def test_an_update_or_delete_without_a_physical_id_is_refused(event: Any, physical_id: Any) -> None:
    """Promise 3: without it a Delete would go by the properties alone."""
    with pytest.raises(InvalidRequest, match="PhysicalResourceId"):
        of(event(PhysicalResourceId=physical_id))


def test_a_stack_in_another_partition_is_a_stack_too() -> None:
    """ARNs in aws-cn and aws-us-gov begin in their own way."""
    request = of(create_event(StackId=STACK_ID.replace("arn:aws:", "arn:aws-cn:")))
    assert request.owner.stack_name == "platform-encryption"


def test_a_request_does_not_show_its_response_url_or_its_properties() -> None:
    """Promise 8: an error can show a request."""
    request = of(create_event({"StreamName": "orders", "KeyId": "alias/one"}))
    assert SECRET not in repr(request)
    assert "alias/one" not in repr(request)


@pytest.mark.parametrize("field", ["ResourceProperties", "OldResourceProperties"])
@pytest.mark.parametrize("value", [None, [], "x", 7])
def test_properties_that_are_no_map_count_as_none(field: str, value: Any) -> None:
    """Promise 7: a Delete is answered whatever its event holds."""
    request = of({**update_event(), field: value})
    assert (request.properties if field == "ResourceProperties" else request.old_properties) == {}


@pytest.mark.parametrize(
    ("event", "stream"),
    [
        (create_event(), StreamRef("orders")),
        (create_event({"StreamName": "orders!"}), None),
        (delete_event({"StreamName": "orders!"}), StreamRef("orders", STREAM_ARN)),
        (delete_event({}, PhysicalResourceId=FAILED_CREATE), None),
    ],
)
def test_the_stream_is_named_by_the_properties_or_else_by_the_id(event: Any, stream: StreamRef | None) -> None:
    """The log names the stream as far as it can be read."""
    assert of(event).stream == stream


# When it was issued, and its deadline.


def test_a_request_is_stamped_with_its_whole_second_and_a_digest_of_its_url() -> None:
    """Rule 3: both tell which of an owner's requests is the newest."""
    late = of(create_event(ResponseURL="https://host/path"), NEW_YEAR_2026 + 9.9)
    assert late.stamp == RequestStamp(ISSUED + 9, digest_of("https://host/path"))
    assert of(create_event()).stamp == RequestStamp(ISSUED, digest_of(RESPONSE_URL))
    assert of(create_event()).issued_at == of(create_event(), NOW + 600).issued_at == ISSUED


@pytest.mark.parametrize(
    ("timeout", "seconds", "unreadable"),
    [
        (None, 3580, None),
        ("3600", 3580, None),
        ("9999", 3580, None),
        ("600", 580, None),
        ("80", 60, None),
        ("79", 59.25, None),
        ("60", 45, None),
        ("4", 3, None),
        ("1", 0.75, None),
        ("0", 0.75, None),
        ("soon", 3580, "soon"),
        ("-1", 3580, "-1"),
        ("10000", 3580, "10000"),
        (60, 3580, "60"),
        ("", 3580, ""),
        ("x" * 99, 3580, "x" * 60),
    ],
)
def test_the_deadline_is_the_service_timeout_less_a_margin(
    timeout: Any, seconds: float, unreadable: str | None
) -> None:
    """The contract: ServiceTimeout less a margin. One that can't be read is told, so that the log can say so."""
    properties = {"StreamName": "orders"} | ({} if timeout is None else {"ServiceTimeout": timeout})
    request = of(create_event(properties))
    assert (request.deadline, request.unreadable_timeout) == (ISSUED + seconds, unreadable)


def test_the_margin_is_20_seconds_or_a_quarter_of_a_short_time() -> None:
    """Promise 2: there has to be time for the response, and some for the work."""
    assert [margin(seconds) for seconds in (3600, 80, 40, 4)] == [20, 20, 10, 1]


@pytest.mark.parametrize(("left", "works"), [(900, 880), (80, 60), (40, 30)])
def test_an_invocation_stops_work_before_lambda_ends_it(left: float, works: float) -> None:
    """Promise 2: there has to be time for the response."""
    clock = Clock()
    assert end_of(LambdaContext(clock, left), clock.now()) == clock.now() + works


# The PhysicalResourceId of a response.


@pytest.mark.parametrize(
    ("event", "failure_id"),
    [
        (create_event(), FAILED_CREATE),
        (create_event(PhysicalResourceId=STREAM_ARN), FAILED_CREATE),
        (update_event(), STREAM_ARN),
        (update_event({"StreamName": "payments"}), STREAM_ARN),
        (update_event(PhysicalResourceId=FAILED_CREATE), FAILED_CREATE),
        (delete_event(), STREAM_ARN),
        (delete_event(PhysicalResourceId=INVENTED_ID), INVENTED_ID),
    ],
)
def test_a_failure_has_the_id_that_cloudformation_knows(event: Any, failure_id: str) -> None:
    """The protocol: a FAILED Update gives the old id. Rule 8: a failed Create's id names that request."""
    assert of(event).failure_id == failure_id


def test_the_longest_names_leave_room_for_the_digest_in_a_failed_create_s_id() -> None:
    """Rule 8: the response cuts an id at 1,024 bytes, and the digest is at the end."""
    stack_id = STACK_ID.replace("platform-encryption", "p" * 128)
    failure_id = of(create_event(StackId=stack_id, LogicalResourceId="E" * 255)).failure_id
    assert failure_id.endswith(f"/{digest_of(RESPONSE_URL)}")
    assert len(failure_id.encode()) <= MAX_PHYSICAL_ID_BYTES


@pytest.mark.parametrize(
    ("event", "arn", "success_id"),
    [
        (create_event(), STREAM_ARN, STREAM_ARN),
        (create_event({"StreamARN": STREAM_ARN}), STREAM_ARN, STREAM_ARN),
        (update_event(), STREAM_ARN, STREAM_ARN),
        (update_event({"StreamName": "payments"}), OTHER_ARN, OTHER_ARN),
        (update_event(PhysicalResourceId=INVENTED_ID), STREAM_ARN, STREAM_ARN),
        (update_event(PhysicalResourceId=FAILED_CREATE), STREAM_ARN, STREAM_ARN),
        (delete_event(), None, STREAM_ARN),
        (delete_event(PhysicalResourceId=INVENTED_ID), None, INVENTED_ID),
        (delete_event(PhysicalResourceId=INVENTED_ID), STREAM_ARN, INVENTED_ID),
    ],
)
def test_a_success_has_the_stream_s_arn_and_a_delete_the_id_that_it_came_with(
    event: Any, arn: str | None, success_id: str
) -> None:
    """The contract: the id names the stream, so that a change from StreamName to StreamARN is no replacement."""
    assert of(event).success_id(reached(arn)) == success_id


def test_an_update_of_the_same_stream_keeps_the_id_as_it_is_spelled() -> None:
    """The protocol: CloudFormation compares ids as strings, and another one is a replacement."""
    given = STREAM_ARN.replace("arn:aws:", "arn:aws-cn:")
    assert of(update_event(PhysicalResourceId=given)).success_id(reached(STREAM_ARN)) == given
