"""docs/reference.md is held to the code: each property, attribute, tag and error, and nothing besides."""

from collections.abc import Iterator
from dataclasses import fields

import pytest

from stream_encryption import errors, ownership
from stream_encryption.model import OnDelete, Place
from stream_encryption.properties import CLOUDFORMATIONS_OWN, KNOWN, MAX_KEY_ID, MAX_SETTLE_SECONDS, Properties, parse
from tests.builders import ACCOUNT, REGION, STREAM_NAME
from tests.pages import codes, table, text_of
from tests.provider import Provider
from tests.templates import ROOT

PAGE = ROOT / "docs" / "reference.md"
PROPERTIES = {codes(name)[0]: row for name, *row in table(PAGE, "## Properties")}
ERRORS = {codes(code)[0]: (happened, to_do) for code, happened, to_do in table(PAGE, "## Errors")}
TAGS = [codes(name) for name, _ in table(PAGE, "## The record on the stream")]

FIELDS = {
    "KeyId": "key_id",
    "OnDelete": "on_delete",
    "SettleSeconds": "settle_seconds",
    "Verify": "verify",
    "Takeover": "takeover",
}
"""The properties that have a default, and what they are called once they are read."""


def classes(base: type[errors.ProviderError]) -> Iterator[type[errors.ProviderError]]:
    """Every error, whoever it is derived from."""
    for one in base.__subclasses__():
        yield one
        yield from classes(one)


def test_the_properties_are_those_that_are_taken_and_in_their_order() -> None:
    """A property that is added needs its row; one that is not taken must not be promised."""
    assert list(PROPERTIES) == list(KNOWN)
    assert {field.name for field in fields(Properties)} == {"stream", *FIELDS.values()}


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
    assert f"1 to {MAX_KEY_ID:,} characters" in PROPERTIES["KeyId"][1]
    assert [name for name in CLOUDFORMATIONS_OWN if f"`{name}`" not in text_of(PAGE)] == ["ServiceToken"]


def test_the_attributes_are_those_of_an_answer() -> None:
    """What Fn::GetAtt can ask for, and nothing that would fail the stack."""
    told = [code for names, _ in table(PAGE, "## Return values") for code in codes(names)]
    assert told == list(Provider().create()["Data"])


def test_the_errors_are_those_that_there_are() -> None:
    """An error's code is its class; InternalError stands for all that nobody foresaw."""
    assert set(ERRORS) == {one.__name__ for one in classes(errors.ProviderError)} | {"InternalError"}


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_says_what_happened_and_what_to_do(code: str) -> None:
    """No row that leaves a reader alone."""
    assert all(ERRORS[code])


def test_the_tags_are_those_that_are_written() -> None:
    """The names on the stream: whoever searches for one of them finds it on the page."""
    told = set()
    for first, *endings in TAGS:
        stem = first.rpartition("-")[0]
        told |= {first, *(f"{stem}{ending}" for ending in endings if ending != "-2" and ending.startswith("-"))}
    names = {value for name, value in vars(ownership).items() if name[0] != "_" and str(value).startswith("kinesis-")}
    assert told == (names - {ownership.PREFIX, ownership.CANCELLED}) | {f"{ownership.CANCELLED}<digest>"}
