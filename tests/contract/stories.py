"""The contract's tests share this: a provider on fakes, events under ResponseURLs of their own, and what they did."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.builders import (
    LOGICAL_ID,
    STACK_ID,
    STREAM_ARN,
    STREAM_NAME,
    create_event,
    delete_event,
    update_event,
)
from tests.fake_calls import Call
from tests.fake_errors import client_error
from tests.provider import HOST, Provider

ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
TWO = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}
OTHER = {"StreamName": "other", "KeyId": "alias/one"}
OTHER_ARN = STREAM_ARN.replace(STREAM_NAME, "other")
MARKER = f"failed-create:platform-encryption/{LOGICAL_ID}/"
INVENTED = "platform-encryption-Encryption-1ABCDEF"
THEY = {"StackId": STACK_ID.replace("platform-encryption", "another-stack"), "LogicalResourceId": "Theirs"}
RENAMED = {"LogicalResourceId": "Renamed"}

Answer = dict[str, Any]


def made(key_id: str | None = None, **more: Any) -> Provider:
    """The whole provider, a stream that is encrypted with a key or not at all, a stream `other`, and a third key."""
    provider = Provider(stream=False, **more)
    provider.kms.add_key("alias/three")
    provider.kinesis.add_stream(STREAM_NAME, key_id)
    provider.kinesis.add_stream("other")
    return provider


def ok(answer: Answer) -> Answer:
    """An answer, which is SUCCESS."""
    assert answer["Status"] == "SUCCESS", answer["Reason"]
    return answer


def failed(answer: Answer, code: str) -> Answer:
    """An answer, which is FAILED with this error."""
    assert answer["Status"] == "FAILED", answer
    assert answer["Reason"].startswith(f"[{code}] "), answer["Reason"]
    return answer


def send(provider: Provider, event: Mapping[str, Any], url: str | None = None) -> Answer:
    """Deliver an event, also while another invocation is at work; return the last answer to its ResponseURL."""
    url = url or provider.fresh_url()
    provider.deliver({**event, "ResponseURL": url})
    answers = [one.json for one in provider.bucket.requests if one.stored and one.target == url.removeprefix(HOST)]
    assert answers, "CloudFormation was not answered"
    return dict(answers[-1])


def create(properties: Mapping[str, Any] = ONE, **fields: Any) -> Answer:
    """A Create's event."""
    return create_event(properties, **fields)


def update(properties: Mapping[str, Any], old: Mapping[str, Any], **fields: Any) -> Answer:
    """An Update's event."""
    return update_event(properties, old, **fields)


def delete(properties: Mapping[str, Any] = ONE, **fields: Any) -> Answer:
    """A Delete's event."""
    return delete_event(properties, **fields)


def changes(provider: Provider, name: str) -> int:
    """How many calls of this name took effect."""
    return len(provider.kinesis.calls.changes.named(name))


def starts(provider: Provider) -> int:
    """How many Starts took effect."""
    return changes(provider, "StartStreamEncryption")


def stops(provider: Provider) -> int:
    """How many Stops took effect."""
    return changes(provider, "StopStreamEncryption")


def owners(provider: Provider, name: str = STREAM_NAME) -> list[str]:
    """The logical ids of the resources that claim a stream, the first owner first."""
    item = provider.record_of(name) or {"claims": []}
    return [claim["owner"]["logical_id"] for claim in item["claims"]]


def active_since(provider: Provider, name: str = STREAM_NAME) -> float:
    """When the stream really became ACTIVE the last time, in epoch seconds."""
    return [state.at for state in provider.kinesis.history if state.stream == name and state.why == "active"][-1]


def denied_on(arn: str) -> Callable[[Call], BaseException]:
    """An AccessDenied by IAM that names this resource."""

    def deal(call: Call) -> BaseException:
        words = f"User: x is not authorized to perform: {call.action} on resource: {arn} because no policy allows it"
        return client_error("AccessDeniedException", words, call.action)

    return deal
