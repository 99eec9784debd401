"""The functions' roles allow the calls that the tests see them make, no more and no less: a pytest plugin.

The fakes, and the tap of the embedded AWS, tell each call of the provider that was carried out (`used`). At the end of
a run the calls of all its workers are held to the policy in template.yaml. Once every test was run, no right may be
left over, but for those with which an AWS service acts in the role's name: docs/permissions.md says which, and why.
"""

import inspect
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.permissions_page import rows
from tests.policies import Statement, statements

ROLE, WATCH_ROLE = "Role", "WatchRole"
ENTRIES = {
    "stream_encryption.app": ROLE,
    "stream_encryption.watch_function": WATCH_ROLE,
    "stream_encryption_cli.main": "",
}
"""The modules through which every call of a function goes, and the function's role; the command has none."""
OURS = "the function"
NAME = "tests/permissions.py::the_role_allows_exactly_the_calls_that_were_made"
WHOLE = ("contract", "simulation", "lives", "stack")
"""The folders of tests that go by the whole provider, in a run of their own (Makefile)."""
A_KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


class Use(NamedTuple):
    """A call of the provider's on one of the resources that IAM looks at, and where it was made."""

    action: str
    resource: str
    account: str
    region: str
    role: str = ROLE


class Record:
    """What a run has seen so far; each worker has its own, and at its end gives it to the one that it works for."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.uses: set[Use] = set()
        self.files: set[str] = set()
        self.left_out = False

    def add(self, given: Mapping[str, Any]) -> None:
        """Add a worker's."""
        self.uses |= {Use(*use) for use in given["uses"]}
        self.files |= set(given["files"])
        self.left_out |= given["left_out"]

    def give(self) -> dict[str, Any]:
        """All of it, as xdist can send it."""
        return {"uses": [[*use] for use in self.uses], "files": [*self.files], "left_out": self.left_out}


_record = Record()


def used(action: str, arguments: Mapping[str, Any], account: str, region: str, role: str = "") -> None:
    """Take down a call that the provider made, and that was carried out.

    Args:
        action: The call, as IAM spells it.
        arguments: What it was given, in boto3's words.
        account: Where it was made.
        region: Where it was made.
        role: The role that made it; by default that of the function whose code is running.
    """
    resources = [*_resources(arguments, account, region)] or ["*"]
    role = role or _role()
    if role:
        _record.uses.update(Use(action, resource, account, region, role) for resource in resources)


def _role() -> str:
    """The role of the function that makes a call; the provider's where a test calls a part of it."""
    frame = inspect.currentframe()
    while frame and frame.f_globals["__name__"] not in ENTRIES:
        frame = frame.f_back
    return ENTRIES[frame.f_globals["__name__"]] if frame else ROLE


def faults(uses: Iterable[Use], *, every_test: bool) -> list[str]:
    """Where the roles and their functions' calls differ, each in a sentence.

    Args:
        uses: The calls.
        every_test: Whether every test was run, so that a right without a call is one too many.
    """
    uses = [*uses]
    return [
        fault
        for role in (ROLE, WATCH_ROLE)
        for fault in _faults_of(role, [use for use in uses if use.role == role], every_test=every_test)
    ]


def _faults_of(role: str, uses: Iterable[Use], *, every_test: bool) -> list[str]:
    allowed = {use: [one.sid for one in _policy(use) if one.allows(use.action, use.resource)] for use in uses}
    needed = {(sid, use.action) for use, sids in allowed.items() for sid in sids}
    rights = {(one.sid, action) for one in _whole_policy(role) for action in one.actions}
    others = {(row.sid, action): row.caller for row in rows(role) for action in row.actions if row.caller != OURS}
    denied = _told_by_action(use for use in allowed if not allowed[use])
    ours = sorted(
        f"{action} ({sid}): called by {OURS}, not by {others[sid, action]}" for sid, action in needed & others.keys()
    )
    unused = sorted(f"{right[1]} ({right[0]}): allowed, and never called" for right in rights - needed - others.keys())
    return [*denied, *ours, *(unused if every_test else [])]


def _told_by_action(denied: Iterable[Use]) -> list[str]:
    resources: dict[str, set[str]] = {}
    for use in denied:
        resources.setdefault(use.action, set()).add(use.resource)
    told = []
    for action, on in sorted(resources.items()):
        more = f" (nor on {len(on) - 1} more)" if len(on) > 1 else ""
        told.append(f"{action} on {min(sorted(on), key=len)}: called, and not allowed{more}")
    return told


def _resources(arguments: Mapping[str, Any], account: str, region: str) -> Iterator[str]:
    """The ARNs that IAM checks: of the stream, key, state machine, bus and table that a call names."""
    if "StreamARN" in arguments:
        yield arguments["StreamARN"]
    elif "StreamName" in arguments:
        yield f"arn:aws:kinesis:{region}:{account}:stream/{arguments['StreamName']}"
    if "stateMachineArn" in arguments:
        yield arguments["stateMachineArn"]
    if "Entries" in arguments:
        yield f"arn:aws:events:{region}:{account}:event-bus/default"
    if "TableName" in arguments:
        yield f"arn:aws:dynamodb:{region}:{account}:table/{arguments['TableName']}"
    if "KeyId" in arguments:
        key: str = arguments["KeyId"]
        name = key if key.startswith("alias/") else f"key/{key}"
        arn = key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:{name}"
        yield arn.replace(":alias/", ":key/", 1)  # an alias stands for some key of its own account and region


def _policy(use: Use) -> tuple[Statement, ...]:
    """The role's, where the template was deployed without parameters, but for a key that these would not allow."""
    foreign = ":kms:" in use.resource and f":{use.region}:{use.account}:" not in use.resource
    keys = {"KeyArns": use.resource} if foreign else {}
    return statements(use.role, use.account, use.region, AllowGrants="true", **keys)


def _whole_policy(role: str) -> tuple[Statement, ...]:
    return statements(
        role, "123456789012", "us-east-1", AllowGrants="true", StateMachineKeyArn=A_KEY, RecordKeyArn=A_KEY
    )


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note each file of tests."""
    if report.nodeid.endswith(".py"):
        _record.files.add(report.nodeid)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Note that not every test is run."""
    _record.left_out |= bool(items)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """At a worker's end: give what it has seen."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[__name__] = _record.give()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """After a worker's end: take it, unless the worker died."""
    _record.add(getattr(node, "workeroutput", {}).get(__name__, Record().give()))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """After the last test: one more, of all the calls."""
    done = yield
    every_test = _is_whole(session)
    found = faults(_record.uses, every_test=every_test)
    if not hasattr(session.config, "workerinput") and (found or every_test):
        _tell(session, found)
    return done


def _is_whole(session: pytest.Session) -> bool:
    """Whether every test was run, but for those that have a run of their own: they make no other calls."""
    root = session.config.rootpath
    folders = [root / folder for folder in session.config.getini("testpaths")] or [root]
    paths = [path for folder in folders for path in folder.rglob("test_*.py")]
    files = {_node(path, root) for path in paths if path.parent.name not in WHOLE}
    seen = files <= _record.files and not _record.left_out and not session.config.option.collectonly
    return seen and not session.testsfailed


def _node(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _tell(session: pytest.Session, found: list[str]) -> None:
    told = "\n".join(["The function's role and its calls differ (template.yaml, docs/permissions.md):", *found])
    report = pytest.TestReport(
        nodeid=NAME,
        location=("tests/permissions.py", None, NAME),
        keywords={},
        outcome="failed" if found else "passed",
        longrepr=told if found else None,
        when="call",
    )
    session.config.hook.pytest_runtest_logreport(report=report)
