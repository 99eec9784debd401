"""`sam deploy`, the real one, with the commands and settings of the pipelines, under the deployer role."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from local import templates
from local.engines import ROOT, installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.embedded_aws import EmbeddedAws

NAME = "by-sam"
SAMS_STACK = "aws-sam-cli-managed-default"


@pytest.fixture
def deployer(aws: EmbeddedAws) -> Iterator[dict[str, str]]:
    """The outputs of deploy/deployer-role.yaml, deployed for a pipeline's role; all is deleted afterwards."""
    iam, account = aws.client("iam"), aws.place.account
    trust = statement(Principal={"AWS": f"arn:aws:iam::{account}:root"}, Action="sts:AssumeRole")
    pipeline = iam.create_role(RoleName="pipeline-deploy", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    own = statement(Action="sts:AssumeRole", Resource=f"arn:aws:iam::{account}:role/deploy-{NAME}")
    iam.put_role_policy(RoleName="pipeline-deploy", PolicyName="deploy", PolicyDocument=own)
    parameters = {"ProviderName": NAME, "ServiceTokenParameter": f"/{NAME}/ServiceToken", "PipelineRoleArn": pipeline}
    template = templates.load(ROOT / "deploy" / "deployer-role.yaml")
    assert aws.cloudformation.deploy(f"deploy-{NAME}", template, parameters).status == "CREATE_COMPLETE"
    yield {**aws.cloudformation.outputs(f"deploy-{NAME}"), "PipelineRoleArn": pipeline}
    for stack in (NAME, SAMS_STACK, f"deploy-{NAME}"):
        if aws.cloudformation.exists(stack):
            aws.cloudformation.delete(stack)
    iam.delete_role_policy(RoleName="pipeline-deploy", PolicyName="deploy")
    iam.delete_role(RoleName="pipeline-deploy")


def test_the_deployer_role_is_enough_for_sam_deploy_which_asks_nothing(
    aws: EmbeddedAws, deployer: dict[str, str]
) -> None:
    """Issue 6: change sets with no question asked, no failure where nothing changes, and least privilege."""
    named = (f"FunctionName={NAME}", f"ServiceTokenParameter=/{NAME}/ServiceToken")
    boundary = deployer["BoundaryArn"]
    first = sam_deploy(aws, aws.place.credentials, *named, f"PermissionsBoundaryArn={boundary}")
    assert "CREATE_COMPLETE" in first
    # Its policy demands TLS, which the embedded AWS does not speak.
    aws.s3.delete_bucket_policy(Bucket=aws.cloudformation.outputs(SAMS_STACK)["SourceBucket"])
    credentials = chained(aws, deployer)

    second = sam_deploy(aws, credentials, *named, "LogLevel=DEBUG", "Monitoring=true")
    assert "UPDATE_COMPLETE" in second
    assert parameters(aws) >= {("LogLevel", "DEBUG"), ("PermissionsBoundaryArn", boundary)}
    assert "No changes to deploy" in sam_deploy(aws, credentials, *named, "LogLevel=DEBUG", "Monitoring=true")
    the_dashboard_shows_every_alarm(aws)


def the_dashboard_shows_every_alarm(aws: EmbeddedAws) -> None:
    """Issue 6: a dashboard and alarms, behind a parameter; its body is JSON, its names and ARNs are filled in."""
    cloudwatch = aws.client("cloudwatch")
    described = cloudwatch.describe_alarms(AlarmNamePrefix=f"{NAME}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms = {one["AlarmArn"] for kind in ("MetricAlarms", "CompositeAlarms") for one in described[kind]}
    body = cloudwatch.get_dashboard(DashboardName=NAME)["DashboardBody"]
    widgets = [widget["properties"] for widget in json.loads(body)["widgets"]]
    assert set(widgets[0]["alarms"]) == alarms
    assert len(alarms) == 11
    assert "${" not in body


def sam_deploy(aws: EmbeddedAws, credentials: Mapping[str, str], *overrides: str) -> str:
    """Run the command of `make deploy`, for a stack of this test's own; answers what it said."""
    command = [str(installed(".venv-sam", "bin/sam")), "deploy", "--template-file", "template.yaml"]
    unasked = ["--config-env", "staging", "--no-confirm-changeset", "--no-fail-on-empty-changeset"]
    own = ["--stack-name", NAME, "--s3-prefix", NAME, "--parameter-overrides", *overrides]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(aws.household.folder),
        **aws.place.credentials,
        **credentials,
        "AWS_ENDPOINT_URL": aws.endpoints["AWS_ENDPOINT_URL"],
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SAM_CLI_TELEMETRY": "0",
    }
    done = subprocess.run(  # noqa: S603 - what was installed here
        [*command, *unasked, *own],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def chained(aws: EmbeddedAws, deployer: Mapping[str, str]) -> dict[str, str]:
    """The deployer's credentials, as the pipeline's project gets them: by its own role first."""
    own = aws.iam.assume(deployer["PipelineRoleArn"], "project").credentials
    sts = aws.client("sts", own)
    given = sts.assume_role(RoleArn=deployer["DeployerRoleArn"], RoleSessionName="deployer")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def statement(**elements: object) -> str:
    """A policy of one statement that allows."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **elements}]})


def parameters(aws: EmbeddedAws) -> set[tuple[str, str]]:
    """The parameters that the stack was deployed with."""
    described = aws.cloudformation.describe(NAME)["Parameters"]
    return {(one["ParameterKey"], one["ParameterValue"]) for one in described}
