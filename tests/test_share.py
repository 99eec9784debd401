"""deploy/stackset.yaml: the provider in every account of an organization, as CloudFormation's StackSets can do it."""

import re
import tomllib
from typing import Any

import pytest

from tests.templates import ROOT, load

TEMPLATE = load(ROOT / "deploy" / "stackset.yaml")
STACK_SET: dict[str, Any] = TEMPLATE["Resources"]["Everywhere"]["Properties"]
PROVIDER = load(ROOT / "template.yaml")
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_the_stack_set_gives_the_provider_parameters_that_it_has() -> None:
    """A parameter that is unknown, or that is refused, fails in every account."""
    given = {one["ParameterKey"]: one["ParameterValue"] for one in STACK_SET["Parameters"]}
    assert set(given) <= set(PROVIDER["Parameters"])
    assert given == {name: {"Ref": name} for name in ("StreamTag", "Monitoring")}
    for name in given:
        ours, provider_s = TEMPLATE["Parameters"][name], PROVIDER["Parameters"][name]
        same = ("Type", "Default", "AllowedPattern", "AllowedValues")
        assert [ours.get(key) for key in same] == [provider_s.get(key) for key in same]
    assert [name for name, one in PROVIDER["Parameters"].items() if "Default" not in one] == []


def test_the_stack_set_can_deploy_the_provider_which_holds_no_nested_stack() -> None:
    """StackSets with service-managed permissions refuse one.

    Source: the handler of AWS::CloudFormation::StackSet, Validator.java, in
    github.com/aws-cloudformation/aws-cloudformation-resource-providers-cloudformation.
    """
    nested = {"AWS::CloudFormation::Stack", "AWS::Serverless::Application"}
    assert {one["Type"] for one in PROVIDER["Resources"].values()} & nested == set()


def test_the_stack_set_acknowledges_what_the_provider_s_template_asks_for_and_no_macro() -> None:
    """StackSets with service-managed permissions know no macros, SAM's transform neither: it has to be done before."""
    assert STACK_SET["PermissionModel"] == "SERVICE_MANAGED"
    assert STACK_SET["Capabilities"] == ["CAPABILITY_IAM"]
    assert "--template-stage Processed" in PAGE


def test_the_stack_set_covers_accounts_that_join_and_leaves_the_provider_in_those_that_leave() -> None:
    """Their stacks still need it: each Delete of a resource goes through it."""
    assert STACK_SET["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": True}


def test_the_stack_set_is_for_the_region_whose_bucket_holds_the_code() -> None:
    """Lambda takes code from a bucket of its own region only."""
    (group,) = STACK_SET["StackInstancesGroup"]
    assert group["Regions"] == [{"Ref": "AWS::Region"}]
    assert group["DeploymentTargets"] == {"OrganizationalUnitIds": {"Ref": "OrganizationalUnitIds"}}


@pytest.mark.parametrize(
    ("parameter", "value", "allowed"),
    [
        ("OrganizationalUnitIds", "ou-ab12-cdefgh34", True),
        ("OrganizationalUnitIds", "r-ab12", True),
        ("OrganizationalUnitIds", "111122223333", False),
        ("TemplateUrl", "https://my-artifacts.s3.eu-west-1.amazonaws.com/provider.json", True),
        ("TemplateUrl", "s3://my-artifacts/provider.json", False),
    ],
)
def test_what_the_stack_set_is_told_is_checked_before_any_account_is_touched(
    parameter: str, value: str, *, allowed: bool
) -> None:
    """A mistake found at the deployment of one stack is cheaper than in a hundred accounts."""
    assert bool(re.fullmatch(TEMPLATE["Parameters"][parameter]["AllowedPattern"], value)) == allowed


def test_the_page_names_the_processed_template_after_this_version() -> None:
    """A new version needs a new name: an unchanged TemplateUrl is no change for CloudFormation."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert set(re.findall(r"provider-(\d+\.\d+\.\d+)\.json", PAGE)) == {version}


def test_the_page_names_the_tag_that_the_template_asks_for() -> None:
    """Whoever limits by tag tags by the page."""
    assert "kinesis-stream-encryption:allowed" in PAGE
    assert "aws:ResourceTag/kinesis-stream-encryption:allowed" in (ROOT / "template.yaml").read_text()
