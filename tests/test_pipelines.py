"""The pipelines run what this repository has: its Pythons, its Makefile's targets, its environments."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.templates import ROOT, load, nodes

WORKFLOW = ROOT / ".github" / "workflows" / "delivery.yml"
BUILDSPECS = sorted((ROOT / "deploy").glob("buildspec*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text()
CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = load(ROOT / "template.yaml")["Resources"]["Function"]["Properties"]["Runtime"].removeprefix("python")


def read(path: Path) -> dict[Any, Any]:
    """A workflow or a build specification."""
    content: dict[Any, Any] = yaml.safe_load(path.read_text())
    return content


JOBS = read(WORKFLOW)["jobs"]


def supported() -> list[str]:
    """The Pythons of requires-python, oldest first."""
    bounds = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"])
    assert bounds is not None
    return [f"3.{minor}" for minor in range(int(bounds[1]), int(bounds[2]))]


def commands(path: Path) -> str:
    """Everything that a workflow or a build specification runs."""
    told = [node for node in nodes(read(path)) if isinstance(node, dict)]
    lines = [line for one in told for line in (one.get("run"), *(one.get("commands") or ())) if line]
    return "\n".join(lines)


def test_the_tests_run_on_every_python_that_is_supported_and_on_no_other() -> None:
    """A Python that is claimed and not tested is a guess."""
    assert JOBS["test"]["strategy"]["matrix"]["python"] == supported()
    prefix = "Programming Language :: Python :: "
    told = [one.removeprefix(prefix) for one in PROJECT["classifiers"] if one.startswith(f"{prefix}3.")]
    assert told == supported()


def test_the_environment_is_made_with_lambdas_python_or_else_the_newest_that_is_supported() -> None:
    """A Python that is installed and supported must be found, and Lambda's runs the artifact's bytecode."""
    (versions,) = re.findall(r"for version in (.+); do", (ROOT / "tools" / "find-python.sh").read_text())
    assert versions.split() == [RUNTIME, *(one for one in reversed(supported()) if one != RUNTIME)]


def test_what_is_built_once_is_built_on_the_functions_python() -> None:
    """SAM builds with the template's own Python only."""
    steps = [
        step.get("with", {}).get("python-version") for name in JOBS if name != "test" for step in JOBS[name]["steps"]
    ]
    assert {version for version in steps if version} == {RUNTIME}
    for path in BUILDSPECS:
        assert read(path)["phases"]["install"]["runtime-versions"] == {"python": RUNTIME}


@pytest.mark.parametrize("path", [WORKFLOW, *BUILDSPECS], ids=lambda path: path.name)
def test_every_command_is_one_of_the_makefiles(path: Path) -> None:
    """What the pipelines do can be done, and tried, by hand."""
    targets = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE))
    called = re.findall(r"\bmake ([a-z -]+)", commands(path))
    assert called
    assert {target for line in called for target in line.split()} <= targets
    for line in commands(path).splitlines():
        assert re.search(r"^(AWS_PROFILE=deployer )?make |^aws configure set profile\.deployer\.", line), line


def test_the_pipelines_check_build_and_deploy() -> None:
    """Lint, tests, scanners and the build come before any deployment, in both."""
    for name in ("lint", "test", "scan"):
        assert name in JOBS["build"]["needs"]
        assert f"make {name}" in "".join(step.get("run", "") for step in JOBS[name]["steps"])
    assert (JOBS["staging"]["needs"], JOBS["production"]["needs"]) == ("build", "staging")
    build, deploy = (commands(ROOT / "deploy" / name) for name in ("buildspec.yml", "buildspec-deploy.yml"))
    assert "make lint test scan advisories build" in build
    assert 'make deploy ENVIRONMENT="$ENVIRONMENT"' in deploy


