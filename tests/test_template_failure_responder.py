"""The failure responder in template.yaml: what calls it, and what it shares with the function."""

import ast
import json
import sys

import failure_responder
from tests.templates import ROOT, load

TEMPLATE = load(ROOT / "template.yaml")
RESOURCES = TEMPLATE["Resources"]
FUNCTION = RESOURCES["Function"]["Properties"]
RESPONDER = RESOURCES["FailureResponder"]["Properties"]
STATE_MACHINE = RESOURCES["StateMachine"]["Properties"]
RESPONDER_ARN = {"Fn::GetAtt": ["FailureResponder", "Arn"]}


def test_an_event_that_fails_at_every_try_goes_to_the_failure_responder() -> None:
    """Promise 2: a failed invocation is tried again twice; after the last try CloudFormation still gets a response."""
    invoke = FUNCTION["EventInvokeConfig"]
    assert invoke["MaximumRetryAttempts"] == 2
    assert invoke["DestinationConfig"] == {"OnFailure": {"Type": "Lambda", "Destination": RESPONDER_ARN}}
    assert RESPONDER["Environment"]["Variables"]["PROVIDER_LOG_GROUP"] == {"Ref": "Logs"}


def test_the_failure_responder_shares_no_code_and_no_role_with_the_function() -> None:
    """Promise 2: a fault of the function must not be a fault of the failure responder."""
    assert not (ROOT / FUNCTION["CodeUri"]).is_relative_to(ROOT / RESPONDER["CodeUri"])
    assert not (ROOT / RESPONDER["CodeUri"]).is_relative_to(ROOT / FUNCTION["CodeUri"])
    assert RESPONDER["Role"] != FUNCTION["Role"]
    assert "Layers" not in RESPONDER


def test_the_failure_responder_imports_only_the_standard_library() -> None:
    """Promise 2: a broken package or a missing layer can't break it."""
    files = [*(ROOT / RESPONDER["CodeUri"]).glob("*.py")]
    nodes_of = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    imported = {alias.name for node in nodes_of if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in nodes_of if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} - sys.stdlib_module_names == {"lost_request"}
    assert {file.stem for file in files} == {"failure_responder", "lost_request"}


def test_the_failure_responder_has_time_for_all_its_tries() -> None:
    """A try may wait for the connection, for the request and for the reply."""
    tries = sum(failure_responder.PAUSES) + 3 * failure_responder.SOCKET_SECONDS * len(failure_responder.PAUSES)
    task = json.loads((ROOT / STATE_MACHINE["DefinitionS3Location"]).read_text())["States"]["Give up"]
    assert tries < RESPONDER["Timeout"] < task["TimeoutSeconds"]


def test_the_failure_responder_writes_its_metric_where_the_function_does() -> None:
    """Operators find both in one namespace, under one service: the provider's name."""
    variables = FUNCTION["Environment"]["Variables"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == failure_responder.NAMESPACE
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "FunctionName"}
    assert RESPONDER["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == {"Ref": "FunctionName"}
