"""The regions of an account that are looked at with --all-regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Regions:
    """Some regions, and who named them.

    Attributes:
        names: Their names, in order.
        source: A sentence that says where the names are from.
    """

    names: tuple[str, ...]
    source: str


def enabled(ec2: Any, known: Iterable[str]) -> Regions:  # noqa: ANN401 (there are no stubs)
    """List the regions that are enabled for the account (DescribeRegions).

    Args:
        ec2: A client that can only look.
        known: boto3's list of the partition's regions, which is used where EC2 does not answer or refuses. It also has
            regions that the account has not enabled: these can't be read.
    """
    try:
        found = ec2.describe_regions()["Regions"]
    except (ClientError, ConnectTimeoutError, EndpointConnectionError) as error:
        names = tuple(sorted(known))
        return Regions(names, f"{len(names)} regions, from boto3's list: ec2:DescribeRegions failed: {error}")
    names = tuple(sorted(one["RegionName"] for one in found))
    return Regions(names, f"{len(names)} regions, which ec2:DescribeRegions lists as enabled")
