"""The rights of the function: its role's session, and what the role's policies say of a call to Kinesis.

MiniStack checks the role at every call to itself. Kinesis is kinesis-local, which knows no IAM: the tap in front of it
asks here, and MiniStack's IAM decides by the policies that were deployed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.kinesis_tap import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_kms import KMSClient

    from local.kinesis_tap import KinesisCall
    from local.loopback import Reply
    from local.place import Place


@dataclass(frozen=True)
class Session:
    """An assumed role: the session's ARN and the role's, and the credentials as AWS's own variables."""

    arn: str
    role_arn: str
    credentials: Mapping[str, str]


class Iam:
    """The roles that functions run under."""

    def __init__(self, place: Place, iam: Any, sts: Any, kms: KMSClient) -> None:  # noqa: ANN401 - there are no stubs
        """Use these clients, with the rights of the account's root."""
        self._place, self._iam, self._sts, self._kms = place, iam, sts, kms
        self._sessions: dict[str, Session] = {}

    def create_role(self, name: str) -> str:
        """Create a role of the account without any permission; return its ARN."""
        root = f"arn:aws:iam::{self._place.account}:root"
        statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        return str(self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])

    def assume(self, role_arn: str, function: str) -> Session:
        """Assume a function's role, as Lambda does; the session has the function's name."""
        assumed = self._sts.assume_role(RoleArn=role_arn, RoleSessionName=function)
        given = assumed["Credentials"]
        credentials = {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }
        session = Session(assumed["AssumedRoleUser"]["Arn"], role_arn, credentials)
        self._sessions[given["AccessKeyId"]] = session
        return session

    def refusal(self, call: KinesisCall) -> Reply | None:
        """What Kinesis answers where the caller's role does not allow a call; None where it does.

        Source of the wording: IAM User Guide, "Troubleshoot access denied error messages".
        """
        if call.caller == self._place.credentials["AWS_ACCESS_KEY_ID"]:  # the account's root
            return None
        session = self._sessions.get(call.caller)
        if session is None:
            return refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
        action = f"kinesis:{call.action}"
        for resource in self._resources(call):
            if not self.allows(session.role_arn, action, resource):
                denied = f"User: {session.arn} is not authorized to perform: {action} on resource: {resource}"
                why = f"because no identity-based policy allows the {action} action"
                return refusal("AccessDeniedException", f"{denied} {why}")
        return None

    def allows(self, role_arn: str, action: str, resource: str) -> bool:
        """Whether a role's policies allow an action on a resource."""
        (result,) = self._iam.simulate_principal_policy(
            PolicySourceArn=role_arn, ActionNames=[action], ResourceArns=[resource]
        )["EvaluationResults"]
        return bool(result["EvalDecision"] == "allowed")

    def _resources(self, call: KinesisCall) -> Iterator[str]:
        """What a call is authorized on: its stream, and its key, where it is one that takes a key.

        Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Kinesis Data
        Streams"; KMS Developer Guide on aliases, which stand for their key.
        """
        own = f"arn:aws:kinesis:{self._place.region}:{self._place.account}:stream/{call.stream}"
        yield call.request.get("StreamARN", own)
        if "KeyId" in call.request:
            try:
                yield self._kms.describe_key(KeyId=call.request["KeyId"])["KeyMetadata"]["Arn"]
            except ClientError:  # There is no such key, which is not for IAM to say.
                return
