"""The bucket from which code, state machine definitions and long templates are deployed, as by `sam deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType

BUCKET = "artifacts"


class Artifacts:
    """A bucket of the embedded AWS."""

    def __init__(self, client: S3Client, region: str) -> None:
        """Make the bucket."""
        self._client = client
        if region == "us-east-1":  # S3 refuses a LocationConstraint there.
            client.create_bucket(Bucket=BUCKET)
        else:
            location = cast("BucketLocationConstraintType", region)
            client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": location})

    def put(self, key: str, body: bytes) -> str:
        """Upload an object; answers its HTTP address."""
        self._client.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"{self._client.meta.endpoint_url}/{BUCKET}/{key}"
