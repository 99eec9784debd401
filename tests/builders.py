"""What CloudFormation and Lambda hand to the provider: events and the context."""

import json
from collections.abc import Mapping
from typing import Any

from tests.fake_clock import Clock

ACCOUNT = "123456789012"
REGION = "us-east-1"
STACK_GUID = "5b1e9c50-0000-11f1-8000-0a1b2c3d4e5f"
STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/platform-encryption/{STACK_GUID}"
LOGICAL_ID = "Encryption"
REQUEST_ID = "b2a1c0d9-0000-4000-8000-00000000c0de"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:stream-encryption"
INVENTED_ID = "platform-encryption-Encryption-1ABC2DEF3GHIJ"
"""The PhysicalResourceId that CloudFormation invents for a Create that it cancelled: <stack>-<logical id>-<suffix>."""
STREAM_NAME = "orders"
STREAM_ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM_NAME}"
ATTRIBUTES = (
    "StreamARN",
    "StreamName",
    "EncryptionType",
    "KeyId",
    "KeyArn",
    "PreviousEncryptionType",
    "PreviousKeyId",
)
"""What Fn::GetAtt gives, by the contract."""
# Any log line that holds the secret has leaked the right to answer in the provider's place.
SECRET = "TOPSECRETsignatureTOPSECRET"  # noqa: S105 - made up
RESPONSE_URL = (
    "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/"
    "arn%3Aaws%3Acloudformation%3Aus-east-1%3A123456789012%3Astack/platform-encryption/"
    "5b1e9c50-0000-11f1-8000-0a1b2c3d4e5f%7CEncryption%7Cb2a1c0d9-0000-4000-8000-00000000c0de"
    f"?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1767232800&Signature={SECRET}"
)

Properties = Mapping[str, Any]


def create_event(properties: Properties | None = None, **fields: Any) -> dict[str, Any]:
    """Build a Create: it has no PhysicalResourceId.

    Args:
        properties: The template's properties; the stream's name alone unless given.
        fields: Any of the event's own fields, under CloudFormation's name for it, or None to leave it out.
    """
    return _event("Create", properties, fields)


def update_event(
    properties: Properties | None = None, old_properties: Properties | None = None, **fields: Any
) -> dict[str, Any]:
    """Build an Update of the stream's resource; a rollback is one with the properties swapped."""
    old = {"OldResourceProperties": _with_token(old_properties), "PhysicalResourceId": STREAM_ARN}
    return _event("Update", properties, {**old, **fields})


def delete_event(properties: Properties | None = None, **fields: Any) -> dict[str, Any]:
    """Build a Delete of the stream's resource."""
    return _event("Delete", properties, {"PhysicalResourceId": STREAM_ARN, **fields})


def direct_event(event: Any) -> Any:
    """The event that Lambda hands over if the ServiceToken is the function's ARN: CloudFormation's own."""
    return event


def sns_event(*events: Any) -> dict[str, Any]:
    """The event that Lambda hands over if the ServiceToken is an SNS topic's ARN: CloudFormation's as a text."""
    return of_messages(*map(json.dumps, events))


def of_messages(*messages: Any) -> dict[str, Any]:
    """The event that Lambda hands over for the messages of an SNS topic; SNS sends one at a time.

    Source: AWS Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications".
    """
    records = [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Message": message}} for message in messages]
    return {"Records": records}


ENVELOPES = {"function": direct_event, "topic": sns_event}
"""By the kind of ServiceToken: how an event of CloudFormation's reaches a function."""


def _event(request_type: str, properties: Properties | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    event = {
        "RequestType": request_type,
        "ServiceToken": FUNCTION_ARN,
        "ResponseURL": RESPONSE_URL,
        "StackId": STACK_ID,
        "RequestId": REQUEST_ID,
        "LogicalResourceId": LOGICAL_ID,
        "ResourceType": "Custom::KinesisStreamEncryption",
        "ResourceProperties": _with_token(properties),
        **fields,
    }
    return {name: value for name, value in event.items() if value is not None}


def _with_token(properties: Properties | None) -> dict[str, Any]:
    given = {"StreamName": STREAM_NAME} if properties is None else properties
    return {"ServiceToken": FUNCTION_ARN, **given}


class LambdaContext:
    """The context of one invocation, whose time runs out by the virtual clock."""

    function_name = "stream-encryption"
    function_version = "$LATEST"
    invoked_function_arn = FUNCTION_ARN
    memory_limit_in_mb = 256
    log_group_name = "/aws/lambda/stream-encryption"
    log_stream_name = "2026/01/01/[$LATEST]00000000000000000000000000000000"

    def __init__(
        self,
        clock: Clock,
        timeout: float = 900.0,
        aws_request_id: str = "1a2b3c4d-0000-4000-8000-000000000001",
    ) -> None:
        """Start an invocation now, to be killed after a time-out in seconds."""
        self.aws_request_id = aws_request_id
        self.deadline = clock.now() + timeout
        self._clock = clock

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long the invocation may still take; never less than nothing."""
        return max(0, int((self.deadline - self._clock.now()) * 1000))


def lost_record(event: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Build Lambda's record of an event that failed at every delivery, as a failure destination is handed it.

    Args:
        event: CloudFormation's event.
        fields: Any of the record's own fields, under Lambda's name for it, or None to leave it out.

    Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
    """
    record = {
        "version": "1.0",
        "timestamp": "2026-01-01T00:03:30.000Z",
        "requestContext": {
            "requestId": "e4b46cbf-0000-4000-8000-a18cdf61200e",
            "functionArn": f"{FUNCTION_ARN}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {
            "errorType": "Runtime.ExitError",
            "errorMessage": "RequestId: e4b46cbf-0000-4000-8000-a18cdf61200e "
            "Error: Runtime exited with error: signal: killed",
        },
        **fields,
    }
    return {name: value for name, value in record.items() if value is not None}
