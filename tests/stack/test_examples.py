"""Each template that people copy is deployed as it is, but for the settling time, and deleted."""

from __future__ import annotations

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
    assert account.aws.cloudformation.outputs(stack) == {
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


def test_consumer_waits_for_encryption(account: Account) -> None:
    """`!Ref Encryption` makes the event source mapping wait until the stream IS encrypted."""
    stream, stack = account.stream(), account.name()

    created = deploy(account, "consumer-waits-for-encryption", stack, StreamName=stream)

    assert created.status == "CREATE_COMPLETE"
    encrypted = created.event("Encryption", "CREATE_COMPLETE").at
    assert created.event("Mapping", "CREATE_IN_PROGRESS").at >= encrypted
    assert account.delete(stack).status == "DELETE_COMPLETE"
