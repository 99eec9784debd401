"""docs/how-to.md and docs/troubleshooting.md: what they say will happen happens."""

import json
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from stream_encryption import errors
from tests.builders import LOGICAL_ID, STACK_ID, STREAM_ARN, STREAM_NAME
from tests.pages import codes, table, text_of
from tests.provider import Provider
from tests.templates import ROOT, load, resources_of

ALIAS = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
OTHER_STACK = STACK_ID.replace("platform-encryption", "other-team")
LONG_AFTER = 2 * 3600
TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"


@pytest.fixture
def provider() -> Provider:
    """A stream that a resource with KeyId alias/one encrypted, long ago."""
    made = Provider()
    assert made.create(ALIAS)["Status"] == "SUCCESS"
    made.clock.sleep(LONG_AFTER)
    return made


def owners(provider: Provider) -> list[tuple[str, str]]:
    """The stack and resource of each claim in the record, first owner first."""
    record = provider.record_of()
    return [(claim["owner"]["stack_id"], claim["owner"]["logical_id"]) for claim in record["claims"]] if record else []


def starts(provider: Provider) -> list[Any]:
    """The keys of the Starts so far."""
    return [call.arguments["KeyId"] for call in provider.kinesis.calls.changes.named("StartStreamEncryption")]


def changed(properties: dict[str, str]) -> dict[str, str]:
    """The properties with a change that has CloudFormation send an Update, and means nothing else."""
    return {**properties, "SettleSeconds": "6"}


def test_an_alias_that_was_pointed_elsewhere_is_noticed_by_the_next_update(provider: Provider) -> None:
    """Rotate a key: any change of a property brings the key behind the alias, by a Start and no Stop."""
    provider.kms.alias("alias/one", provider.two)
    assert provider.update(changed(ALIAS), ALIAS)["Status"] == "SUCCESS"
    assert starts(provider) == [provider.one.arn, provider.two.arn]
    assert "StopStreamEncryption" not in provider.changes()


def test_encryption_that_the_owner_s_tool_stopped_comes_back_with_the_next_update(provider: Provider) -> None:
    """Encrypt a stream that another team owns; By what you see: change any property and deploy."""
    provider.kinesis.people.stop(STREAM_NAME)
    assert provider.update(changed(ALIAS), ALIAS)["Status"] == "SUCCESS"
    assert provider.key_of() == provider.one.arn


