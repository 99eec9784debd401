"""The dashboard and the alarms: their metrics and log fields exist, and each alarm says what to do."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from stream_encryption import errors
from stream_encryption.watch.findings import FindingCode
from stream_encryption_cli.template.functions import Functions
from stream_encryption_cli.template.scope import Scope
from tests import busy_day
from tests.insights import Line, Table, as_markdown, fields_of, run
from tests.templates import ROOT, load, resolve

TEMPLATE = load(ROOT / "template.yaml")
MONITORED = ("Monitored", "WatchIsMonitored")
RESOURCES = {name: one for name, one in TEMPLATE["Resources"].items() if one.get("Condition") in MONITORED}
PAGE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
FUNCTION = "kinesis-stream-encryption"
MACHINE = f"arn:aws:states:us-east-1:123456789012:stateMachine:{FUNCTION}"
FUNCTIONS = [one for one in TEMPLATE["Resources"].values() if one["Type"] == "AWS::Serverless::Function"]
VARIABLES = TEMPLATE["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
NAMESPACE, SERVICE = VARIABLES["POWERTOOLS_METRICS_NAMESPACE"], FUNCTION
TOPIC = "arn:aws:sns:us-east-1:123456789012:platform-alarms"

AWS_METRICS = {
    ("AWS/Lambda", "FunctionName"): {
        "Invocations",
        "Errors",
        "Throttles",
        "ConcurrentExecutions",
        "DestinationDeliveryFailures",
    },
    ("AWS/States", "StateMachineArn"): {
        "ExecutionsStarted",
        "ExecutionsSucceeded",
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
    },
}
"""AWS Lambda Developer Guide, "Types of metrics for Lambda functions"; AWS Step Functions Developer Guide, "Monitoring
Step Functions metrics using Amazon CloudWatch"."""

Metric = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name, and dimensions."""


def scope(**parameters: str) -> Scope:
    """Where the template's values and conditions hold."""
    pseudo = {"AWS::Partition": "aws", "AWS::AccountId": "123456789012", "AWS::Region": "us-east-1"}
    defaults = {name: parameter["Default"] for name, parameter in TEMPLATE["Parameters"].items()}
    return Scope(values=pseudo | defaults | parameters, conditions=TEMPLATE["Conditions"])


def deployed(topic: str = TOPIC, kind: str = "AWS::CloudWatch::Alarm") -> dict[str, dict[str, Any]]:
    """The alarms as CloudFormation would make them."""
    alarms = {name: one for name, one in RESOURCES.items() if one["Type"] == kind}
    given = scope(AlarmTopicArn=topic, StateMachine=MACHINE, **{name: f"{{{name}}}" for name in ALL_ALARMS})
    return {name: resolve(one["Properties"], given) for name, one in alarms.items()}


ALL_ALARMS = [name for name, one in RESOURCES.items() if one["Type"].endswith("Alarm")]
ALARMS = deployed()
((COMPOSITE_NAME, COMPOSITE),) = deployed(kind="AWS::CloudWatch::CompositeAlarm").items()
CRITICAL = {name for name in ALARMS if ALARMS[name]["AlarmDescription"].startswith("Critical: ")}
BODY = json.loads(
    RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    .replace("${FunctionName}", FUNCTION)
    .replace("${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}", "aws:states:us-east-1:123456789012")
)
WIDGETS = [widget["properties"] for widget in BODY["widgets"]]
SOURCES = re.compile(r"SOURCE '([^']+)'")
QUERIES = {widget["title"]: str(widget["query"]) for widget in WIDGETS if "query" in widget}
(STREAM,) = BODY["variables"]

every_alarm = pytest.mark.parametrize("name", ALARMS)
every_query = pytest.mark.parametrize("name", QUERIES)


