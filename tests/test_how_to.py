"""docs/how-to.md: what it says will happen happens."""

import json
import re
from typing import Any

import botocore.session
import pytest

from tests.builders import LOGICAL_ID, STACK_ID, STREAM_NAME
from tests.provider import Provider
from tests.templates import ROOT, load, resources_of

ALIAS = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
OTHER_STACK = STACK_ID.replace("platform-encryption", "other-team")
STACK, RESOURCE = "kinesis-stream-encryption:stack", "kinesis-stream-encryption:resource"
LONG_AFTER = 2 * 3600


@pytest.fixture
def provider() -> Provider:
    """A stream that was encrypted by a resource with KeyId alias/one, long ago."""
    made = Provider()
    assert made.create(ALIAS)["Status"] == "SUCCESS"
    made.clock.sleep(LONG_AFTER)
    return made


def key(arn: str) -> dict[str, str]:
    """The resource's properties with a key's ARN."""
    return {"StreamName": STREAM_NAME, "KeyId": arn}


def starts(provider: Provider) -> list[Any]:
    """The keys of the Starts so far."""
    return [call.arguments["KeyId"] for call in provider.kinesis.calls.changes.named("StartStreamEncryption")]


def test_an_alias_that_was_pointed_elsewhere_looks_right_already(provider: Provider) -> None:
    """Rotate a key: Kinesis reports the alias, which means the new key by now, so no Update makes a Start."""
    provider.kms.alias("alias/one", provider.two)
    assert provider.update({**ALIAS, "SettleSeconds": "0"}, ALIAS)["Status"] == "SUCCESS"
    assert provider.update(key(provider.two.arn), ALIAS)["Status"] == "SUCCESS"
    assert starts(provider) == ["alias/one"]


def test_after_an_alias_was_pointed_elsewhere_two_updates_bring_the_new_key_surely(provider: Provider) -> None:
    """Rotate a key: to the old key's ARN, then to the new one's; each is a Start of its own, and none a Stop."""
    provider.kms.alias("alias/one", provider.two)
    old, new = key(provider.one.arn), key(provider.two.arn)
    assert provider.update(old, ALIAS)["Status"] == "SUCCESS"
    assert provider.update(new, old)["Status"] == "SUCCESS"
    assert starts(provider) == ["alias/one", provider.one.arn, provider.two.arn]
    assert "StopStreamEncryption" not in provider.changes()


def test_a_stream_that_one_stack_kept_is_encrypted_all_the_way_to_the_next_one(provider: Provider) -> None:
    """Move a stream, by Keep: the first stack takes its record away, the second finds the key that it wants."""
    kept = {**ALIAS, "OnDelete": "Keep"}
    assert provider.update(kept, ALIAS)["Status"] == "SUCCESS"
    assert provider.delete(kept)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.tags_of()) == ("alias/one", {})
    assert provider.create(ALIAS, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert (provider.tags_of()[STACK], starts(provider)) == (OTHER_STACK, ["alias/one"])


def test_a_stream_that_was_taken_over_stays_encrypted_whatever_the_first_stack_does(provider: Provider) -> None:
    """Move a stream, by Takeover: the first stack's Delete changes nothing, and what was before is still known."""
    takeover = {**ALIAS, "Takeover": "true"}
    assert provider.create(takeover, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert provider.delete(ALIAS)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.tags_of()[STACK]) == ("alias/one", OTHER_STACK)
    assert provider.delete(takeover, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert provider.key_of() is None


def test_a_retained_stream_has_to_be_taken_over(provider: Provider) -> None:
    """Retain: CloudFormation forgets the resource without a request; the record stays, of a stack that is gone."""
    refused = provider.create(ALIAS, StackId=OTHER_STACK)
    assert (refused["Status"], "managed by resource Encryption" in refused["Reason"]) == ("FAILED", True)
    assert provider.create({**ALIAS, "Takeover": "true"}, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert provider.tags_of()[STACK] == OTHER_STACK


def test_an_update_writes_lost_tags_anew(provider: Provider) -> None:
    """Recover lost tags: with any change of a property; encryption that is this resource's is still undone."""
    provider.kinesis.people.untag(STREAM_NAME)
    assert provider.update({**ALIAS, "SettleSeconds": "0"}, ALIAS)["Status"] == "SUCCESS"
    assert provider.tags_of()[RESOURCE] == LOGICAL_ID
    provider.clock.sleep(LONG_AFTER)
    assert provider.delete(ALIAS)["Status"] == "SUCCESS"
    assert (provider.key_of(), provider.tags_of()) == (None, {})


def test_without_tags_a_stream_of_another_key_is_left_alone(provider: Provider) -> None:
    """Recover lost tags: nobody knows any more who encrypted it with a key that is not this resource's."""
    provider.kinesis.people.untag(STREAM_NAME)
    provider.kinesis.people.rekey(STREAM_NAME, "alias/two")
    assert provider.delete(ALIAS)["Status"] == "SUCCESS"
    assert provider.key_of() == "alias/two"


def grants(statements: list[dict[str, Any]]) -> dict[str, tuple[str, set[str]]]:
    """Who may do what with a key, under which conditions."""
    conditional = [one for one in statements if "Condition" in one]
    return {one["Sid"]: (one["Action"], set(one["Condition"]["StringEquals"])) for one in conditional}


def test_the_page_s_key_policy_grants_what_the_example_s_does() -> None:
    """Let producers and consumers use the key: two ways to write one thing."""
    (shown,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "how-to.md").read_text("utf-8"), re.DOTALL)
    key = resources_of(load(ROOT / "examples" / "with-a-customer-managed-key.yaml"))["Key"]
    assert grants(json.loads(shown)) == grants(key["Properties"]["KeyPolicy"]["Statement"])


@pytest.mark.parametrize("operation", ["PutRecord", "GetRecords"])
def test_whoever_lacks_the_key_is_told_so(operation: str) -> None:
    """Let producers and consumers use the key: the error to look for, by the service's own model."""
    model = botocore.session.get_session().get_service_model("kinesis").operation_model(operation)
    assert "KMSAccessDeniedException" in {shape.name for shape in model.error_shapes}
