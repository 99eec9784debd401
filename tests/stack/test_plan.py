"""`plan` and `audit` over real HTTP: what they say comes true, and all that they call is a look."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from local.kinesis_tap import refusal
from local.plan import run

from .stacks import AWS_KEY, encryption, template

if TYPE_CHECKING:
    from pathlib import Path

    from local.kinesis_tap import KinesisCall
    from local.loopback import Reply

    from .stacks import Account, Resource

LOOKS = {"DescribeStreamSummary", "ListStreams"}


def looked(account: Account, *arguments: str) -> tuple[dict[str, Any] | list[dict[str, Any]], int]:
    """Run the command; answers what it printed, and its exit code. It has called nothing but looks."""
    since = time.time()
    process = run(account.aws, [*arguments, "--format", "json"], capture=True)
    assert process.stderr == ""
    calls = account.aws.tap.calls(since=since)
    assert calls
    assert {one.action for one in calls} <= LOOKS
    printed: dict[str, Any] | list[dict[str, Any]] = json.loads(process.stdout)
    return printed, process.returncode


def planned(account: Account, stack: str, folder: Path, **resources: Resource) -> tuple[list[dict[str, Any]], int]:
    """Plan a stack with these resources, by a change set and on this machine; without any, plan its deletion.

    The two plans are the same, and no change set is left, nor a stack that was made for it.
    """
    file = folder / "template.json"
    file.write_text(json.dumps(template(**resources)))
    ways = ([str(file)], [str(file), "--offline"]) if resources else (["--delete"],)
    before = stacks(account)
    plans = [looked(account, "plan", *way, "--stack-name", stack) for way in ways]
    assert stacks(account) == before
    told_by = [(told(plan["lines"]), code) for plan, code in plans if isinstance(plan, dict)]
    assert told_by == [told_by[0]] * len(ways)
    (plan, code), *_ = plans
    assert isinstance(plan, dict)
    return plan["lines"], code


def stacks(account: Account) -> dict[str, tuple[str, list[str]]]:
    """Every stack that is there, with its status and its change sets."""
    client, found = account.aws.cloudformation_client, {}
    for one in client.describe_stacks()["Stacks"]:
        sets = client.list_change_sets(StackName=one["StackName"])["Summaries"]
        found[one["StackName"]] = (str(one["StackStatus"]), [str(each["ChangeSetName"]) for each in sets])
    return found


def told(lines: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Each line in short."""
    return [(line["event"], line["stream"], line["verdict"]) for line in lines]


def calls_of(lines: list[dict[str, Any]], stream: str) -> list[str]:
    """The calls by which a plan changes a stream; those that write the record go to its table."""
    steps = [step for line in lines if line["stream"] == stream for step in line["steps"] if step["changes"]]
    return [step["call"] for step in steps if step["call"] != "PutItem"]


def test_what_is_planned_over_a_stack_s_life_is_what_is_then_done(account: Account, tmp_path: Path) -> None:
    """Creation, no change, another key, another stream, deletion: each planned against what is there, then deployed."""
    stream, other, stack, key = account.stream(), account.stream(), account.name(), account.alias()
    life: list[tuple[Resource | None, list[tuple[str, str, str]], int]] = [
        (encryption(stream), [("Create", stream, "start")], 2),
        (encryption(stream), [("none", stream, "no-request")], 0),
        (encryption(stream, KeyId=key), [("Update", stream, "start")], 2),
        (encryption(other, KeyId=key), [("Update", other, "start"), ("Delete", stream, "stop")], 2),
        (None, [("Delete", other, "stop")], 2),
    ]
    for resource, expected, code in life:
        resources = {"Encryption": resource} if resource else {}
        lines, exit_code = planned(account, stack, tmp_path, **resources)
        assert (told(lines), exit_code) == (expected, code)
        if code == 0:
            continue
        since = time.time()
        done = account.deploy(stack, **resources) if resources else account.delete(stack)
        assert done.status.endswith("_COMPLETE")
        for name in (stream, other):
            assert account.aws.tap.changes(name, since) == calls_of(lines, name)


