"""An AWS KMS for tests: the keys, aliases and grants of a region, and what Kinesis asks of a key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack, cast

from tests.fake_calls import FakeService, Wire, answer
from tests.fake_clock import Clock
from tests.fake_errors import Kind, client_error, fault
from tests.fake_grants import Grants

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.type_defs import (
        CreateGrantRequestTypeDef,
        DescribeKeyRequestTypeDef,
        GetKeyPolicyRequestTypeDef,
        ListGrantsRequestTypeDef,
        RevokeGrantRequestTypeDef,
    )

KINESIS_ALIAS = "alias/aws/kinesis"


@dataclass(slots=True)
class Key:
    """A KMS key; a test may change any of it at any time."""

    arn: str
    state: str = "Enabled"  # Disabled, PendingDeletion, PendingImport, Unavailable, …
    spec: str = "SYMMETRIC_DEFAULT"  # RSA_2048, HMAC_256, …
    usage: str = "ENCRYPT_DECRYPT"  # SIGN_VERIFY, GENERATE_VERIFY_MAC, …
    manager: str = "CUSTOMER"  # or AWS
    multi_region: bool = False
    denies_describe: bool = False  # its policy lets the provider not look at it (another account's key, often)
    denies_grants: bool = False  # its policy lets the provider not grant, revoke or list
    denies_use: bool = False  # its policy lets the caller not encrypt with it
    unknown_until: float = 0.0  # the key was made seconds ago: until then KMS answers that there is no such key
    denied_until: float = 0.0  # its policy, or the caller's role, is new: until then every use and look is denied
    deletion_date: datetime | None = None  # when KMS will delete it, if its deletion is scheduled

    @property
    def key_id(self) -> str:
        """The key's GUID (for a multi-Region key: "mrk-" and more)."""
        return self.arn.rpartition("/")[2]

    @property
    def account(self) -> str:
        """The account that the key belongs to."""
        return self.arn.split(":")[4]


