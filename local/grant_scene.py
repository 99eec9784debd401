"""The demo's scene of a producer whose role gets the use of the key by a grant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local.checks import LOGICAL_ID
from local.templates import with_property

if TYPE_CHECKING:
    from local.checks import Checks
    from local.embedded_aws import EmbeddedAws
    from local.kinesis_tap import KinesisCall
    from local.scenes import Deploy
    from local.templates import Template

STACK, STREAM, KEY = "granted-encryption", "orders", "alias/platform-team"


class GrantScene:
    """Plays the life of a grant. Kinesis calls GenerateDataKey in a producer's name; here the scene does."""

    def __init__(self, aws: EmbeddedAws, check: Checks) -> None:
        """Play on this AWS."""
        self._aws, self._check = aws, check

    def play(self, deploy: Deploy, example: Template) -> None:
        """Encrypt a stream with a producer that may not use the key; then delete the stack."""
        self._aws.deploy_provider({"AllowGrants": "true"})
        writer = self._aws.iam.create_role("orders-writer")
        template = with_property(example, LOGICAL_ID, "Producers", [writer])
        template = with_property(template, LOGICAL_ID, "GrantSeconds", "1")
        before, at_start = self._generates_data_key(writer), []

        def try_at_start(call: KinesisCall) -> None:
            if call.action == "StartStreamEncryption":
                at_start.append(self._generates_data_key(writer))

        self._aws.tap.meddle = try_at_start
        self._check.ended(deploy(STACK, STREAM, KEY, template=template), "CREATE_COMPLETE")
        self._aws.tap.meddle = lambda _: None
        self._say("before the stack, GenerateDataKey is denied to the writer", before, expected="AccessDeniedException")
        self._say("right before the Start, it is allowed", "".join(at_start), expected="allowed")
        self._check.ended(self._aws.cloudformation.delete(STACK), "DELETE_COMPLETE")
        after = self._generates_data_key(writer)
        self._say("after the stack's deletion, it is denied again", after, expected="AccessDeniedException")
        self._check.as_before(STREAM)

    def _say(self, text: str, seen: str, *, expected: str) -> None:
        self._check.show.check(text, holds=seen == expected, seen=seen)

    def _generates_data_key(self, role: str) -> str:
        """Call GenerateDataKey as Kinesis does for a role's PutRecord; return "allowed" or the error's code."""
        given = self._aws.iam.assume(role, "writer").credentials
        client = self._aws.client("kms", given)
        context = {"aws:kinesis:arn": self._aws.stream_arn(STREAM)}
        try:
            client.generate_data_key(KeyId=self._check.arn(KEY), KeySpec="AES_256", EncryptionContext=context)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "allowed"
