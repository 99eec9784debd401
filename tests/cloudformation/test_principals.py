"""The properties Producers and Consumers: which principals a grant can be made to, and what is said of all others."""

from typing import Any

import pytest

from stream_encryption.cloudformation.principals import MOST_PRINCIPALS
from stream_encryption.cloudformation.properties import parse
from stream_encryption.errors import InvalidProperties
from stream_encryption.reconcile.goals import NO_ACCESS
from stream_encryption.values import Place
from tests.builders import ACCOUNT, REGION

PLACE = Place(REGION, ACCOUNT)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/writer"
THEIRS = "arn:aws:iam::210987654321:role/path/of/reader"
USER = f"arn:aws:iam::{ACCOUNT}:user/some.one@example.com"
GIVEN = {"StreamName": "orders", "KeyId": "alias/one"}


def faults(**more: Any) -> tuple[str, ...]:
    """What is wrong with the properties."""
    with pytest.raises(InvalidProperties) as caught:
        parse({**GIVEN, **more}, PLACE)
    return caught.value.faults


@pytest.mark.parametrize("name", ["Producers", "Consumers"])
@pytest.mark.parametrize(
    ("value", "read"),
    [
        ([ROLE, THEIRS, USER], (ROLE, THEIRS, USER)),
        (ROLE, (ROLE,)),
        ([ROLE, ROLE], (ROLE,)),
        ([], ()),
        ([ROLE.replace("aws", "aws-us-gov", 1)], (ROLE.replace("aws", "aws-us-gov", 1),)),
        ([f"{ROLE}{number}" for number in range(MOST_PRINCIPALS)], None),
    ],
)
def test_roles_and_users_of_any_account_are_principals(name: str, value: Any, read: tuple[str, ...] | None) -> None:
    """Properties: a list, or a single one; one that is named twice counts once."""
    access = parse({**GIVEN, name: value}, PLACE).access
    given = access.producers if name == "Producers" else access.consumers
    assert given == (tuple(value) if read is None else read)


@pytest.mark.parametrize("name", ["Producers", "Consumers"])
@pytest.mark.parametrize(
    ("value", "why"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", "is a whole account"),
        (ACCOUNT, "is not the ARN of a role or user"),
        ("*", "has a wildcard"),
        (f"arn:aws:iam::{ACCOUNT}:role/*", "has a wildcard"),
        (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/Role", "is a service-linked role"),
        ("firehose.amazonaws.com", "is a service"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/writer/session", "is a session of a role"),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/writer", "is a session of a role"),
        (f"arn:aws:iam::{ACCOUNT}:assumed-role/writer/session", "is a session of a role"),
        (f"arn:aws:iam::{ACCOUNT}:group/writers", "is not the ARN of a role or user"),
        (f"arn:aws:iam::{ACCOUNT}:role/", "is not the ARN of a role or user"),
        (f"arn:aws:iam::{ACCOUNT}:role/\N{CYRILLIC SMALL LETTER A}", "is not the ARN of a role or user"),
        (f"{ROLE}\n", "is not the ARN of a role or user"),
        ("", "is not the ARN of a role or user"),
        ([[ROLE]], "is not a string"),
        ([None], "is not a string"),
        ({"Ref": "Role"}, "must be a list of ARNs"),
        (None, "must be a list of ARNs"),
        ([f"{ROLE}{number}" for number in range(MOST_PRINCIPALS + 1)], f"names {MOST_PRINCIPALS + 1} principals"),
    ],
)
def test_what_no_grant_can_be_made_to_is_refused_with_the_reason(name: str, value: Any, why: str) -> None:
    """Properties: a clear fault for each."""
    (fault,) = faults(**{name: value})
    assert fault.startswith(f"{name} ")
    assert why in fault


def test_all_wrong_principals_are_told_at_once() -> None:
    """Properties: all that is wrong is reported at once."""
    (producers, consumers, seconds) = faults(Producers=["*", ROLE, "root"], Consumers=7, GrantSeconds="901")
    assert ("'*'" in producers, "'root'" in producers, ROLE in producers) == (True, True, False)
    assert (consumers[:9], seconds[:12]) == ("Consumers", "GrantSeconds")


@pytest.mark.parametrize("key", ["alias/aws/kinesis", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/kinesis", None])
def test_an_aws_managed_key_takes_no_grants(key: str | None) -> None:
    """Properties: name a customer managed key. Without KeyId the key is the AWS managed one."""
    given = {name: value for name, value in {**GIVEN, "KeyId": key}.items() if value}
    with pytest.raises(InvalidProperties, match="customer managed KeyId"):
        parse({**given, "Producers": [ROLE]}, PLACE)
    assert parse({**given, "Producers": []}, PLACE).access == NO_ACCESS


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("900", 900), (None, 60)])
def test_grant_seconds_are_0_to_900_and_60_by_default(value: str | None, seconds: int) -> None:
    """Properties: GrantSeconds."""
    given = GIVEN if value is None else {**GIVEN, "GrantSeconds": value}
    assert parse(given, PLACE).access.grant_seconds == seconds


@pytest.mark.parametrize("value", ["901", "-1", "1.5", "1000", "", "a", " 60"])
def test_other_grant_seconds_are_refused(value: str) -> None:
    """Properties: GrantSeconds."""
    (fault,) = faults(GrantSeconds=value)
    assert fault.startswith("GrantSeconds ")
    assert "0 to 900" in fault


def test_a_provider_that_may_not_grant_says_at_once_which_parameter_allows_it() -> None:
    """Properties: not after a minute of AccessDenied."""
    with pytest.raises(InvalidProperties, match="AllowGrants"):
        parse({**GIVEN, "Consumers": [ROLE]}, PLACE, allow_grants=False)
    assert parse({**GIVEN, "Consumers": []}, PLACE, allow_grants=False).access == NO_ACCESS