class FakeKms(FakeService):
    """As much of a boto3 KMS client as a stream's encryption needs."""

    def __init__(self, wire: Wire | Clock) -> None:
        """Start with no keys; give the Wire of another fake, to share its record and its plan of faults."""
        super().__init__(wire)
        self.keys: dict[str, Key] = {}  # by ARN
        self.aliases: dict[str, Key] = {}  # by ARN
        self.aliases_unknown_until: dict[str, float] = {}  # by ARN: the alias was made seconds ago
        self.opted_in = True  # False: the account has no subscription to KMS
        self.throttles_kinesis = False
        self.grants = Grants()
        root = f"arn:aws:iam::{self.wire.account}:root"
        whole = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
        self.policy = json.dumps({"Version": "2012-10-17", "Statement": [whole]})  # KMS' default: IAM decides

    @property
    def client(self) -> "KMSClient":
        """Itself, under the type that boto3 gives to its clients."""
        return cast("KMSClient", self)

    def add_key(
        self,
        alias: str | None = None,
        *,
        account: str | None = None,
        region: str | None = None,
        multi_region: bool = False,
        **traits: Any,
    ) -> Key:
        """Make a key.

        Args:
            alias: An alias to give it ("alias/orders"), if any.
            account: Whose key it is; the wire's own account unless told.
            region: Where it is; the wire's own region unless told.
            multi_region: Whether it is a multi-Region key.
            traits: Any other field of Key: state, spec, usage, manager, denies_describe, unknown_until, ….
        """
        number = len(self.keys) + 1
        key_id = f"mrk-{number:032x}" if multi_region else f"{number:08x}-1111-4222-8333-444455556666"
        arn = f"arn:aws:kms:{region or self.wire.region}:{account or self.wire.account}:key/{key_id}"
        key = self.keys[arn] = Key(arn, multi_region=multi_region, **traits)
        if alias:
            self.alias(alias, key)
        return key

    def alias(self, name: str, key: Key, *, unknown_until: float = 0.0) -> str:
        """Point a new or existing alias at a key, and return the alias's ARN.

        Args:
            name: The alias ("alias/orders").
            key: The key.
            unknown_until: Until when KMS answers that there is no such alias, in epoch seconds.
        """
        arn = f"{key.arn.rpartition(':')[0]}:{name}"
        self.aliases[arn] = key
        self.aliases_unknown_until[arn] = unknown_until
        return arn

    def remove(self, key: Key) -> None:
        """Delete a key for good, and its aliases, as at the end of its waiting period."""
        del self.keys[key.arn]
        self.aliases = {arn: target for arn, target in self.aliases.items() if target is not key}

    def describe_key(self, **arguments: "Unpack[DescribeKeyRequestTypeDef]") -> dict[str, Any]:
        """Answer as DescribeKey does, for a GUID, a key ARN, an alias name or an alias ARN."""
        key_id = arguments.get("KeyId", "")  # boto3's own check refuses a missing one
        return self._call("kms:DescribeKey", arguments, lambda: self._describe(key_id))

    def create_grant(self, **arguments: "Unpack[CreateGrantRequestTypeDef]") -> dict[str, Any]:
        """Answer as CreateGrant does."""
        action, now = "kms:CreateGrant", self.wire.clock.now()

        def make() -> dict[str, Any]:
            key = self._granting(arguments["KeyId"], action)
            if key.state != "Enabled":
                code = "DisabledException" if key.state == "Disabled" else "KMSInvalidStateException"
                raise client_error(code, f"{key.arn} is {key.state}.", action)
            return answer(GrantId=self.grants.create(key.arn, arguments, now).grant_id, GrantToken="token")

        return self._call(action, arguments, make, changes=True)

    def revoke_grant(self, **arguments: "Unpack[RevokeGrantRequestTypeDef]") -> dict[str, Any]:
        """Answer as RevokeGrant does; a disabled key's grants can be revoked, too."""
        action = "kms:RevokeGrant"

        def revoke() -> dict[str, Any]:
            self.grants.revoke(self._granting(arguments["KeyId"], action).arn, arguments["GrantId"])
            return answer()

        return self._call(action, arguments, revoke, changes=True)

    def list_grants(self, **arguments: "Unpack[ListGrantsRequestTypeDef]") -> dict[str, Any]:
        """Answer as ListGrants does."""
        action = "kms:ListGrants"

        def page() -> dict[str, Any]:
            key = self._granting(arguments["KeyId"], action)
            return answer(**self.grants.page(key.arn, arguments.get("GranteePrincipal"), arguments.get("Marker")))

        return self._call(action, arguments, page)

    def get_key_policy(self, **arguments: "Unpack[GetKeyPolicyRequestTypeDef]") -> dict[str, Any]:
        """Answer as GetKeyPolicy does."""
        return self._call("kms:GetKeyPolicy", arguments, lambda: answer(Policy=self.policy, PolicyName="default"))

    def may(self, principal: str, operation: str, key: Key, context: Mapping[str, str]) -> bool:
        """Tell whether a role that no policy names may use a key now: by a grant alone, and while it is Enabled."""
        now = self.wire.clock.now()
        return key.state == "Enabled" and self.grants.allow(key.arn, operation, principal, context, now)

    def find(self, key_id: str) -> Key | None:
        """Find the key that an identifier means here and now."""
        here = f"arn:aws:kms:{self.wire.region}:"
        if not key_id.startswith("arn:"):
            kind = "" if key_id.startswith("alias/") else "key/"
            key_id = f"{here}{self.wire.account}:{kind}{key_id}"
        if not key_id.startswith(here):  # KMS answers for its own region alone
            return None
        return self.keys.get(key_id) or self.aliases.get(key_id)

    def known(self, key_id: str) -> Key | None:
        """Find the key as KMS itself does, which takes some seconds to know a new key or a new alias."""
        key, now = self.find(key_id), self.wire.clock.now()
        arn = key_id if key_id.startswith("arn:") else self._own(key_id)
        if key is None or now < key.unknown_until or now < self.aliases_unknown_until.get(arn, 0.0):
            return None
        return key

    def refusal(self, key_id: str) -> Kind | None:
        """Tell why Kinesis could not encrypt with a key; None where it can.

        The AWS managed key is made when a service first uses it, so its alias is never missing for Start.
        What Kinesis says of an asymmetric key is documented nowhere; an invalid argument is the likeliest.
        """
        key = self.known(key_id)
        if key is None and key_id.removeprefix(self._own("")) == KINESIS_ALIAS:
            key = self.add_key(KINESIS_ALIAS, manager="AWS")
        if not self.opted_in:
            return Kind.KMS_OPT_IN_REQUIRED
        if self.throttles_kinesis:
            return Kind.KMS_THROTTLING
        if key and self.wire.clock.now() < key.denied_until:
            return Kind.KMS_ACCESS_DENIED
        return _flaw(key) if key else Kind.KMS_NOT_FOUND

    def _call(self, action: str, arguments: Any, effect: Any, *, changes: bool = False) -> dict[str, Any]:
        made: dict[str, Any] = self.wire.call(action, arguments, effect, changes=changes)
        return made

    def _granting(self, key_id: str, action: str) -> Key:
        """Find the key of a call for a grant, which takes no alias, and which its policy may deny."""
        key = None if "alias/" in key_id else self.known(key_id)
        if key is None:
            raise client_error("NotFoundException", self._not_found(key_id), action)
        denied = key.denies_grants or key.manager == "AWS" or self.wire.clock.now() < key.denied_until
        if denied:
            raise fault(Kind.ACCESS_DENIED, action, {"KeyId": key.arn}, self.wire.account, self.wire.region)
        return key

    def _own(self, resource: str) -> str:
        return f"arn:aws:kms:{self.wire.region}:{self.wire.account}:{resource}"

    def _describe(self, key_id: str) -> dict[str, Any]:
        key = self.known(key_id)
        if key is None:
            raise client_error("NotFoundException", self._not_found(key_id), "kms:DescribeKey")
        if key.denies_describe or self.wire.clock.now() < key.denied_until:
            arguments = {"KeyId": key.arn}
            raise fault(Kind.ACCESS_DENIED, "kms:DescribeKey", arguments, self.wire.account, self.wire.region)
        return answer(KeyMetadata=_metadata_of(key))

    def _not_found(self, key_id: str) -> str:
        """Word it as KMS does, which says something else for each way of naming a key."""
        if key_id.startswith("arn:"):
            region = key_id.split(":")[3]
            if region != self.wire.region:
                return f"Invalid arn {region}"
        resource = key_id.rpartition(":")[2]
        if resource.startswith("alias/"):
            return f"Alias {key_id if key_id.startswith('arn:') else self._own(key_id)} is not found."
        if key_id.startswith("arn:") or len(key_id) == len("12345678-1234-1234-1234-123456789012"):
            return f"Key '{key_id if key_id.startswith('arn:') else self._own('key/' + key_id)}' does not exist"
        return f"Invalid keyId {key_id}"


def _flaw(key: Key) -> Kind | None:
    if key.denies_use:
        return Kind.KMS_ACCESS_DENIED
    if key.state != "Enabled":
        return Kind.KMS_DISABLED if key.state == "Disabled" else Kind.KMS_INVALID_STATE
    usable = key.spec == "SYMMETRIC_DEFAULT" and key.usage == "ENCRYPT_DECRYPT"
    return None if usable else Kind.INVALID_ARGUMENT


def _metadata_of(key: Key) -> dict[str, Any]:
    return {
        "AWSAccountId": key.account,
        "KeyId": key.key_id,
        "Arn": key.arn,
        "CreationDate": datetime(2026, 1, 1, tzinfo=UTC),
        "Enabled": key.state == "Enabled",
        "Description": "",
        "KeyUsage": key.usage,
        "KeyState": key.state,
        "Origin": "AWS_KMS",
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "MultiRegion": key.multi_region,
        **({"DeletionDate": key.deletion_date} if key.deletion_date else {}),
    }
