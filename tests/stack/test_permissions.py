"""The provider under its own role, narrowed to some streams and keys: IAM checks every call (local/iam.py)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.templates import ROOT, load

from .stacks import AWS_KEY, DEPLOYED, Requests, encryption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.embedded_aws import EmbeddedAws

    from .stacks import Account

TEAM = f"shop-{uuid.uuid4().hex[:8]}"
POLICY = load(ROOT / "template.yaml")["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]


@pytest.fixture(scope="module")
def keys(aws: EmbeddedAws) -> Iterator[list[str]]:
    """The only two keys that the provider may use, and one more; the only streams are those of one team."""
    one, two, another = (aws.key("made by a test") for _ in range(3))
    aws.deploy_provider({**DEPLOYED, "StreamArns": aws.stream_arn(f"{TEAM}-*"), "KeyArns": f"{one},{two}"})
    yield [one, two, another]
    aws.deploy_provider({**DEPLOYED, "StreamArns": "all", "KeyArns": "all"})


def test_a_whole_life_needs_no_right_but_those_on_the_streams_and_keys_that_were_named(
    account: Account, keys: list[str]
) -> None:
    """Create with a record that is put, a new key, another stream, deletion: each call of it, and none is denied."""
    old, new, stack = account.stream(team=TEAM), account.stream(team=TEAM), account.name()
    before = [account.state(one) for one in (old, new)]

    created = account.deploy(stack, Encryption=encryption(old, KeyId=keys[0], Verify="true"))
    changed = account.deploy(stack, Encryption=encryption(old, KeyId=keys[1]))
    replaced = account.deploy(stack, Encryption=encryption(new, KeyId=keys[1]))
    assert account.key_of(new) == keys[1]
    deleted = account.delete(stack)

    done = [one.status for one in (created, changed, replaced, deleted)]
    calls = account.aws.tap.calls(old) + account.aws.tap.calls(new)
    assert done == ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"]
    assert [account.state(one) for one in (old, new)] == before
    assert [one.error for one in calls if one.error == "AccessDeniedException"] == []
    assert {f"kinesis:{one.action}" for one in calls} == set(POLICY["Statement"][0]["Action"])


@pytest.mark.parametrize("with_arn", [False, True], ids=["by name", "by ARN"])
@pytest.mark.usefixtures("keys")
def test_a_stream_outside_the_pattern_is_refused_by_action_and_arn_and_stays_as_it_is(
    account: Account, *, with_arn: bool
) -> None:
    """StreamArns limits the provider: CloudFormation shows what the role lacks, and rolls back to the end."""
    stream, stack = account.stream(), account.name()
    arn, before = account.aws.stream_arn(stream), account.state(stream)

    done = account.deploy(stack, Encryption=encryption(stream, **({"StreamARN": arn} if with_arn else {})))

    create, *_ = account.aws.responses.of_stack(stack)
    assert done.status == "ROLLBACK_COMPLETE"
    assert f"The provider's role is not allowed kinesis:DescribeStreamSummary on {arn}." in create.reason
    assert account.state(stream) == before
    assert account.aws.tap.changes(stream) == []


def test_a_key_that_was_not_named_is_refused_by_its_arn_and_the_stream_stays_as_it_is(
    account: Account, keys: list[str]
) -> None:
    """KeyArns limits Start as well: IAM looks at the key, not at the stream alone."""
    stream, stack = account.stream(team=TEAM), account.name()
    before = account.state(stream)

    done = account.deploy(stack, Encryption=encryption(stream, KeyId=keys[2]))

    create, *_ = account.aws.responses.of_stack(stack)
    assert done.status == "ROLLBACK_COMPLETE"
    assert f"The provider's role is not allowed kinesis:StartStreamEncryption on {keys[2]}." in create.reason
    assert account.state(stream) == before


@pytest.mark.usefixtures("keys")
def test_a_delete_of_what_the_provider_may_no_longer_touch_says_so(account: Account) -> None:
    """Parameters that are narrowed later: nothing is claimed to be undone, and the way out is told."""
    stream = account.stream(AWS_KEY)
    arn = account.aws.stream_arn(stream)

    answer = Requests(account)("Delete", stream=stream, physical_id=arn)

    assert answer["Status"] == "FAILED"
    assert f"not allowed kinesis:DescribeStreamSummary on {arn}. Allow it: in the role" in answer["Reason"]
    assert account.key_of(stream) == AWS_KEY


def test_the_role_s_credentials_are_good_for_nothing_but_the_provider_s_calls(
    account: Account, keys: list[str]
) -> None:
    """Whoever gets hold of them can't read a stream, use a key but through Kinesis, or invoke the function."""
    stolen, place = account.aws.session.credentials, account.aws.place
    thief = boto3.Session(
        aws_access_key_id=stolen["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=stolen["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=stolen["AWS_SESSION_TOKEN"],
        region_name=place.region,
    )
    url, stream = account.aws.kms.meta.endpoint_url, account.stream(team=TEAM)
    kinesis = thief.client("kinesis", endpoint_url=account.aws.tap.url, config=place.config)
    kms = thief.client("kms", endpoint_url=url, config=place.config)
    functions = thief.client("lambda", endpoint_url=url, config=place.config)

    assert kms.describe_key(KeyId=keys[0])["KeyMetadata"]["Arn"] == keys[0]
    attempts: list[Callable[[], object]] = [
        lambda: kms.describe_key(KeyId=keys[2]),
        lambda: kms.encrypt(KeyId=keys[0], Plaintext=b"x"),
        lambda: kms.generate_data_key(KeyId=keys[0], KeySpec="AES_256"),
        lambda: kinesis.list_shards(StreamName=stream),
        lambda: kinesis.delete_stream(StreamName=stream),
        lambda: functions.invoke(FunctionName="kinesis-stream-encryption"),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


def test_a_call_to_kinesis_that_no_role_signed_is_refused(account: Account) -> None:
    """Or else the function could run without its role, and nobody would see."""
    place = account.aws.place
    kinesis = place.session().client("kinesis", endpoint_url=account.aws.tap.url, config=place.config)
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        kinesis.describe_stream_summary(StreamName=account.stream())
