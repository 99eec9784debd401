"""Hears what is told on the default bus of the embedded AWS: a rule, and a queue as its target."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from local.embedded_aws import EmbeddedAws

PATTERN = {"source": ["kinesis-stream-encryption"], "detail-type": ["Kinesis Stream Encryption Drift"]}


class Heard:
    """The watch's events since its beginning."""

    def __init__(self, aws: EmbeddedAws) -> None:
        """Listen from now on, until the end of the context."""
        self._aws = aws
        self._name = f"heard-{uuid.uuid4().hex[:8]}"
        self._details: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        """Make the queue and the rule."""
        self._queue = self._aws.sqs.create_queue(QueueName=self._name)["QueueUrl"]
        names = ["QueueArn"]
        arn = self._aws.sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=names)["Attributes"]["QueueArn"]
        self._aws.events.put_rule(Name=self._name, EventPattern=json.dumps(PATTERN))
        self._aws.events.put_targets(Rule=self._name, Targets=[{"Id": "queue", "Arn": arn}])
        return self

    def __exit__(self, *_: object) -> None:
        """Remove them."""
        self._aws.events.remove_targets(Rule=self._name, Ids=["queue"])
        self._aws.events.delete_rule(Name=self._name)
        self._aws.sqs.delete_queue(QueueUrl=self._queue)

    def details(self) -> list[dict[str, Any]]:
        """The details of all events so far, in the order in which they were heard."""
        while messages := self._aws.sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for one in messages:
                self._details.append(json.loads(one["Body"])["detail"])
                self._aws.sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=one["ReceiptHandle"])
        return self._details
