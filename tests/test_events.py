"""The files in events/: requests as CloudFormation sends them, for the tests and for `sam local invoke -e`."""

import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from stream_encryption.cloudformation.properties import KNOWN, parse, stream_of_arn
from stream_encryption.cloudformation.request import Request
from stream_encryption.errors import InvalidProperties

EVENTS = {
    path.stem: json.loads(path.read_text()) for path in sorted(Path(__file__).parent.parent.glob("events/*.json"))
}
GOOD_CREATES = ("create", "create-by-arn", "create-with-every-property")
UPDATES = ("update-key", "update-to-another-stream", "update-rollback")

SENT_ALWAYS = {
    "RequestType",
    "ServiceToken",
    "ResponseURL",
    "StackId",
    "RequestId",
    "LogicalResourceId",
    "ResourceType",
    "ResourceProperties",
}
SENT_ALSO = {
    "Create": set[str](),
    "Update": {"PhysicalResourceId", "OldResourceProperties"},
    "Delete": {"PhysicalResourceId"},
}

every_event = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())


def properties_of(name: str, field: str = "ResourceProperties") -> dict[str, Any]:
    """Return the properties of the template, without the token that CloudFormation adds."""
    return {key: value for key, value in EVENTS[name][field].items() if key != "ServiceToken"}


def check(event: dict[str, Any]) -> None:
    """Parse the event's properties as the provider does."""
    parse(event["ResourceProperties"], Request.of(event, time.time()).owner.place)


@every_event
def test_an_event_has_the_fields_of_its_request_type_and_no_others(event: dict[str, Any]) -> None:
    """The protocol: no physical id on Create, old properties on Update only."""
    assert set(event) == SENT_ALWAYS | SENT_ALSO[event["RequestType"]]


