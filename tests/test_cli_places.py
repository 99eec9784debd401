"""An audit, or a look for drift, of several accounts and regions: one after the other, none of them passed over."""

import csv
import io
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ProfileNotFound
from moto import mock_aws

from stream_encryption.values import Place
from stream_encryption_cli.account import Access, Account
from stream_encryption_cli.accounts import Boto3Accounts
from stream_encryption_cli.main import main
from stream_encryption_cli.regions import Regions, enabled
from tests.builders import ACCOUNT
from tests.cli import Command
from tests.fake_errors import Kind, client_error
from tests.provider import Provider
from tests.watch.watched import MENDED, Watched

HERE, THERE, EMPTY = "us-east-1", "eu-west-1", "ap-south-1"
PRODUCTION, STAGING = "111111111111", "222222222222"


class World(Command):
    """The command among three regions: one with the provider and a claimed stream, one without, and one empty."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Furnish them."""
        watched = Watched()
        watched.create(MENDED)
        watched.clock.sleep(300)
        super().__init__(capsys, watched)
        self.there, self.empty = region(THERE), region(EMPTY)
        self.there.kinesis.add_stream("clicks")
        self.unreachable = ""

    def __call__(self, *arguments: str) -> str:
        """Run it."""
        self._capsys.readouterr()
        self.code = main(arguments, self, self.provider.clock)
        printed = self._capsys.readouterr()
        self.errors = printed.err
        return printed.out

    def regions(self, access: Access) -> Regions:
        """List them."""
        if access.profile == "gone":
            raise ProfileNotFound(profile="gone")
        return Regions((EMPTY, THERE, HERE), "3 regions")

    def of(self, access: Access) -> Account:
        """Find the account of a profile and region."""
        if access.region == self.unreachable:
            raise EndpointConnectionError(endpoint_url=f"https://sts.{access.region}.example")
        provider = {THERE: self.there, EMPTY: self.empty}.get(access.region or HERE, self.provider)
        account = {"production": PRODUCTION, "staging": STAGING}.get(access.profile or "", ACCOUNT)
        any_client: Any = self.parameters if provider is self.provider else NoParameters()
        kinesis, kms, table = provider.kinesis.client, provider.kms.client, provider.table.client
        none: Any = None
        return Account(
            Place(access.region or HERE, account), "aws", kinesis, kms, table, any_client, none, none, self.iam
        )


class NoParameters:
    """SSM in a region without the provider."""

    @staticmethod
    def get_parameter(**_: str) -> None:
        """There is none."""
        raise client_error("ParameterNotFound", "", "GetParameter")


def region(name: str) -> Provider:
    """A region without the provider's stack."""
    provider = Provider(stream=False)
    provider.kms.wire.region = name
    provider.table.exists = False
    return provider