def test_what_is_planned_to_be_refused_is_refused(account: Account, tmp_path: Path) -> None:
    """For the same reason, word by word."""
    stream, theirs, stack = account.stream(), account.name(), account.name()
    account.deploy(theirs, Encryption=encryption(stream))
    lines, code = planned(account, stack, tmp_path, Encryption=encryption(stream))
    done = account.deploy(stack, Encryption=encryption(stream))
    assert (told(lines), code) == ([("Create", stream, "refused")], 1)
    assert done.status == "ROLLBACK_COMPLETE"
    # The stack's id in the sentence is its owner's, so it is the same in both.
    assert any(lines[0]["reason"] in reason for reason in done.reasons)


def test_a_resource_of_another_type_with_the_provider_s_token_is_planned_too(account: Account) -> None:
    """The provider encrypts its stream, and its deletion ends that: a plan that ends with 0 would be wrong."""
    stream, stack = account.stream(), account.name()
    resource = {**encryption(stream), "Type": "AWS::CloudFormation::CustomResource"}
    assert account.deploy(stack, Encryption=resource).status == "CREATE_COMPLETE"
    plan, code = looked(account, "plan", "--delete", "--stack-name", stack)
    assert isinstance(plan, dict)
    assert (told(plan["lines"]), code) == ([("Delete", stream, "stop")], 2)
    since = time.time()
    account.delete(stack)
    assert account.aws.tap.changes(stream, since) == ["StopStreamEncryption"]


def test_an_audit_tells_every_stream_though_kinesis_throttles_it(account: Account) -> None:
    """Botocore backs off and tries again: a throttle costs a moment, not a row."""
    plain, encrypted, stack, key = account.stream(), account.stream(), account.name(), account.alias()
    account.deploy(stack, Encryption=encryption(encrypted, KeyId=key))
    throttled: list[str] = []

    def meddle(call: KinesisCall) -> Reply | None:
        if call.action in throttled:
            return None
        throttled.append(call.action)
        return refusal("LimitExceededException", "Rate exceeded for stream x under account y.")

    account.aws.tap.meddle = meddle
    found, code = looked(account, "audit")
    rows = {row["stream"]: row for row in found if isinstance(row, dict)}
    assert code == 0
    assert set(throttled) == LOOKS
    assert (rows[plain]["encryption"], rows[plain]["key"], rows[plain]["stack"]) == ("NONE", "", "")
    arn = account.aws.kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    row = rows[encrypted]
    assert (row["key_id"], row["key_arn"], row["key"]) == (arn, arn, "usable")
    assert (row["stack"].split("/")[1], row["resource"]) == (stack, "Encryption")
    assert (row["found"], row["wanted"], row["pending"]) == ("NONE", key, "")
    assert AWS_KEY not in row["key_id"]


def test_an_audit_looks_at_every_region_over_http(account: Account) -> None:
    """EC2's list of regions, then each of them; a stream that others stopped ends it with exit code 2."""
    stream, stack = account.stream(), account.name()
    account.deploy(stack, Encryption=encryption(stream, SettleSeconds=0))
    account.aws.kinesis.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=AWS_KEY)
    account.aws.streams.wait_active(stream)
    process = run(account.aws, ["audit", "--all-regions", "--fail-on", "drift", "--format", "json"], capture=True)
    assert "which ec2:DescribeRegions lists as enabled" in process.stderr
    rows = json.loads(process.stdout)
    # Of regions that it does not know, the emulator's Kinesis gives the streams of its own.
    home = [row for row in rows if row["stream"] == stream and row["region"] == row["arn"].split(":")[3]]
    assert [(row["wanted"], row["drift"]) for row in home] == [(AWS_KEY, "Unencrypted")]
    assert ([row["fault"] for row in rows if row["fault"]], process.returncode) == ([], 2)