@every_event
def test_every_scalar_that_the_template_sets_arrives_as_a_string(event: dict[str, Any]) -> None:
    """The protocol: `true` is "true", 5 is "5"; a real boolean here would hide a wrong comparison."""

    def scalars(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [leaf for item in value.values() for leaf in scalars(item)]
        return [leaf for item in value for leaf in scalars(item)] if isinstance(value, list) else [value]

    assert all(isinstance(leaf, str) for leaf in scalars(event))


@every_event
def test_the_same_token_stands_beside_the_properties_and_in_them(event: dict[str, Any]) -> None:
    """CloudFormation repeats the ServiceToken among the properties."""
    tokens = {event["ServiceToken"], event["ResourceProperties"]["ServiceToken"]}
    tokens |= {event.get("OldResourceProperties", event)["ServiceToken"]}
    assert tokens == {"arn:aws:lambda:us-east-1:000000000000:function:kinesis-stream-encryption"}


@every_event
def test_the_response_url_is_presigned_for_this_very_request_with_credentials_of_nobody(
    event: dict[str, Any],
) -> None:
    """Promise 8 is tested with these: they look like a secret, and are none."""
    url = urlsplit(event["ResponseURL"])
    query = parse_qs(url.query, strict_parsing=True)
    assert url.hostname == "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
    assert unquote(url.path) == f"/{event['StackId']}|{event['LogicalResourceId']}|{event['RequestId']}"
    assert query["X-Amz-Expires"] == ["7200"]
    assert re.fullmatch(r"\d{8}T\d{6}Z", query["X-Amz-Date"][0])
    assert query["X-Amz-Credential"][0].startswith("EXAMPLEACCESSKEYID/")
    assert query["X-Amz-Signature"] == ["0123456789abcdef" * 4]


@every_event
def test_an_event_from_a_file_is_never_too_old_to_be_handled(event: dict[str, Any]) -> None:
    """A request that CloudFormation has given up on is refused; a date far ahead counts as now."""
    now = int(time.time())
    assert Request.of(event, now).issued_at == now


def test_no_two_events_share_a_request_id() -> None:
    """Each file is a request of its own, so that a test can play several."""
    assert len({event["RequestId"] for event in EVENTS.values()}) == len(EVENTS)


@pytest.mark.parametrize("name", [*GOOD_CREATES, *UPDATES, "delete", "delete-that-overtakes-create"])
def test_a_good_event_has_valid_properties(name: str) -> None:
    """A person's first `sam local invoke` must not fail on an example of the project."""
    check(EVENTS[name])


def test_one_event_has_every_property() -> None:
    """A property that is added to the provider is added here too."""
    assert set(properties_of("create-with-every-property")) == {*KNOWN, "ServiceTimeout"}


@pytest.mark.parametrize("name", [*UPDATES, "delete"])
def test_a_created_resource_s_id_is_its_stream_s_arn(name: str) -> None:
    """The contract: a change from StreamName to StreamARN is no replacement."""
    physical_id = stream_of_arn(EVENTS[name]["PhysicalResourceId"])
    assert physical_id is not None
    assert physical_id.name == "orders"


def test_an_update_of_the_key_changes_nothing_else() -> None:
    """Promise 5: this is the event that must never pass through an unencrypted state."""
    new, old = properties_of("update-key"), properties_of("update-key", "OldResourceProperties")
    assert {name for name in new | old if new.get(name) != old.get(name)} == {"KeyId"}


def test_a_rollback_is_the_update_to_another_stream_with_the_properties_swapped_and_the_old_id() -> None:
    """The protocol marks no rollback: it is an Update, for the id that the failed one had to answer."""
    there, back = EVENTS["update-to-another-stream"], EVENTS["update-rollback"]
    assert back["ResourceProperties"] == there["OldResourceProperties"]
    assert back["OldResourceProperties"] == there["ResourceProperties"]
    assert back["PhysicalResourceId"] == there["PhysicalResourceId"]


def test_a_delete_of_a_failed_create_has_that_create_s_id_and_invalid_properties() -> None:
    """CloudFormation sends it after a failed Create, with the id of that response (rule 8); it must succeed."""
    delete, create = EVENTS["delete-of-a-failed-create"], EVENTS["bad-every-fault"]
    assert delete["PhysicalResourceId"] == Request.of(create, time.time()).failure_id
    assert delete["ResourceProperties"] == create["ResourceProperties"]


def test_a_delete_that_overtakes_its_create_has_an_id_that_cloudformation_invented() -> None:
    """`<stack>-<logicalId>-<suffix>`, sent later than the Create of the same resource."""
    delete, create = EVENTS["delete-that-overtakes-create"], EVENTS["create"]
    assert re.fullmatch(r"orders-encryption-Encryption-[0-9A-Z]{12,13}", delete["PhysicalResourceId"])
    same = ("StackId", "LogicalResourceId", "ResourceProperties")
    assert [delete[field] for field in same] == [create[field] for field in same]
    sent = [parse_qs(urlsplit(event["ResponseURL"]).query)["X-Amz-Date"][0] for event in (create, delete)]
    assert sent == sorted(set(sent))


@pytest.mark.parametrize(
    ("name", "faulty"),
    [
        ("bad-no-stream", ["StreamName"]),
        ("bad-names-disagree", ["StreamName", "StreamARN"]),
        ("bad-every-fault", sorted({*KNOWN, "KeyID"})),
    ],
)
def test_a_bad_event_is_refused_for_each_of_its_faults(name: str, faulty: list[str]) -> None:
    """The contract: all faults are reported at once, by name."""
    with pytest.raises(InvalidProperties) as refused:
        check(EVENTS[name])
    assert [name for name in faulty if not re.search(rf"\b{name}\b", str(refused.value))] == []


@pytest.mark.parametrize("name", ["bad-stream-is-missing", "bad-key-is-missing"])
def test_a_missing_stream_or_key_is_no_fault_of_the_properties(name: str) -> None:
    """Only AWS knows what is in the account; a fault of the properties would hide that."""
    check(EVENTS[name])
