"""Invalid events as hypothesis strategies: each has at least one fault, whatever else is in it."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from hypothesis import strategies as st

from stream_encryption.cloudformation.properties import CLOUDFORMATIONS_OWN, KNOWN
from tests.builders import (
    ACCOUNT,
    INVENTED_ID,
    REGION,
    STACK_GUID,
    STACK_ID,
    STREAM_ARN,
    create_event,
    delete_event,
    update_event,
)

MISSING = object()
"""Stands for a field that is left out."""

SECRETS: Mapping[str, Callable[[str], str]] = {
    "<<url>>": str,
    "<<url in a sentence>>": lambda url: f"could not reach {url}: refused",
    "<<query>>": lambda url: urlsplit(url).query,
    "<<signature>>": lambda url: url.rpartition("=")[2],
    "<<quoted>>": lambda url: quote(url, safe=""),
    "<<repr>>": repr,
    "<<json>>": lambda url: json.dumps({"ResponseURL": url}),
}
"""Words in a generated value that stand for the ResponseURL, which is only known when the event is sent."""


def revealed(value: Any, url: str) -> Any:
    """Replace the words of SECRETS in a value by the ResponseURL."""
    if isinstance(value, str):
        return SECRETS[value](url) if value in SECRETS else value
    if isinstance(value, dict):
        return {revealed(name, url): revealed(one, url) for name, one in value.items()}
    return [revealed(one, url) for one in value] if isinstance(value, list) else value


def _nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"x": [value]}
    return value


LETTERS = ["x", "é", "\N{SNAKE}", '"', "\\", "\n", "\x00", "\ud800", "%2F"]
LONG = st.builds(str.__mul__, st.sampled_from(LETTERS), st.sampled_from([257, 1025, 2049, 5000, 70_000]))
# Lone surrogates too: JSON can spell them (\\ud800), UTF-8 can't.
WORDS = st.one_of(st.text(st.characters(), max_size=20), LONG, st.just("half a character: \ud800"))
TEXT = WORDS | st.sampled_from([*SECRETS])
NUMBERS = st.one_of(
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 10**30, 1e308, -0.0]),
    st.floats(allow_nan=False, allow_infinity=False),
)
LISTS = st.lists(TEXT, max_size=2) | st.sampled_from([[_nested(1)], [_nested(40)]])
MAPS = st.dictionaries(TEXT, TEXT, max_size=2) | st.sampled_from([_nested(1), _nested(40)])
NO_TEXT = st.one_of(st.none(), NUMBERS, LISTS, MAPS)
ANYTHING = st.recursive(
    NO_TEXT | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
"""Any JSON value."""


def _is(*right: str) -> Callable[[Any], bool]:
    return lambda value: value not in right


ALMOST_STACK_IDS = [
    "",
    STACK_ID.rpartition("/")[0],
    STACK_ID.rpartition("/")[0] + "/",
    STACK_ID.replace("/platform-encryption/", "//"),
    STACK_ID.replace("platform", "plat form"),
    STACK_ID.replace("platform-encryption", "-platform"),
    STACK_ID.replace("platform-encryption", "p" * 129),
    STACK_ID.replace(ACCOUNT, ACCOUNT[:-1]),
    STACK_ID.replace(ACCOUNT, "\N{ARABIC-INDIC DIGIT ONE}" * 12),
    STACK_ID.replace(":stack/", ":changeSet/"),
    STACK_ID.replace("arn:aws:", "arn:gcp:"),
    STACK_ID.replace("cloudformation", "kinesis"),
    STACK_ID.replace(REGION, ""),
    STACK_ID.upper(),
    STACK_ID + "\n",
    STACK_ID + "/x",
    STACK_ID + " ",
    STACK_ID + "\N{SNAKE}",
    " " + STACK_ID,
    STACK_GUID,
    STREAM_ARN,
]

ALMOST_TYPES = ["", "create", "CREATE", "Create ", "Create\n", "Read", "Update,Delete"]
ALMOST_LOGICAL_IDS = ["", " ", "\n", "a b", "a\n", "\ud800", "\N{SNAKE}", "E" * 256, "<<url>>", "<<json>>"]

EVENT_FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "RequestType": TEXT.filter(_is("Create", "Update", "Delete")) | NO_TEXT | st.sampled_from(ALMOST_TYPES),
    "StackId": NO_TEXT | TEXT | st.sampled_from(ALMOST_STACK_IDS),
    "RequestId": NO_TEXT | st.just(""),
    "LogicalResourceId": NO_TEXT | LONG | st.sampled_from(ALMOST_LOGICAL_IDS),
}
"""For each field that every request has: values that make the request invalid."""

RESOURCE_FIELDS: Mapping[str, st.SearchStrategy[Any]] = {"PhysicalResourceId": NO_TEXT | st.just("")}
"""The same for the field that only Update and Delete have."""

WRONG_SECONDS = ["", "-1", "5.0", "5 ", "\N{ARABIC-INDIC DIGIT FIVE}", "1e1", "0x5", "999999999999"]
WRONG_PRINCIPALS = [
    "",
    "*",
    "shop",
    f"arn:aws:iam::{ACCOUNT}:root",
    "lambda.amazonaws.com",
    [f"arn:aws:iam::{ACCOUNT}:role/*"],
]
WRONG_VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "StreamName": st.sampled_from(["", "orders!", " orders", "orders\n", "o" * 129, "órders", "o/o", "..\x00"]),
    "StreamARN": st.sampled_from(
        [
            "",
            STREAM_ARN + "/consumer/x:1",
            STREAM_ARN + "\n",
            STREAM_ARN.replace(REGION, "eu-west-1"),
            STREAM_ARN.replace(ACCOUNT, "999999999999"),
            STREAM_ARN.replace("orders", "payments"),
            STREAM_ARN.replace(":stream/", ":table/"),
            STREAM_ARN.upper(),
            "orders",
        ]
    ),
    "KeyId": st.sampled_from(
        ["", "aws/kinesis", "alias/", "alias/a b", "arn:aws:s3:::orders", "k" * 2049, "schlüssel"]
    ),
    "EncryptionType": st.sampled_from(["", "NONE", "kms", "KMS ", "AES256"]),
    "OnDelete": st.sampled_from(["", "Retain", "restore", "Stop "]),
    "OnDrift": st.sampled_from(["", "Repair", "mend", "Report "]),
    "Producers": st.sampled_from(WRONG_PRINCIPALS),
    "Consumers": st.sampled_from(WRONG_PRINCIPALS),
    "GrantSeconds": st.sampled_from([*WRONG_SECONDS, "901"]),
    "SettleSeconds": st.sampled_from([*WRONG_SECONDS, "61"]),
    "Verify": st.sampled_from(["", "yes", "True", "1", "false "]),
    "Takeover": st.sampled_from(["", "on", "TRUE", "0", " true"]),
}
LISTED = ("Producers", "Consumers")
"""An empty list is valid for these."""
STRANGE_NAMES = TEXT.filter(_is(*KNOWN, *CLOUDFORMATIONS_OWN)) | st.sampled_from(["KeyID", "streamname", "Tags"])


@st.composite
def faulty_properties(draw: Callable[[Any], Any]) -> Any:
    """Draw ResourceProperties with one fault or several, or a value that is no map."""
    if not draw(st.integers(0, 4)):
        return draw(st.one_of(st.none(), NUMBERS, LISTS, TEXT))
    properties: dict[str, Any] = {"StreamName": "orders", "KeyId": "alias/one"}
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from([*KNOWN, "", "ServiceTimeout"]))
        if not name:
            properties[draw(STRANGE_NAMES)] = draw(ANYTHING)
        elif name == "ServiceTimeout":  # never a fault, so another property has to be
            properties.update({name: draw(ANYTHING), "StreamName": draw(WRONG_VALUES["StreamName"])})
        else:
            wrong = WRONG_VALUES[name] | NO_TEXT
            properties[name] = draw(wrong.filter(lambda value: value != []) if name in LISTED else wrong)
    return properties


ALMOST_PHYSICAL_IDS = [
    STREAM_ARN,
    STREAM_ARN + "\n",
    STREAM_ARN + "/consumer/x:1",
    STREAM_ARN.replace("orders", ""),
    STREAM_ARN.replace("orders", "orders!"),
    STREAM_ARN.replace(REGION, "eu-west-1"),
    STREAM_ARN.replace(ACCOUNT, "999999999999"),
    STREAM_ARN.replace("arn:aws:", "arn:aws-cn:"),
    STREAM_ARN.upper(),
    " " + STREAM_ARN,
    "orders",
    "failed-create:",
    "failed-create:platform-encryption/Encryption/0123456789abcdef",
    "failed-create:somebody-else/Encryption/0123456789abcdef",
    "Failed-Create:platform-encryption/Encryption",
    INVENTED_ID,
]

HARMLESS = ["OldResourceProperties", "CrHelperPoll", "CrHelperData", "Version", "Progress", "Event", "Failure"]
ONE, TWO = ({"StreamName": "orders", "KeyId": f"alias/{name}"} for name in ("one", "two"))
VALID = {"Create": create_event(ONE), "Update": update_event(TWO, ONE), "Delete": delete_event(ONE)}
"""A valid request of each type, which changes the stream."""


@st.composite
def faulty_events(draw: Callable[[Any], Any], *, fields_only: bool = False) -> dict[str, Any]:
    """Draw requests with one to three faults; the properties of a Delete have none, since they must not matter.

    Args:
        draw: Hypothesis' own.
        fields_only: Leave the properties as they are.
    """
    kind = draw(st.sampled_from([*VALID]))
    event = dict(VALID[kind])
    faults = EVENT_FIELDS if kind == "Create" else {**EVENT_FIELDS, **RESOURCE_FIELDS}
    if kind != "Delete" and not fields_only:
        faults = {**faults, "ResourceProperties": faulty_properties()}
    for name in draw(st.lists(st.sampled_from([*faults]), min_size=1, max_size=3, unique=True)):
        value = draw(st.just(MISSING) | faults[name])
        if value is MISSING:
            del event[name]
        else:
            event[name] = value
    # Harmless by themselves: old properties, and unknown fields.
    return {**draw(st.dictionaries(st.sampled_from(HARMLESS) | STRANGE_NAMES, ANYTHING, max_size=3)), **event}


@st.composite
def junk_deletes(draw: Callable[[Any], Any]) -> dict[str, Any]:
    """Draw Deletes with any id and any properties; none of them proves that the stream's key is its own."""
    event = {**VALID["Delete"], "PhysicalResourceId": draw(st.sampled_from(ALMOST_PHYSICAL_IDS) | TEXT.filter(len))}
    properties = draw(st.just(MISSING) | faulty_properties() | ANYTHING | st.just(ONE))
    if properties is MISSING:
        del event["ResourceProperties"]
    else:
        event["ResourceProperties"] = properties
    return event