@pytest.fixture(scope="module")
def day() -> Iterator[list[Line]]:
    """All that the provider prints on a day with everything in it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield busy_day.run(monkeypatch)


def written(lines: list[Line]) -> set[Metric]:
    """The metrics in these lines, under the names that the deployed function gives them."""
    return {
        (
            NAMESPACE,
            metric["Name"],
            frozenset((key, SERVICE if key == "service" else line[key]) for key in dimensions),
        )
        for line in lines
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", [])
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }


def shown() -> set[Metric]:
    """The metrics of the dashboard, but for those that a search finds."""
    rows = [row for widget in WIDGETS for row in widget.get("metrics", []) if isinstance(row[0], str)]
    named = [[cell for cell in row if isinstance(cell, str)] for row in rows]
    return {(row[0], row[1], frozenset(zip(row[2::2], row[3::2], strict=True))) for row in named}


def alarmed(alarm: dict[str, Any]) -> list[Metric]:
    """The metrics that an alarm looks at."""
    metrics = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one] or [alarm]
    return [
        (one["Namespace"], one["MetricName"], frozenset((each["Name"], each["Value"]) for each in one["Dimensions"]))
        for one in metrics
    ]


def is_real(metric: Metric, provider_s: set[Metric]) -> bool:
    """Whether the provider (with any error code and request type) or AWS writes a metric."""
    namespace, name, dimensions = metric
    (first, of), *others = sorted(dimensions)
    if (namespace, first) in AWS_METRICS:
        on = {FUNCTION, f"{FUNCTION}-failure-responder", MACHINE}
        return not others and name in AWS_METRICS[namespace, first] and of in on
    codes = {one.__name__ for one in errors.ProviderError.__subclasses__() if one.__module__ == errors.__name__} | {
        "InternalError"
    }
    outcomes = {"Mended", "Revoked", "LeftAlone", "Failed"} | codes
    possible: dict[str, set[str]] = {
        "Kind": {str(code) for code in FindingCode},
        "Outcome": outcomes,
        "ErrorCode": codes,
        "RequestType": {"Create", "Update", "Delete"},
        "Status": {"SUCCESS", "FAILED"},
    }
    known = {(*one[:2], frozenset(key for key, _ in one[2])) for one in provider_s}
    may_be = all(value in possible.get(key, {SERVICE}) for key, value in dimensions)
    return (namespace, name, frozenset(key for key, _ in dimensions)) in known and may_be


@every_alarm
def test_an_alarm_s_metric_is_written(name: str, day: list[Line]) -> None:
    """An alarm on a metric that nobody writes never goes off."""
    assert [metric for metric in alarmed(ALARMS[name]) if not is_real(metric, written(day))] == []


def test_the_dashboard_s_metrics_are_written(day: list[Line]) -> None:
    """A widget without data looks like a day without faults."""
    assert len(shown()) > 25
    assert [metric for metric in shown() if not is_real(metric, written(day))] == []


def test_the_dashboard_finds_every_failure_by_its_code(day: list[Line]) -> None:
    """A search has to name exactly the metric's dimensions; it finds every value of them."""
    (search,) = [row[0]["expression"] for widget in WIDGETS for row in widget.get("metrics", []) if len(row) == 1]
    schema = re.fullmatch(r"SEARCH\('\{(.*)\} MetricName=\"(.*)\" service=\"(.*)\"', 'Sum', 300\)", search)
    assert schema is not None
    namespace, *dimensions = schema[1].split(",")
    found = {frozenset(key for key, _ in one[2]) for one in written(day) if one[:2] == (namespace, schema[2])}
    assert found == {frozenset(dimensions)}
    assert schema[3] == SERVICE, "or else it shows another provider's failures as well"


def test_the_dashboard_shows_every_metric_and_no_dimension_is_a_stream_or_a_stack(
    day: list[Line],
) -> None:
    """Each value of a dimension is a metric that costs money."""
    names = {name for _, name, _ in shown()} | {"Failures"}
    assert {name for _, name, _ in written(day)} == names & {name for _, name, _ in written(day)}
    keys = {key for _, _, dimensions in written(day) for key, _ in dimensions}
    assert keys == {"service", "ErrorCode", "Kind", "Outcome", "RequestType", "Status"}


def test_the_dashboard_shows_every_alarm_and_no_widget_overlaps_another() -> None:
    """Without a topic, alarms are seen only there."""
    by_arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"  # some are not always there
    always = {name for name in ALL_ALARMS if RESOURCES[name]["Condition"] == "Monitored"}
    sometimes = {f"{by_arn}{ALARMS[name]['AlarmName']}" for name in set(ALL_ALARMS) - always}
    assert sorted(WIDGETS[0]["alarms"]) == sorted(sometimes | {f"${{{name}.Arn}}" for name in always})
    tiles = [
        (x, y)
        for one in BODY["widgets"]
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    ]
    assert len(tiles) == len(set(tiles))
    assert max(x for x, _ in tiles) < 24


@every_alarm
def test_missing_data_triggers_no_alarm(name: str) -> None:
    """A quiet provider writes no metrics. Only a watch that makes no round is a fault."""
    assert ALARMS[name]["TreatMissingData"] == ("breaching" if name == "WatchStopped" else "notBreaching")


