"""The files in events/, each run through the whole provider: one valid answer of the status that is expected."""

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
    """The account that the events' files speak of: its streams and its key, by the names in the files."""

    def __init__(self) -> None:
        """Have streams and keys of that account."""
        super().__init__(stream=False)
        self.kms.wire.account = "000000000000"
        self.kms.add_key("alias/orders")
        self.kms.add_key("alias/aws/kinesis", manager="AWS")
        self.kinesis.add_stream("orders")
        self.kinesis.add_stream("payments")


def test_every_event_has_its_expected_status_here() -> None:
    """A file that is added to events/ comes with what is to be answered to it."""
    assert set(STATUS) == set(EVENTS)


@pytest.mark.parametrize("name", STATUS)
def test_an_event_from_a_file_gets_one_valid_answer_of_its_status(name: str) -> None:
    """The protocol: ids verbatim, an id that is there, a Reason on FAILED, 4,096 bytes at most."""
    provider, event = EventsAccount(), EVENTS[name]
    answer = provider.handle(event)
    assert answer["Status"] == STATUS[name], answer["Reason"]
    copied = ("StackId", "RequestId", "LogicalResourceId")
    assert [answer[field] for field in copied] == [event[field] for field in copied]
    assert 1 <= len(answer["PhysicalResourceId"]) <= 1024
    assert len(provider.bucket.requests[-1].body) <= 4096
    assert answer["Reason"] or answer["Status"] == "SUCCESS"
    if answer["Status"] == "FAILED":
        assert provider.changes() == []


@pytest.mark.parametrize("name", [name for name in STATUS if STATUS[name] == "SUCCESS"])
def test_an_event_s_answer_bears_the_id_that_cloudformation_expects(name: str) -> None:
    """Only a Create and a replacement name a new one: the ARN of the stream in the properties."""
    provider, event = EventsAccount(), EVENTS[name]
    stream = "payments" if name == "update-to-another-stream" else "orders"
    new = event["RequestType"] == "Create" or stream == "payments"
    expected = provider.kinesis.streams[stream].arn if new else event["PhysicalResourceId"]
    assert provider.handle(event)["PhysicalResourceId"] == expected


def test_the_events_in_the_order_of_a_life_leave_both_streams_as_they_were() -> None:
    """Create, another key, another stream, back again, delete: the files tell one story."""
    provider = EventsAccount()
    for name in ("create", "update-key", "update-to-another-stream", "update-rollback", "delete"):
        answer = provider.handle(EVENTS[name])
        assert answer["Status"] == "SUCCESS", f"{name}: {answer['Reason']}"
    assert (provider.key_of("orders"), provider.key_of("payments")) == (None, None)
    assert (provider.tags_of("orders"), provider.tags_of("payments")) == ({}, {})
