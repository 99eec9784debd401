"""The provider under its own role, narrowed to some streams and keys: IAM checks every call (local/iam.py)."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, NamedTuple

import boto3
import pytest
from botocore.exceptions import ClientError

from local.embedded_aws import PROVIDER_STACK
from local.kinesis_tap import refusal
from tests.permissions import ROLE
from tests.permissions_page import PAGE
from tests.policies import several, statements

from .stacks import AWS_KEY, DEPLOYED, encryption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.embedded_aws import EmbeddedAws
    from tests.policies import Statement

    from .stacks import Account

TEAM = f"shop-{uuid.uuid4().hex[:8]}"
LOOKS = {"DescribeStreamSummary"}


class Keys(NamedTuple):
    """Keys by their ARNs.

    Attributes:
        granted: In KeyArns; its own policy names the provider's role.
        usual: In KeyArns; its policy lets IAM decide.
        managed: In KeyArns; the key behind alias/aws/kinesis.
        closed: In KeyArns; its policy names another role alone.
        unnamed: Not in KeyArns.
    """

    granted: str
    usual: str
    managed: str
    closed: str
    unnamed: str

    def parameters(self, aws: EmbeddedAws) -> dict[str, str]:
        """What the provider is narrowed to: these keys but for the last, and one team's streams."""
        return {"StreamArns": aws.stream_arn(f"{TEAM}-*"), "KeyArns": ",".join(self[:-1])}


@pytest.fixture(scope="module")
def keys(aws: EmbeddedAws) -> Iterator[Keys]:
    """The provider is narrowed to all but the last of these keys, and to the streams of one team."""
    made = Keys(
        granted=key_with(aws, aws.sessions["Function"].role_arn),
        usual=aws.key("with KMS' default policy"),
        managed=aws.kms.describe_key(KeyId=AWS_KEY)["KeyMetadata"]["Arn"],
        closed=key_with(aws, f"arn:aws:iam::{aws.place.account}:role/somebody-else"),
        unnamed=aws.key("with KMS' default policy"),
    )
    aws.deploy_provider({**DEPLOYED, **made.parameters(aws)})
    yield made
    aws.deploy_provider({**DEPLOYED, "StreamArns": "all", "KeyArns": "all"})


def deployed(account: Account, keys: Keys) -> tuple[Statement, ...]:
    """The role's statements, as narrowed."""
    place = account.aws.place
    return statements(ROLE, place.account, place.region, **keys.parameters(account.aws))


def key_with(aws: EmbeddedAws, role: str) -> str:
    """A key that leaves nothing to IAM, with the statement of docs/permissions.md for a role."""
    _, _, page = PAGE.read_text(encoding="utf-8").partition("```json")
    statement = {**json.loads(page.partition("```")[0]), "Principal": {"AWS": role}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return aws.kms.create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]


def test_a_whole_life_needs_no_right_but_those_on_the_streams_and_keys_that_were_named(
    account: Account, keys: Keys
) -> None:
    """Create with a record that is put, a new key, another stream, deletion, and a throttled look: none is denied."""
    old, new, stack = account.stream(team=TEAM), account.stream(team=TEAM), account.name()
    before = [account.state(one) for one in (old, new)]
    throttle_one_look(account)

    created = account.deploy(stack, Encryption=encryption(old, KeyId=keys.granted, Verify="true"))
    changed = account.deploy(stack, Encryption=encryption(old, KeyId=keys.usual))
    replaced = account.deploy(stack, Encryption=encryption(new, KeyId=keys.usual))
    assert account.key_of(new) == keys.usual
    deleted = account.delete(stack)

    done = [one.status for one in (created, changed, replaced, deleted)]
    calls = account.aws.tap.calls(old) + account.aws.tap.calls(new)
    streams = {
        action for one in deployed(account, keys) if one.sid in {"LookAtStreams", "Streams"} for action in one.actions
    }
    assert done == ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"]
    assert [account.state(one) for one in (old, new)] == before
    assert [one.error for one in calls if one.error == "AccessDeniedException"] == []
    assert {f"kinesis:{one.action}" for one in calls} == streams


def throttle_one_look(account: Account) -> None:
    """Have Kinesis throttle the next DescribeStreamSummary, so that the look after it is by DescribeStream."""
    throttles = [refusal("LimitExceededException", "Rate exceeded for stream x under account y.")]
    account.aws.tap.meddle = lambda call: throttles.pop() if call.action in LOOKS and throttles else None


def test_the_default_key_can_be_used_only_if_key_arns_names_it(account: Account, keys: Keys) -> None:
    """The tutorial's narrowed KeyArns: IAM decides by the key behind alias/aws/kinesis."""
    stream, other, stack = account.stream(team=TEAM), account.stream(team=TEAM), account.name()
    created = account.deploy(stack, Encryption=encryption(stream))
    deleted = account.delete(stack)

    account.aws.deploy_provider({**DEPLOYED, **keys.parameters(account.aws), "KeyArns": keys.usual})
    kinesis = assumed(account).client("kinesis", endpoint_url=account.aws.tap.url, config=account.aws.place.config)
    with pytest.raises(ClientError, match=f"StartStreamEncryption on resource: {keys.managed}"):
        kinesis.start_stream_encryption(StreamName=other, EncryptionType="KMS", KeyId=AWS_KEY)

    account.aws.deploy_provider({**DEPLOYED, **keys.parameters(account.aws)})
    assert (created.status, deleted.status) == ("CREATE_COMPLETE", "DELETE_COMPLETE")