def test_critical_alarms_notify_through_one_composite_alarm_and_warnings_by_themselves() -> None:
    """Issue 13, part 8: eight to ten alarms and one composite, in two severities."""
    assert 8 <= len(ALARMS) <= 10
    assert {name for name in ALARMS if "AlarmActions" in ALARMS[name]} == set(ALARMS) - CRITICAL
    warnings = {name for name in ALARMS if ALARMS[name]["AlarmDescription"].startswith("Warning: ")}
    assert warnings == set(ALARMS) - CRITICAL
    assert set(re.findall(r"ALARM\(\{(\w+)\}\)", COMPOSITE["AlarmRule"])) == CRITICAL
    for name in warnings:
        assert ALARMS[name]["AlarmActions"] == ALARMS[name]["OKActions"] == [TOPIC]
    assert COMPOSITE["AlarmActions"] == COMPOSITE["OKActions"] == [TOPIC]


def test_without_a_topic_no_alarm_has_an_action() -> None:
    """They show on the dashboard only."""
    alarms = deployed("none") | deployed("none", "AWS::CloudWatch::CompositeAlarm")
    assert [name for name, alarm in alarms.items() if {"AlarmActions", "OKActions"} & set(alarm)] == []


def test_without_a_watch_the_composite_alarm_names_no_alarm_of_it() -> None:
    """CloudWatch refuses a rule that names an alarm which does not exist."""
    given = scope(WatchMinutes="0", Monitoring="true", **{name: f"{{{name}}}" for name in ALL_ALARMS})
    rule = resolve(RESOURCES[COMPOSITE_NAME]["Properties"]["AlarmRule"], given)
    named = set(re.findall(r"ALARM\(\{(\w+)\}\)", rule))
    assert named == {name for name in CRITICAL if RESOURCES[name]["Condition"] == "Monitored"}


def test_the_metrics_of_two_providers_differ_by_the_provider_s_name() -> None:
    """Issue 13, part 8: the alarms of one provider don't go off for another one in the same account."""
    metrics = [metric for alarm in ALARMS.values() for metric in alarmed(alarm)] + list(shown())
    assert {dict(dimensions)["service"] for namespace, _, dimensions in metrics if namespace == NAMESPACE} == {FUNCTION}
    named = [one["Properties"]["Environment"]["Variables"].get("POWERTOOLS_SERVICE_NAME") for one in FUNCTIONS]
    assert named == [{"Ref": "FunctionName"}] * 3


def test_the_quota_s_alarm_points_at_a_table_of_the_dashboard() -> None:
    """Issue 13, part 8: its text names something that exists."""
    (title,) = re.findall(r"table '(.+?)'", ALARMS["QuotaSpent"]["AlarmDescription"])
    assert title in QUERIES


@every_alarm
def test_an_alarm_says_what_happened_and_what_to_do_and_the_page_knows_it(name: str) -> None:
    """An operator who has never seen this project may read it at night."""
    description = ALARMS[name]["AlarmDescription"]
    assert 80 < len(description) <= 1024
    verbs = r"\b(find|read|look|check|cancel|fix|deploy|widen|report|take|restore)\b"
    assert re.search(verbs, description, re.IGNORECASE)
    assert ALARMS[name]["AlarmName"].startswith(f"{FUNCTION}-")
    suffix = ALARMS[name]["AlarmName"].removeprefix(FUNCTION)
    assert f"| `…{suffix}` |" in PAGE


def test_the_page_names_exactly_the_alarms() -> None:
    """A renamed alarm would leave its old name there."""
    suffixes = {alarm["AlarmName"].removeprefix(FUNCTION) for alarm in ALARMS.values()}
    assert set(re.findall(r"^\| `…(.+?)` \|", PAGE, re.MULTILINE)) == suffixes


def without_column(table: Table, name: str) -> Table:
    """A table without one of its columns."""
    columns, rows = table
    kept = [number for number, column in enumerate(columns) if column != name]
    return [columns[number] for number in kept], [[row[number] for number in kept] for row in rows]


def asked(query: str, stream: str) -> str:
    """A query of the dashboard as Logs Insights runs it with a stream's name typed in."""
    _, _, commands = query.partition("\n| ")
    return commands.replace(STREAM["pattern"], stream)


@every_query
def test_a_query_names_fields_that_the_log_lines_have(name: str, day: list[Line]) -> None:
    """A misspelled field gives an empty column or no row, and no error."""
    fields = fields_of(asked(QUERIES[name], "orders"))
    assert fields
    assert fields - {field for line in day for field in line} == set()


