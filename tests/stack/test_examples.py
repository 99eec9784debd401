"""Each template that people copy is deployed as it is, but for the settling time, and deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local import templates
from local.engines import ROOT

from .stacks import AWS_KEY

if TYPE_CHECKING:
    from local.cloudformation import Operation

    from .stacks import Account


def deploy(account: Account, example: str, stack: str, **parameters: str) -> Operation:
    """Deploy an example, with these parameters."""
    template = without_settling(templates.load(ROOT / "examples" / f"{example}.yaml"))
    return account.aws.cloudformation.deploy(stack, template, parameters)


def without_settling(value: Any) -> Any:
    """A template whose streams need not settle, also where its resources are made in a loop."""
    if isinstance(value, list):
        return [without_settling(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {key: without_settling(one) for key, one in value.items()}
    if inner.get("Type") == "Custom::KinesisStreamEncryption":
        inner["Properties"]["SettleSeconds"] = 0
    return inner


def test_encrypt_another_stacks_stream(account: Account) -> None:
    """The first example that people copy; its outputs tell what was done."""
    stream, stack = account.stream(), account.name()
    before = account.state(stream)

    created = deploy(account, "encrypt-another-stacks-stream", stack, StreamName=stream)

    assert created.status == "CREATE_COMPLETE"
    assert account.key_of(stream) == AWS_KEY
    outputs = account.aws.cloudformation.outputs(stack)
    assert ":key/" in outputs.pop("KeyArn")
    assert outputs == {
        "StreamARN": account.aws.stream_arn(stream),
        "EncryptionType": "KMS",
        "KeyId": AWS_KEY,
        "PreviousEncryptionType": "NONE",
    }
    assert account.delete(stack).status == "DELETE_COMPLETE"
    assert account.state(stream) == before


def test_with_a_customer_managed_key(account: Account) -> None:
    """The key is made in the same template, and is the one that the stream has."""
    stream, stack = account.stream(), account.name()
    role = f"arn:aws:iam::{account.aws.place.account}:role/shop"

    created = deploy(
        account,
        "with-a-customer-managed-key",
        stack,
        StreamName=stream,
        ProducerRoleArns=role,
        ConsumerRoleArns=role,
    )

    assert created.status == "CREATE_COMPLETE"
    assert account.key_of(stream) == account.aws.cloudformation.outputs(stack)["KeyArn"]
    assert account.delete(stack).status == "DELETE_COMPLETE"
    assert account.key_of(stream) == ""


def test_retained_on_deletion(account: Account) -> None:
    """Both ways leave the stream encrypted; OnDelete: Keep ends the claim, DeletionPolicy keeps it."""
    kept, retained, stack = account.stream(), account.stream(), account.name()

    created = deploy(account, "retained-on-deletion", stack, KeptStream=kept, RetainedStream=retained)
    deleted = account.delete(stack)

    assert (created.status, deleted.status) == ("CREATE_COMPLETE", "DELETE_COMPLETE")
    assert (account.key_of(kept), account.key_of(retained)) == (AWS_KEY, AWS_KEY)
    assert account.claims(kept) == []
    assert len(account.claims(retained)) == 1


def test_several_streams(account: Account) -> None:
    """One resource for each name in a list; a name that is taken out gets back what it had."""
    first, second, stack = account.stream(), account.stream(), account.name()
    before = account.state(second)

    created = deploy(account, "several-streams", stack, StreamNames=f"{first},{second}")
    assert created.status == "CREATE_COMPLETE"
    assert (account.key_of(first), account.key_of(second)) == (AWS_KEY, AWS_KEY)

    updated = deploy(account, "several-streams", stack, StreamNames=first)
    assert updated.status == "UPDATE_COMPLETE"
    assert account.key_of(first) == AWS_KEY
    assert account.state(second) == before


def test_the_security_baseline_outlives_its_stack(account: Account) -> None:
    """Nothing ends the encryption: not a name that leaves the list, not the stack's deletion."""
    first, second, stack = account.stream(), account.stream(), account.name()

    created = deploy(account, "security-baseline", stack, StreamNames=f"{first},{second}")
    updated = deploy(account, "security-baseline", stack, StreamNames=first)

    assert (created.status, updated.status) == ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    assert account.delete(stack).status == "DELETE_COMPLETE"
    assert (account.key_of(first), account.key_of(second)) == (AWS_KEY, AWS_KEY)
    assert (account.claims(first), account.claims(second)) == ([], [])


def test_one_key_for_several_streams(account: Account) -> None:
    """Each stream has the key that the template makes."""
    first, second, stack = account.stream(), account.stream(), account.name()
    role = f"arn:aws:iam::{account.aws.place.account}:role/shop"

    created = deploy(
        account,
        "one-key-for-several-streams",
        stack,
        StreamNames=f"{first},{second}",
        ProducerRoleArns=role,
        ConsumerRoleArns=role,
    )

    assert created.status == "CREATE_COMPLETE"
    key = account.aws.cloudformation.outputs(stack)["KeyArn"]
    assert (account.key_of(first), account.key_of(second)) == (key, key)
    assert account.delete(stack).status == "DELETE_COMPLETE"


def test_another_accounts_key(account: Account) -> None:
    """The template is deployed with a key of this account: the embedded AWS has only one."""
    stream, stack, key = account.stream(), account.name(), account.key()

    created = deploy(account, "another-accounts-key", stack, StreamName=stream, KeyArn=key)

    assert (created.status, account.key_of(stream)) == ("CREATE_COMPLETE", key)
    assert account.delete(stack).status == "DELETE_COMPLETE"
    assert account.key_of(stream) == ""


def test_what_the_cdk_synthesizes(account: Account) -> None:
    """`make examples` compares the CDK examples with this template; it keeps its stream encrypted."""
    stream, stack = account.stream(), account.name()
    path = ROOT / "examples" / "cdk" / "synthesized.template.json"
    template = without_settling(json.loads(path.read_text(encoding="utf-8")))
    template["Resources"]["Encryption"]["Properties"]["StreamName"] = stream

    created = account.aws.cloudformation.deploy(stack, template, {})

    assert created.status == "CREATE_COMPLETE"
    assert account.aws.cloudformation.outputs(stack)["StreamARN"] == account.aws.stream_arn(stream)
    assert account.delete(stack).status == "DELETE_COMPLETE"
    assert account.key_of(stream) == AWS_KEY


def test_a_consumer_does_not_own_the_encryption_that_it_waits_for(account: Account) -> None:
    """It can't be deployed before the stream is encrypted, and its deletion changes nothing."""
    stream, owner, consumer = account.stream(), account.name("encryption"), account.name("consumer")
    example = "consumer-waits-for-encryption"

    too_early = deploy(account, example, consumer, EncryptionStack=owner)
    assert too_early.status in {"CREATE_FAILED", "ROLLBACK_COMPLETE"}
    account.delete(consumer)
    assert deploy(account, "encrypt-another-stacks-stream", owner, StreamName=stream).status == "CREATE_COMPLETE"

    assert deploy(account, example, consumer, EncryptionStack=owner).status == "CREATE_COMPLETE"
    assert account.delete(consumer).status == "DELETE_COMPLETE"
    assert account.key_of(stream) == AWS_KEY
    assert account.delete(owner).status == "DELETE_COMPLETE"
    assert account.key_of(stream) == ""