def assumed(account: Account) -> boto3.Session:
    """A session with the credentials of the function's role."""
    given = account.aws.sessions["Function"].credentials
    return boto3.Session(
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=given["AWS_SESSION_TOKEN"],
        region_name=account.aws.place.region,
    )


def test_the_role_is_deployed_as_the_check_of_all_calls_reads_it(account: Account, keys: Keys) -> None:
    """tests/policies.py, which every run of the tests is held to, against CloudFormation and IAM."""
    place, role = account.aws.place, account.aws.sessions["Function"].role_arn.rpartition("/")[2]
    iam = account.aws.client("iam")
    policies = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    found = [one for policy in policies for one in policy["Statement"]]
    name = "kinesis-stream-encryption"
    functions = f"arn:aws:lambda:{place.region}:{place.account}:function"
    attributes = {
        "!GetAtt Logs.Arn": f"arn:aws:logs:{place.region}:{place.account}:log-group:/aws/lambda/{name}:*",
        "!GetAtt FailureResponder.Arn": f"{functions}:{name}-failure-responder",
    }
    read = [
        (one.sid, one.actions, tuple(attributes.get(arn, arn) for arn in one.resources), one.conditional)
        for one in deployed(account, keys)
    ]
    assert read == [(one["Sid"], several(one["Action"]), several(one["Resource"]), "Condition" in one) for one in found]


@pytest.mark.usefixtures("keys")
def test_a_stream_outside_the_pattern_is_out_of_the_role_s_reach(account: Account) -> None:
    """StreamArns limits the provider: its role can neither look at another team's stream nor change it."""
    stream = account.stream()
    arn, before = account.aws.stream_arn(stream), account.state(stream)
    kinesis = assumed(account).client("kinesis", endpoint_url=account.aws.tap.url, config=account.aws.place.config)

    with pytest.raises(ClientError, match=f"DescribeStreamSummary on resource: {arn}"):
        kinesis.describe_stream_summary(StreamName=stream)
    with pytest.raises(ClientError, match=f"StartStreamEncryption on resource: {arn}"):
        kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=AWS_KEY)

    assert account.state(stream) == before


def test_a_key_that_was_not_named_is_tried_for_a_minute_and_then_refused_by_its_arn(
    account: Account, keys: Keys
) -> None:
    """Promise 9 from end to end: IAM refuses the Start for its key, and the stack rolls back.

    The other refusals that are tried for a minute are in tests/contract, where time costs nothing.
    """
    stream, stack = account.stream(team=TEAM), account.name()
    before = account.state(stream)

    done = account.deploy(stack, Encryption=encryption(stream, KeyId=keys.unnamed))

    create, delete = account.aws.responses.of_stack(stack)
    assert done.status == "ROLLBACK_COMPLETE"
    assert "[AccessDenied]" in create.reason
    assert f"kinesis:StartStreamEncryption on {keys.unnamed}" in create.reason
    assert create.answered - create.sent >= 60
    assert delete.status == "SUCCESS"
    assert set(account.starts_and_stops(stream)) == {"StartStreamEncryption"}
    assert account.state(stream) == before


def test_the_role_s_credentials_are_good_for_nothing_but_the_provider_s_calls(account: Account, keys: Keys) -> None:
    """Whoever gets hold of them can't read a stream, use a key but through Kinesis, or invoke the function."""
    thief, place = assumed(account), account.aws.place
    url, stream = account.aws.kms.meta.endpoint_url, account.stream(team=TEAM)
    kinesis = thief.client("kinesis", endpoint_url=account.aws.tap.url, config=place.config)
    kms = thief.client("kms", endpoint_url=url, config=place.config)
    functions = thief.client("lambda", endpoint_url=url, config=place.config)
    dynamodb = thief.client("dynamodb", endpoint_url=url, config=place.config)
    table = account.aws.cloudformation.outputs(PROVIDER_STACK)["RecordTableName"]

    assert kms.describe_key(KeyId=keys.granted)["KeyMetadata"]["Arn"] == keys.granted
    assert kms.describe_key(KeyId=keys.usual)["KeyMetadata"]["Arn"] == keys.usual
    attempts: list[Callable[[], object]] = [
        lambda: kms.describe_key(KeyId=keys.closed),
        lambda: kms.describe_key(KeyId=keys.unnamed),
        lambda: kms.encrypt(KeyId=keys.usual, Plaintext=b"x"),
        lambda: kms.generate_data_key(KeyId=keys.usual, KeySpec="AES_256"),
        lambda: kinesis.list_shards(StreamName=stream),
        lambda: kinesis.delete_stream(StreamName=stream),
        lambda: functions.invoke(FunctionName="kinesis-stream-encryption"),
        lambda: dynamodb.scan(TableName=table),
        lambda: dynamodb.delete_item(TableName=table, Key={"stream": {"S": stream}}),
        lambda: dynamodb.get_item(TableName="another", Key={"stream": {"S": stream}}),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


def test_a_call_to_kinesis_that_nobody_of_the_account_signed_is_refused(account: Account) -> None:
    """Or else the function could run without its role, and nobody would see."""
    place = account.aws.place
    stranger = boto3.Session(aws_access_key_id="AKIASTRANGER", aws_secret_access_key="x", region_name=place.region)  # noqa: S106
    kinesis = stranger.client("kinesis", endpoint_url=account.aws.tap.url, config=place.config)
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        kinesis.describe_stream_summary(StreamName=account.stream())