def test_every_environment_that_is_deployed_to_is_one_of_samconfigs() -> None:
    """SAM takes an unknown --config-env for an empty one, and then asks or fails."""
    template = load(ROOT / "deploy" / "pipeline.yaml")
    texts = [
        node["Fn::Sub"]
        for node in nodes(template)
        if isinstance(node, dict) and "ENVIRONMENT" in str(node.get("Fn::Sub"))
    ]
    variables = [{one["name"]: one["value"] for one in json.loads(text)} for text in texts]
    assert [one["ENVIRONMENT"] for one in variables] == ["staging", "production"]
    assert [one["DEPLOYER_ROLE_ARN"] for one in variables] == ["${StagingRoleArn}", "${ProductionRoleArn}"]
    for name in ("staging", "production"):
        assert JOBS[name]["environment"] == name
        assert f"make deploy ENVIRONMENT={name} " in JOBS[name]["steps"][-1]["run"]
    assert set(re.findall(r"\bENVIRONMENT=([a-z]+)", commands(WORKFLOW))) == {"staging", "production"} < set(CONFIG)


def test_make_deploy_asks_nothing_and_does_not_fail_where_nothing_changed() -> None:
    """Nobody is there to answer; and a commit that changes no resource is no failure."""
    (recipe,) = re.findall(r"^deploy:.*\n\t(.*)$", MAKEFILE, re.MULTILINE)
    assert "deploy --config-env $(ENVIRONMENT) --no-confirm-changeset --no-fail-on-empty-changeset" in recipe
    for name in ("default", "staging", "production"):
        deploy = CONFIG[name]["deploy"]["parameters"]
        assert deploy["resolve_s3"] is True
        assert deploy["fail_on_empty_changeset"] is False
        assert CONFIG[name]["global"]["parameters"]["stack_name"]


def test_samconfig_gives_the_capabilities_that_the_template_needs_and_no_more() -> None:
    """CAPABILITY_NAMED_IAM is for roles with names of their own, CAPABILITY_AUTO_EXPAND for macros beside SAM's."""
    template = load(ROOT / "template.yaml")
    roles = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role"]
    assert roles
    assert not any("RoleName" in role for role in roles)
    assert template["Transform"] == "AWS::Serverless-2016-10-31"
    for name in ("default", "staging", "production"):
        assert CONFIG[name]["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM"


def test_the_workflow_may_do_nothing_but_read_and_where_it_deploys_prove_who_it_is() -> None:
    """A dependency that runs amok in a test must find no token to use."""
    assert read(WORKFLOW)["permissions"] == {}
    for name, job in JOBS.items():
        deploys = name in {"staging", "production"}
        assert job["permissions"] == {"contents": "read"} | ({"id-token": "write"} if deploys else {})
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert [step["with"]["persist-credentials"] for step in checkouts] == [False]
    assert "secrets." not in WORKFLOW.read_text()


def test_nothing_is_deployed_from_a_pull_request_and_no_deployment_is_cut_off() -> None:
    """Production follows staging of the same run; two runs take turns."""
    assert JOBS["staging"]["if"] == "github.event_name == 'push'"
    assert read(WORKFLOW)[True]["push"] == {"branches": ["main"]}  # "on" is YAML's word for true
    for name in ("staging", "production"):
        assert JOBS[name]["concurrency"] == {"group": name, "cancel-in-progress": False}


def test_every_action_is_pinned_by_its_commit_and_says_its_version() -> None:
    """A tag can be moved to other code; a commit cannot."""
    used = re.findall(r"uses: (.+)", WORKFLOW.read_text())
    assert used
    assert [one for one in used if not re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_the_build_hands_on_every_file_that_the_deployment_needs() -> None:
    """CodeBuild's deploying project gets no source, only the artifact."""
    files = set(read(ROOT / "deploy" / "buildspec.yml")["artifacts"]["files"])
    project = load(ROOT / "deploy" / "pipeline.yaml")["Resources"]["Deploy"]["Properties"]
    needed = {"Makefile", "samconfig.toml", "tools/find-python.sh", project["Source"]["BuildSpec"]}
    folders = {".aws-sam/build/**/*", "requirements/**/*", "statemachine/**/*"}
    assert files == needed | folders
    assert all((ROOT / name).is_file() for name in needed)
