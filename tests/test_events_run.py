"""The files in events/, each played through the whole provider: one valid response with the expected status."""

import pytest

from tests.provider import Provider
from tests.test_events import EVENTS

STATUS = {
    "create": "SUCCESS",
    "create-by-arn": "SUCCESS",
    "create-with-every-property": "SUCCESS",
    "update-key": "SUCCESS",
    "update-to-another-stream": "SUCCESS",
    "update-rollback": "SUCCESS",
    "delete": "SUCCESS",
    "delete-of-a-failed-create": "SUCCESS",
    "delete-that-overtakes-create": "SUCCESS",
    "bad-every-fault": "FAILED",
    "bad-key-is-missing": "FAILED",
    "bad-names-disagree": "FAILED",
    "bad-no-stream": "FAILED",
    "bad-stream-is-missing": "FAILED",
}


class EventsAccount(Provider):
    """The account of the files in events/, with its streams and its key."""

    def __init__(self) -> None:
        """Make the streams and the keys."""
        super().__init__(stream=False)
        self.kms.wire.account = "000000000000"
        self.kms.add_key("alias/orders")
        self.kms.add_key("alias/aws/kinesis", manager="AWS")
        self.kinesis.add_stream("orders")
        self.kinesis.add_stream("payments")


def test_every_event_has_its_expected_status_here() -> None:
    """A file that is added to events/ comes with its expected status."""
    assert set(STATUS) == set(EVENTS)


@pytest.mark.parametrize("name", STATUS)
def test_an_event_gets_one_valid_response_with_its_status(name: str) -> None:
    """The protocol: ids verbatim, an id that is there, a Reason on FAILED, 4,096 bytes at most."""
    provider, event = EventsAccount(), EVENTS[name]
    response = provider.handle(event)
    assert response["Status"] == STATUS[name], response["Reason"]
    copied = ("StackId", "RequestId", "LogicalResourceId")
    assert [response[field] for field in copied] == [event[field] for field in copied]
    assert 1 <= len(response["PhysicalResourceId"]) <= 1024
    assert len(provider.bucket.requests[-1].body) <= 4096
    assert response["Reason"] or response["Status"] == "SUCCESS"
    if response["Status"] == "FAILED":
        assert provider.changes() == []


@pytest.mark.parametrize("name", [name for name in STATUS if STATUS[name] == "SUCCESS"])
def test_a_success_has_the_id_that_cloudformation_expects(name: str) -> None:
    """The protocol: only a Create and a replacement have a new id, the stream's ARN."""
    provider, event = EventsAccount(), EVENTS[name]
    stream = "payments" if name == "update-to-another-stream" else "orders"
    new = event["RequestType"] == "Create" or stream == "payments"
    expected = provider.kinesis.streams[stream].arn if new else event["PhysicalResourceId"]
    assert provider.handle(event)["PhysicalResourceId"] == expected


def test_the_events_in_the_order_of_a_life_leave_both_streams_as_they_were() -> None:
    """Promise 3: Create, another key, another stream, back again, Delete."""
    provider = EventsAccount()
    for name in ("create", "update-key", "update-to-another-stream", "update-rollback", "delete"):
        response = provider.handle(EVENTS[name])
        assert response["Status"] == "SUCCESS", f"{name}: {response['Reason']}"
    assert (provider.key_of("orders"), provider.key_of("payments")) == (None, None)
    records = [provider.record_of(name) for name in ("orders", "payments")]
    assert [record["claims"] for record in records if record] == [[], []]