@pytest.fixture
def world(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> World:
    """The three regions."""
    monkeypatch.delenv("COLUMNS", raising=False)
    return World(capsys)


def test_every_region_has_a_heading_and_empty_ones_a_line(world: World) -> None:
    """Where the regions are from is said on stderr, so that JSON stays JSON."""
    text = world("audit", "--all-regions")
    assert f"Account {ACCOUNT}, region {THERE}\n\nSTREAM" in text
    assert f"Account {ACCOUNT}, region {HERE}\n\nSTREAM" in text
    assert f"\nNo streams: Account {ACCOUNT}, region {EMPTY}\n" in text
    assert text.endswith("2 streams: 1 encrypted (0 with a key that can't be used), 1 not; 1 managed by a stack.\n")
    assert (world.code, world.errors) == (0, "3 regions\n")


def test_json_and_csv_name_the_account_and_the_region_of_each_row(world: World) -> None:
    """The same facts for a program."""
    places = [(ACCOUNT, THERE, "clicks"), (ACCOUNT, HERE, "orders")]
    rows = world.json("audit", "--all-regions")
    assert [(row["account"], row["region"], row["stream"]) for row in rows] == places
    rows = list(csv.DictReader(io.StringIO(world("audit", "--all-regions", "--format", "csv"))))
    assert [(row["account"], row["region"], row["stream"]) for row in rows] == places


def test_a_region_that_can_t_be_reached_is_told_and_the_others_are_read(world: World) -> None:
    """Exit code 1, and a row with the fault alone."""
    world.unreachable = THERE
    text = world("audit", "--all-regions", "--fail-on", "drift")
    assert f"\nRegion {THERE}: Could not connect" in text
    assert "\norders" in text
    assert world.code == 1
    (row,) = (row for row in world.json("audit", "--all-regions") if row["fault"])
    assert (row["account"], row["region"], row["stream"]) == ("", THERE, "")


def test_a_region_whose_streams_can_t_be_listed_keeps_its_account(world: World) -> None:
    """Exit code 1."""
    world.there.kinesis.faults.fail_next("ListStreams", Kind.ACCESS_DENIED)
    assert f"\nAccount {ACCOUNT}, region {THERE}: kinesis:ListStreams" in world("audit", "--all-regions")
    assert world.code == 1


def test_a_region_with_the_provider_s_parameter_and_no_table_is_a_fault(world: World) -> None:
    """Exit code 1: a table that was lost is no region without a provider."""
    world.provider.table.exists = False
    assert "orders: dynamodb:GetItem" in world("audit", "--all-regions")
    assert world.code == 1


@pytest.mark.parametrize(
    "given", [["--profile", "production,staging"], ["--profile", "production", "--profile", "staging"]]
)
def test_several_profiles_are_looked_at_one_after_the_other(world: World, given: list[str]) -> None:
    """Each has a heading with its account."""
    text = world("audit", *given)
    assert f"Account {PRODUCTION}, region {HERE}, profile production\n" in text
    assert f"Account {STAGING}, region {HERE}, profile staging\n" in text
    rows = world.json("audit", *given)
    assert [(row["profile"], row["account"]) for row in rows] == [("production", PRODUCTION), ("staging", STAGING)]


def test_a_profile_that_is_not_there_does_not_keep_the_others_from_being_read(world: World) -> None:
    """Exit code 1."""
    text = world("audit", "--all-regions", "--profile", "gone,staging")
    assert "\nAll regions, profile gone: " in text
    assert f"Account {STAGING}, region {THERE}, profile staging\n" in text
    assert "Profile staging: 3 regions\n" in world.errors
    assert world.code == 1


def test_grants_are_listed_in_every_region(world: World) -> None:
    """A region without a provider has none; one that can't be read is told."""
    assert world("audit", "--grants", "--all-regions") == "0 grants in the record.\n"
    world.unreachable = THERE
    assert f"Region {THERE}: Could not connect" in world("audit", "--grants", "--all-regions")
    assert world.code == 1


def test_drift_is_looked_for_in_every_region(world: World) -> None:
    """Exit code 2; a region without a provider claims no stream."""
    world.provider.kinesis.people.stop("orders")
    world.provider.clock.sleep(10)
    text = world("drift", "--all-regions", "--profile", "staging")
    assert text.startswith(f"Account {STAGING}, region {HERE}, profile staging\n\nSTREAM")
    assert text.endswith("\n\n1 stream has drifted.\n")
    assert world.code == 2
    (row,) = world.json("drift", "--all-regions")["drift"]
    assert (row["account"], row["region"], row["code"]) == (ACCOUNT, HERE, "Unencrypted")


@pytest.mark.parametrize("form", ["table", "json", "sarif"])
def test_a_region_in_which_nobody_could_look_for_drift_is_told(world: World, form: str) -> None:
    """Exit code 1, in each form that can hold it."""
    world.unreachable = THERE
    text = world("drift", "--all-regions", "--output", form)
    assert THERE in text
    assert "Could not connect" in text
    assert world.code == 1


def test_one_region_that_can_t_be_reached_fails_the_command(world: World) -> None:
    """In a sentence on stderr, as before."""
    world.unreachable = THERE
    assert world("audit", "--region", THERE, "--profile", "production") == ""
    assert world.errors.startswith("audit failed: Could not connect")
    assert world.code == 1


# The regions


@pytest.mark.parametrize(
    "error",
    [
        client_error("UnauthorizedOperation", "no", "DescribeRegions"),
        EndpointConnectionError(endpoint_url="https://ec2.example"),
    ],
)
def test_without_ec2_s_list_boto3_s_is_used_and_that_is_said(error: Exception) -> None:
    """The regions: some of them may not be enabled."""

    def describe_regions() -> None:
        raise error

    found = enabled(SimpleNamespace(describe_regions=describe_regions), [THERE, EMPTY])
    assert found.names == (EMPTY, THERE)
    assert "from boto3's list: ec2:DescribeRegions failed" in found.source


@mock_aws
def test_boto3_lists_the_regions_that_ec2_has_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The regions: by the real client, with moto at the other end. It may list them, and change nothing."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "x")
    found = Boto3Accounts().regions(Access(region=HERE))
    assert {EMPTY, THERE, HERE} <= set(found.names)
    assert "which ec2:DescribeRegions lists as enabled" in found.source
