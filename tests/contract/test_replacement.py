"""An Update to another stream: a replacement, what cleans up after it, and what puts it back where it fails."""

from collections.abc import Mapping

import pytest

from tests.builders import STREAM_ARN
from tests.contract.stories import (
    ONE,
    OTHER,
    OTHER_ARN,
    THEY,
    create,
    delete,
    failed,
    made,
    ok,
    owners,
    send,
    starts,
    update,
)


def test_a_replacement_encrypts_the_new_stream_and_its_clean_up_restores_the_old() -> None:
    """Properties StreamName and StreamARN: a new physical id; CloudFormation then sends Delete for the old one."""
    provider = made()
    ok(send(provider, create()))
    assert ok(send(provider, update(OTHER, ONE)))["PhysicalResourceId"] == OTHER_ARN
    assert (provider.key_of(), provider.key_of("other")) == (provider.one.arn, provider.one.arn)
    ok(send(provider, delete(ONE, PhysicalResourceId=STREAM_ARN)))
    assert (provider.key_of(), provider.key_of("other")) == (None, provider.one.arn)
    assert (owners(provider), owners(provider, "other")) == ([], ["Encryption"])


def test_a_replacement_that_succeeded_and_is_rolled_back_is_a_replacement_again() -> None:
    """Rollback, with CloudFormation holding the new id: the old stream was never touched."""
    provider = made()
    ok(send(provider, create()))
    ok(send(provider, update(OTHER, ONE)))
    back = ok(send(provider, update(ONE, OTHER, PhysicalResourceId=OTHER_ARN)))
    assert back["PhysicalResourceId"] == STREAM_ARN
    ok(send(provider, delete(OTHER, PhysicalResourceId=OTHER_ARN)))
    assert (provider.key_of(), provider.key_of("other"), starts(provider)) == (provider.one.arn, None, 2)


@pytest.mark.parametrize("before", [None, "alias/two"])
def test_a_failed_replacement_is_put_back_and_the_old_id_answered(before: str | None) -> None:
    """Rollback of a failed replacement: the stream that was tried is put back as it was."""
    provider = made()
    ok(send(provider, create()))
    provider.kinesis.add_stream("other", before)
    provider.kinesis.settings.updating = 600
    tried = {**OTHER, "ServiceTimeout": "60"}
    assert failed(send(provider, update(tried, ONE)), "DeadlineExceeded")["PhysicalResourceId"] == STREAM_ARN
    provider.clock.sleep(700)
    provider.kinesis.settings.updating = 2.0
    back = ok(send(provider, update(ONE, tried)))
    assert (back["PhysicalResourceId"], back["Data"]["StreamName"]) == (STREAM_ARN, "orders")
    assert (provider.key_of(), provider.key_of("other")) == (provider.one.arn, before)
    assert owners(provider, "other") == []


@pytest.mark.parametrize(
    "tried",
    [
        {"StreamName": "missing"},
        {"StreamName": "!"},
        {},
        {"StreamName": "other", "KeyId": "!"},
        {**ONE, "KeyId": "!"},
        {**ONE, "OnDelete": "Maybe"},
    ],
)
def test_an_update_that_could_never_work_is_rolled_back(tried: Mapping[str, str]) -> None:
    """Rollback: old properties may be of any kind, and a stream that was never touched stays as it is."""
    provider = made()
    ok(send(provider, create()))
    answer = send(provider, update(tried, ONE))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", STREAM_ARN)
    ok(send(provider, update(ONE, tried)))
    assert (provider.key_of(), provider.key_of("other"), starts(provider)) == (provider.one.arn, None, 1)


def test_a_replacement_by_a_stream_that_another_stack_claims_leaves_that_alone() -> None:
    """Promise 3: a stream that was refused is not ours to put back."""
    provider = made()
    ok(send(provider, create(OTHER, **THEY)))
    ok(send(provider, create()))
    two = {**OTHER, "KeyId": "alias/two"}
    failed(send(provider, update(two, ONE)), "OwnedByAnotherStack")
    ok(send(provider, update(ONE, two)))
    assert (provider.key_of("other"), owners(provider, "other")) == (provider.one.arn, ["Theirs"])


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (ONE, {"StreamARN": STREAM_ARN}),
        ({"StreamARN": STREAM_ARN}, ONE),
        (ONE, {**ONE, "StreamARN": STREAM_ARN}),
    ],
    ids=["name to ARN", "ARN to name", "both"],
)
def test_another_way_to_name_the_same_stream_is_no_replacement(
    first: Mapping[str, str], then: Mapping[str, str]
) -> None:
    """The PhysicalResourceId names the stream."""
    first, then = {**first, "KeyId": "alias/one"}, {**then, "KeyId": "alias/one"}
    provider = made()
    created = ok(send(provider, create(first)))
    updated = ok(send(provider, update(then, first, PhysicalResourceId=created["PhysicalResourceId"])))
    assert updated["PhysicalResourceId"] == created["PhysicalResourceId"] == STREAM_ARN
    assert starts(provider) == 1


def test_the_attributes_tell_what_is_and_what_was() -> None:
    """Ref and Fn::GetAtt: every attribute of the contract, after an Update as well."""
    provider = made("alias/three")
    created = ok(send(provider, create()))
    assert created["Data"] == {
        "StreamARN": STREAM_ARN,
        "StreamName": "orders",
        "EncryptionType": "KMS",
        "KeyId": provider.one.arn,
        "KeyArn": provider.one.arn,
        "PreviousEncryptionType": "KMS",
        "PreviousKeyId": "alias/three",
    }
    updated = ok(send(provider, update({**ONE, "KeyId": "alias/two"}, ONE)))
    assert updated["Data"] == {**created["Data"], "KeyId": provider.two.arn, "KeyArn": provider.two.arn}