@every_query
def test_a_query_finds_something_and_is_on_the_page(name: str, day: list[Line]) -> None:
    """Whoever has no dashboard copies it from there."""
    query = asked(QUERIES[name], "orders")
    assert run(query, [line for line in day if "message" in line])[1]
    before, _, _ = PAGE.partition(query)
    assert before != PAGE
    assert re.findall(r"^### (.+)$", before, re.MULTILINE)[-1] == name


def test_the_sample_on_the_page_is_the_beginning_of_a_real_run(day: list[Line]) -> None:
    """It leaves out `reason`, whose sentences may change."""
    query = asked(QUERIES["What it did to a stream, and why"], "orders")
    table = run(query, [line for line in day if "message" in line])
    head_rule_and_two_rows = as_markdown(without_column(table, "reason")).splitlines()[:4]
    assert "\n".join(head_rule_and_two_rows) in PAGE


@every_query
def test_a_query_reads_the_log_groups_that_the_template_makes(name: str) -> None:
    """A query and the template both build the names of the log groups."""
    groups = {
        resolve(one["Properties"]["LogGroupName"], scope())
        for one in TEMPLATE["Resources"].values()
        if one["Type"] == "AWS::Logs::LogGroup"
    }
    sources, _, _ = QUERIES[name].partition("\n")
    assert sources == " | ".join(f"SOURCE '{group}'" for group in SOURCES.findall(sources))
    assert set(SOURCES.findall(sources)) <= groups


def test_the_failure_responder_s_line_is_found_by_its_stream(day: list[Line]) -> None:
    """The one line about a lost request names its stream as the other lines do."""
    query = asked(QUERIES["What it did to a stream, and why"], "payments")
    columns, rows = run(query, [line for line in day if "message" in line])
    assert rows[-1][columns.index("message")] == "failure response"
    assert {row[columns.index("stream")] for row in rows} == {"payments"}


def test_the_dashboard_s_variable_is_used_in_one_query_and_means_every_stream_by_default(day: list[Line]) -> None:
    """A pattern variable replaces its pattern in the whole dashboard. Source: "Dashboard Body Structure and Syntax"."""
    everywhere = json.dumps({**BODY, "variables": []})
    assert everywhere.count(STREAM["pattern"]) == 1
    query = asked(QUERIES["What it did to a stream, and why"], STREAM["defaultValue"])
    columns, rows = run(query, [line for line in day if "message" in line])
    assert len({row[columns.index("stream")] for row in rows}) > 2


def test_the_reference_lists_the_metrics_that_are_written(day: list[Line]) -> None:
    """Whoever builds an alarm of their own takes the names from there; a rare metric may be missing from this day."""
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8").split("\n## Metrics\n")[1]
    listed = set(re.findall(r"`([A-Z][A-Za-z]+)`", reference))
    own = {name for namespace, name, _ in written(day) | shown() if not namespace.startswith("AWS/")}
    not_metrics = {"KinesisStreamEncryption", "RequestType", "Status", "ErrorCode", "Kind", "Outcome"}
    outcomes = {"Mended", "Revoked", "LeftAlone", "Failed"}
    of_grants = {"Grants", "Revocations", "RevocationsSkipped"}  # Nobody grants anything on this day.
    assert listed - not_metrics - outcomes == own | of_grants


def test_the_page_says_what_monitoring_costs_while_nothing_happens() -> None:
    """$0.10 for each metric of an alarm, $0.50 for a composite alarm, $3.00 for the dashboard (CloudWatch pricing)."""
    metrics = sum(len(alarmed(alarm)) for alarm in ALARMS.values())
    assert f"${metrics * 0.10 + 0.50 + 3.00:.2f}: {metrics} metrics in alarms at $0.10" in PAGE


@pytest.mark.parametrize(
    ("parameters", "monitored"),
    [
        ({}, False),
        ({"Monitoring": "true"}, True),
        ({"AlarmTopicArn": TOPIC}, True),
        ({"Monitoring": "true", "AlarmTopicArn": TOPIC}, True),
    ],
)
def test_there_are_alarms_only_where_they_are_asked_for(parameters: dict[str, str], *, monitored: bool) -> None:
    """Alarms cost money; a topic without alarms would be worse."""
    assert Functions(scope(**parameters)).holds("Monitored") is monitored
    kinds = {one["Type"].removeprefix("AWS::CloudWatch::") for one in RESOURCES.values()}
    assert kinds == {"Alarm", "CompositeAlarm", "Dashboard"}
    watching = {name for name, one in TEMPLATE["Resources"].items() if one["Type"].startswith("AWS::CloudWatch::")}
    assert watching == set(RESOURCES)