def test_a_stream_that_one_stack_kept_is_encrypted_all_the_way_to_the_next_one(provider: Provider) -> None:
    """Move a stream, by Keep: the first stack gives up its claim, the second finds the key that it wants."""
    kept = {**ALIAS, "OnDelete": "Keep"}
    assert provider.update(kept, ALIAS)["Status"] == "SUCCESS"
    assert provider.delete(kept)["Status"] == "SUCCESS"
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, [])
    assert provider.create(ALIAS, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert (owners(provider), starts(provider)) == ([(OTHER_STACK, LOGICAL_ID)], [provider.one.arn])
    provider.clock.sleep(LONG_AFTER)
    assert provider.delete(ALIAS, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert provider.key_of() == provider.one.arn


def test_a_stream_that_was_taken_over_stays_encrypted_whatever_the_first_stack_does(provider: Provider) -> None:
    """Move a stream, by Takeover: the first stack's Delete changes nothing, and what was before is still known."""
    takeover = {**ALIAS, "Takeover": "true"}
    assert provider.create(takeover, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert provider.delete(ALIAS)["Status"] == "SUCCESS"
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, [(OTHER_STACK, LOGICAL_ID)])
    assert provider.delete(takeover, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert provider.key_of() is None


@pytest.mark.parametrize("takeover", ["false", "true"])
def test_an_update_of_the_first_stack_takes_the_stream_back_only_by_takeover(provider: Provider, takeover: str) -> None:
    """Move a stream by Takeover: without it the Update and the rollback fail; with it both succeed."""
    assert provider.create({**ALIAS, "Takeover": "true"}, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    updated = {**changed(ALIAS), "Takeover": takeover}
    statuses = {provider.update(updated, ALIAS)["Status"], provider.update(ALIAS, updated)["Status"]}
    assert statuses == ({"SUCCESS"} if takeover == "true" else {"FAILED"})
    assert owners(provider)[-1][0] == (STACK_ID if takeover == "true" else OTHER_STACK)


def test_a_new_owner_that_goes_first_gives_the_stream_back(provider: Provider) -> None:
    """Move a stream, by Takeover: to the old owner, with its key."""
    takeover = {"StreamName": STREAM_NAME, "KeyId": "alias/two", "Takeover": "true"}
    assert provider.create(takeover, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert provider.key_of() == provider.two.arn
    assert provider.delete(takeover, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert (provider.key_of(), owners(provider)) == (provider.one.arn, [(STACK_ID, LOGICAL_ID)])


@pytest.mark.parametrize(("on_delete", "comes_back"), [("Restore", False), ("Keep", True)])
def test_what_the_second_of_two_deletions_restores_is_decided_by_the_first_resource(
    provider: Provider, on_delete: str, *, comes_back: bool
) -> None:
    """docs/architecture.md, "Two claims on one stream": key 1 is alias/one, and key 2 is alias/two."""
    first = {**ALIAS, "OnDelete": on_delete}
    second = {"StreamName": STREAM_NAME, "KeyId": "alias/two", "Takeover": "true"}
    assert provider.update(first, ALIAS)["Status"] == "SUCCESS"
    assert provider.create(second, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert provider.delete(first)["Status"] == "SUCCESS"
    assert provider.key_of() == provider.two.arn
    provider.clock.sleep(LONG_AFTER)
    assert provider.delete(second, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert provider.key_of() == (provider.one.arn if comes_back else None)


def test_a_retained_stream_has_to_be_taken_over(provider: Provider) -> None:
    """Keep a stream encrypted, by Retain: no request comes, so the claim stays, of a stack that is gone."""
    refused = provider.create(ALIAS, StackId=OTHER_STACK)
    assert (refused["Status"], "[OwnedByAnotherStack]" in refused["Reason"]) == ("FAILED", True)
    assert provider.create({**ALIAS, "Takeover": "true"}, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert owners(provider) == [(STACK_ID, LOGICAL_ID), (OTHER_STACK, LOGICAL_ID)]


def test_a_failed_create_that_is_deleted_after_the_new_one_undoes_nothing_of_it(provider: Provider) -> None:
    """Express mode, and rollback disabled: CloudFormation keeps a failed Create until the next operation."""
    failed = provider.create({**ALIAS, "KeyId": "alias/none"}, StackId=OTHER_STACK)
    takeover = {**ALIAS, "Takeover": "true"}
    assert (failed["Status"], provider.create(takeover, StackId=OTHER_STACK)["Status"]) == ("FAILED", "SUCCESS")
    late = provider.delete(ALIAS, StackId=OTHER_STACK, PhysicalResourceId=failed["PhysicalResourceId"])
    assert late["Status"] == "SUCCESS"
    assert (provider.key_of(), owners(provider)[-1]) == (provider.one.arn, (OTHER_STACK, LOGICAL_ID))


def test_a_claim_that_a_failed_replacement_left_ends_with_a_replacement_that_succeeds(provider: Provider) -> None:
    """docs/architecture.md, "What is not protected": deploy the new name until it succeeds, then the former name."""
    provider.kinesis.add_stream("second")
    second = {"StreamName": "second", "KeyId": "alias/two"}
    assert provider.update({**second, "ServiceTimeout": "3"}, ALIAS)["Status"] == "FAILED"
    assert (provider.record_of("second") or {})["claims"]
    provider.clock.sleep(LONG_AFTER)
    arn = provider.update(second, ALIAS)["PhysicalResourceId"]
    assert provider.update(ALIAS, second, PhysicalResourceId=arn)["Status"] == "SUCCESS"
    assert provider.delete(second, PhysicalResourceId=arn)["Status"] == "SUCCESS"
    assert (provider.key_of("second"), (provider.record_of("second") or {}).get("claims")) == (None, [])
    assert provider.key_of() == provider.one.arn


def test_a_former_key_that_is_disabled_fails_an_update_back_and_no_delete() -> None:
    """Roll back: the Update fails with KeyUnusable; a Delete succeeds and the stream keeps the key that it has."""
    provider = Provider()
    provider.kinesis.people.rekey(STREAM_NAME, "alias/one")
    two = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}
    assert provider.create(two)["Status"] == "SUCCESS"
    provider.one.state = "Disabled"
    back = provider.update(ALIAS, two)
    assert (back["Status"], back["Reason"].startswith("[KeyUnusable]")) == ("FAILED", True)
    deleted = provider.delete(two)
    assert (deleted["Status"], provider.key_of()) == ("SUCCESS", provider.two.arn)
    assert "can't be restored" in deleted["Reason"]


def test_without_its_record_a_create_takes_the_stream_as_it_finds_it(provider: Provider) -> None:
    """The record is lost: what a Create finds is what its deletion restores."""
    provider.table.remove(STREAM_ARN)
    assert provider.create(ALIAS, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    provider.clock.sleep(LONG_AFTER)
    assert provider.delete(ALIAS, StackId=OTHER_STACK)["Status"] == "SUCCESS"
    assert provider.key_of() == provider.one.arn


def test_without_its_record_an_update_claims_the_stream_anew(provider: Provider) -> None:
    """The record is lost: encryption with the resource's own key is undone by a later Delete."""
    provider.table.remove(STREAM_ARN)
    assert provider.update(changed(ALIAS), ALIAS)["Status"] == "SUCCESS"
    assert owners(provider) == [(STACK_ID, LOGICAL_ID)]
    provider.clock.sleep(LONG_AFTER)
    assert provider.delete(changed(ALIAS))["Status"] == "SUCCESS"
    assert provider.key_of() is None


@pytest.mark.parametrize(
    ("on_delete", "key", "left"),
    [("Restore", "alias/one", None), ("Keep", "alias/one", "alias/one"), ("Restore", "alias/two", "alias/two")],
)
def test_without_its_record_a_delete_stops_only_the_resource_s_own_key(
    on_delete: str, key: str, left: str | None
) -> None:
    """The record is lost: with another key, or with OnDelete: Keep, the stream is left alone."""
    provider = Provider()
    provider.kinesis.people.rekey(STREAM_NAME, key)
    assert provider.delete({**ALIAS, "OnDelete": on_delete})["Status"] == "SUCCESS"
    assert provider.key_of() == left


def grants(statements: list[dict[str, Any]]) -> dict[str, tuple[str, set[str]]]:
    """The action and the conditions of each statement with a condition, by its Sid."""
    conditional = [one for one in statements if "Condition" in one]
    return {one["Sid"]: (one["Action"], set(one["Condition"]["StringEquals"])) for one in conditional}


def test_the_page_s_key_policy_grants_what_the_example_s_does() -> None:
    """Allow producers and consumers to use the key: the example has the page's statement, and one for consumers."""
    (shown,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "how-to.md").read_text("utf-8"), re.DOTALL)
    key = resources_of(load(ROOT / "examples" / "with-a-customer-managed-key.yaml"))["Key"]
    example = grants(key["Properties"]["KeyPolicy"]["Statement"])
    assert grants([json.loads(shown)]) == {"Producers": example.pop("Producers")}
    assert [action for action, _ in example.values()] == ["kms:Decrypt"]


@pytest.mark.parametrize("operation", ["PutRecord", "GetRecords"])
def test_a_caller_without_the_key_gets_the_error_that_the_page_names(operation: str) -> None:
    """Allow producers and consumers to use the key: by the service's own model."""
    model = botocore.session.get_session().get_service_model("kinesis").operation_model(operation)
    assert "KMSAccessDeniedException" in {shape.name for shape in model.error_shapes}


def test_express_mode_and_deletion_by_force_are_spelled_as_cloudformation_knows_them() -> None:
    """The commands of both pages; the first one is a part of a command."""
    model: Any = botocore.session.get_session().get_service_model("cloudformation")
    assert "EXPRESS" in model.shape_for("DeploymentConfigMode").enum
    assert "DeploymentConfig" in model.operation_model("CreateStack").input_shape.members
    assert "FORCE_DELETE_STACK" in model.shape_for("DeletionMode").enum
    assert "--deletion-mode FORCE_DELETE_STACK" in TROUBLESHOOTING.read_text("utf-8")


def classes(base: type[errors.ProviderError]) -> Iterator[type[errors.ProviderError]]:
    """Every error, also those of errors."""
    for one in (one for one in base.__subclasses__() if one.__module__ == errors.__name__):
        yield one
        yield from classes(one)


def test_each_error_code_says_what_to_do() -> None:
    """A person searches for the code that the stack's event begins with."""
    rows = {code: what_now for row, what_now in table(TROUBLESHOOTING, "## By error code") for code in codes(row)}
    assert set(rows) == {one.__name__ for one in classes(errors.ProviderError)} | {"InternalError"}
    assert all(len(what_now) > 20 for what_now in rows.values())


def test_the_troubleshooting_page_names_log_lines_that_are_written() -> None:
    """A person searches the log for them."""
    sources = "".join(
        path.read_text("utf-8") for path in (ROOT / "provider" / "stream_encryption").rglob("telemetry.py")
    )
    for line in ("response not delivered", "event refused", "handed over", "request failed"):
        assert f"`{line}`" in text_of(TROUBLESHOOTING)
        assert f'"{line}"' in sources
