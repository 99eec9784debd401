"""Puts CloudTrail's events on the embedded AWS's bus, in CloudTrail's own form: neither engine has a trail.

Source: Amazon EventBridge User Guide, "AWS service events delivered via AWS CloudTrail"; AWS CloudTrail User Guide,
"CloudTrail record contents".
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.embedded_aws import EmbeddedAws

DETAIL_TYPE = "AWS API Call via CloudTrail"


class Trail:
    """Reports the calls of an owner's tool."""

    def __init__(self, aws: EmbeddedAws, role: str = "terraform", session: str = "ci") -> None:
        """Report them as those of a session of this role."""
        self._aws = aws
        self._account = aws.place.account
        self._role = role
        self.arn = f"arn:aws:sts::{self._account}:assumed-role/{role}/{session}"

    def called(
        self, service: str, name: str, asked: Mapping[str, Any], resources: Mapping[str, str] | None = None
    ) -> None:
        """Put the event of a call on the default bus.

        Args:
            service: `kinesis` or `kms`.
            name: The call.
            asked: Its parameters, as CloudTrail spells them.
            resources: The resources that CloudTrail lists, ARN and type.
        """
        now = datetime.now(UTC)
        detail = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "arn": self.arn,
                "accountId": self._account,
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "arn": f"arn:aws:iam::{self._account}:role/{self._role}",
                        "userName": self._role,
                    }
                },
            },
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": self._aws.place.region,
            "requestParameters": dict(asked),
            "responseElements": None,
            "resources": [{"ARN": arn, "type": kind} for arn, kind in (resources or {}).items()],
            "eventID": str(uuid.uuid4()),
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self._account,
            "eventCategory": "Management",
        }
        entry = {"Source": f"aws.{service}", "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail), "Time": now}
        put = self._aws.events.put_events(Entries=[entry])
        if put["FailedEntryCount"]:
            raise RuntimeError(f"the bus did not take the event: {put['Entries']}")


class OwnersTool:
    """A small stand-in for the tool of a stream's owner that does not name the encryption, such as Terraform.

    Terraform's `aws_kinesis_stream` has `encryption_type = NONE` by default, so that its next apply stops the
    encryption that it finds.
    """

    def __init__(self, aws: EmbeddedAws) -> None:
        """Work in this account."""
        self._aws = aws
        self.trail = Trail(aws)

    def apply(self, stream: str) -> None:
        """Bring the stream to what the tool's file says of it: no encryption."""
        seen = self._aws.streams.encryption(stream)
        if seen.type == "KMS":
            asked = {"streamName": stream, "encryptionType": "KMS", "keyId": seen.key}
            self._aws.kinesis.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId=seen.key)
            self.trail.called("kinesis", "StopStreamEncryption", asked)
