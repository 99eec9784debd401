"""docs/reference.md is held to the code: each property, attribute, action and part of the record, no more."""

from dataclasses import fields
from typing import Any

import pytest

from stream_encryption.cloudformation.principals import MOST_PRINCIPALS
from stream_encryption.cloudformation.properties import (
    CLOUDFORMATIONS_OWN,
    KNOWN,
    MAX_GRANT_SECONDS,
    MAX_KEY_ID,
    MAX_SETTLE_SECONDS,
    parse,
)
from stream_encryption.cloudformation.request import MARKER
from stream_encryption.reconcile.actions import Code
from stream_encryption.reconcile.goals import NO_ACCESS, Properties
from stream_encryption.record.values import Claim
from stream_encryption.values import OnDelete, Place
from tests.builders import ACCOUNT, REGION, STREAM_NAME
from tests.pages import codes, table, text_of
from tests.provider import Provider
from tests.templates import ROOT

PAGE = ROOT / "docs" / "reference.md"
PROPERTIES = {codes(name)[0]: row for name, *row in table(PAGE, "## Properties")}

FIELDS = {
    "KeyId": "key_id",
    "OnDelete": "on_delete",
    "OnDrift": "on_drift",
    "SettleSeconds": "settle_seconds",
    "Verify": "verify",
    "Takeover": "takeover",
}
"""The properties that have a default, and what they are called once they are read."""


def test_the_properties_are_those_that_are_taken_and_in_their_order() -> None:
    """A property that is added needs its row; one that is not taken must not be promised."""
    assert list(PROPERTIES) == list(KNOWN)
    assert {field.name for field in fields(Properties)} == {"stream", "access", *FIELDS.values()}


@pytest.mark.parametrize(("name", "field"), FIELDS.items())
def test_a_default_is_what_a_template_gets_that_leaves_the_property_out(name: str, field: str) -> None:
    """As the template would spell it: true and false in small letters."""
    given = getattr(parse({"StreamName": STREAM_NAME}, Place(REGION, ACCOUNT)), field)
    assert codes(PROPERTIES[name][0]) == [str(given).lower() if isinstance(given, bool) else str(given)]


def test_what_has_no_default_has_none_on_the_page() -> None:
    """Which stream has to be said; the one EncryptionType need not be."""
    assert [PROPERTIES[name][0] for name in ("StreamName", "StreamARN")] == ["", ""]
    assert codes(PROPERTIES["EncryptionType"][0]) == ["KMS"]


def test_the_values_and_bounds_are_those_that_are_checked() -> None:
    """Numbers that are changed in the code are changed on the page."""
    assert set(OnDelete) <= set(codes(PROPERTIES["OnDelete"][1]))
    assert f"0 to {MAX_SETTLE_SECONDS} s" in PROPERTIES["SettleSeconds"][1]
    assert f"0 to {MAX_GRANT_SECONDS} s" in PROPERTIES["GrantSeconds"][1]
    assert codes(PROPERTIES["GrantSeconds"][0]) == [str(NO_ACCESS.grant_seconds)]
    assert f"up to {MOST_PRINCIPALS} ARNs" in PROPERTIES["Producers"][1]
    assert f"1 to {MAX_KEY_ID:,} characters" in PROPERTIES["KeyId"][1]
    assert [name for name in CLOUDFORMATIONS_OWN if f"`{name}`" not in text_of(PAGE)] == ["ServiceToken"]


def test_the_attributes_are_those_of_an_answer() -> None:
    """What Fn::GetAtt can ask for, and nothing that would fail the stack."""
    told = [code for names, _ in table(PAGE, "## Return values") for code in codes(names)]
    assert told == list(Provider().create()["Data"])


def test_the_action_codes_are_those_that_there_are() -> None:
    """Whoever reads a log line finds its action on the page."""
    assert {code for row, _ in table(PAGE, "## Action codes") for code in codes(row)} == set(Code)


def test_the_record_s_attributes_are_those_that_are_written() -> None:
    """Of a whole item: one from which its owner has left, and in which a call is announced."""
    provider = Provider()
    written: set[str] = set()
    put_item = provider.table.put_item

    def watched(**arguments: Any) -> Any:
        written.update(arguments["Item"])
        return put_item(**arguments)

    provider.table.put_item = watched  # type: ignore[method-assign]
    assert provider.create()["Status"] == provider.delete()["Status"] == "SUCCESS"
    told = [codes(name)[0] for name, _ in table(PAGE, "## The record")]
    assert set(told) == written


def test_the_page_names_each_part_of_a_claim() -> None:
    """A claim is told in a sentence, not in a table."""
    assert [field.name for field in fields(Claim) if f"`{field.name}`" not in text_of(PAGE)] == []


def test_a_failed_create_s_id_has_the_form_that_the_page_shows() -> None:
    """Its Delete, and people, read it."""
    failed = Provider().create({"StreamName": "nowhere"})["PhysicalResourceId"]
    (form,) = [code for row in table(PAGE, "## PhysicalResourceId") for code in codes(row[0]) if MARKER in code]
    assert failed.count("/") == form.count("/")
    assert failed.startswith(MARKER)
    assert form.startswith(MARKER)
