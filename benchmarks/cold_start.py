"""Cold start: from a fresh process in the built artifact until its first call leaves, beside the shortest possible."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from shutil import copy
from typing import TYPE_CHECKING, Any

from benchmarks import artifact, cold_start_page
from benchmarks.cold_process import RESPONSE_URL, ColdStart, Function, cold_start, compiled, runtime_folder
from benchmarks.cold_start_page import CRHELPER, FLOOR, KINESIS_FLOOR, PROVIDER, RESPONDER, Measured
from local.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.report import Report

ROUNDS = 25
"""How often each function is started for the goals."""
FEWER_ROUNDS = 11
"""How often where only a choice depends on it."""
HANDLERS = Path(__file__).with_name("handlers")
CRHELPERS_SERVICES = ("events", "lambda", "logs")
"""The services that crhelper makes clients of, beside those that the provider calls."""
ENTRY = "stream_encryption.handler.on_event"


def measure() -> Report:
    """Build the artifacts, start each function again and again, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        return cold_start_page.report(_measured(Path(folder)))


def _measured(folder: Path) -> Measured:
    _tell("sam build")
    build = artifact.built(folder / "build")
    runtime = runtime_folder(folder / "runtime")
    shipped = build / "Function"
    contenders = _contenders(folder, build)
    shown = _alternately("with bytecode", contenders, runtime, ROUNDS)
    bare = {name: _without_bytecode(one, folder / "bare" / name) for name, one in contenders.items()}
    without = _alternately("without bytecode", bare, runtime, FEWER_ROUNDS)
    packagings = _packagings(folder, shipped)
    packaged = _alternately("packaged in other ways", packagings, runtime, FEWER_ROUNDS)
    sizes = {name: (artifact.size([one.code]), artifact.zip_size(one.code)) for name, one in packagings.items()}
    return Measured(shown, without, packaged, sizes)


def _contenders(folder: Path, build: Path) -> dict[str, Function]:
    """The provider; the two floors and bare crhelper, each in a copy of its artifact; and the failure responder."""

    def with_handler(name: str) -> Callable[[Path], None]:
        def add(target: Path) -> None:
            copy(HANDLERS / f"{name}.py", target)
            compiled(target)

        return add

    shipped, event = build / "Function", _event()
    floor = artifact.copied(shipped, folder / "floor", with_handler("floor"))
    kinesis_floor = artifact.copied(shipped, folder / "kinesis-floor", with_handler("kinesis_floor"))
    services = artifact.with_services(*CRHELPERS_SERVICES)
    crhelper = artifact.copied(shipped, folder / "crhelper", services, with_handler("bare_crhelper"))
    record = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event}
    return {
        PROVIDER: Function(shipped, ENTRY, event),
        FLOOR: Function(floor, "floor.on_event", event),
        KINESIS_FLOOR: Function(kinesis_floor, "kinesis_floor.on_event", event),
        CRHELPER: Function(crhelper, "bare_crhelper.on_event", event),
        RESPONDER: Function(build / "FailureResponder", "failure_responder.on_failure", record),
    }


def _event() -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / "create.json").read_text(encoding="utf-8"))
    return {**event, "ResponseURL": RESPONSE_URL}


def _without_bytecode(one: Function, target: Path) -> Function:
    return Function(artifact.copied(one.code, target, artifact.without_bytecode), one.handler, one.event, one.path)


def _packagings(folder: Path, shipped: Path) -> dict[str, Function]:
    """The provider, packaged in other ways."""
    event, every = _event(), artifact.with_services()
    split, sdk = folder / "split", folder / "sdk"
    artifact.copied(shipped, split, every, lambda code: artifact.split(code, sdk))
    whole = artifact.copied(shipped, folder / "whole", every)
    pip = artifact.copied(whole, folder / "pip", artifact.without_bytecode)
    checked = artifact.copied(shipped, folder / "checked", artifact.with_checked_bytecode)
    return {
        "as pip leaves it": Function(pip, ENTRY, event),
        "with bytecode": Function(whole, ENTRY, event),
        "and only the services that it calls: **as shipped**": Function(shipped, ENTRY, event),
        "the same, bytecode checked against its source": Function(checked, ENTRY, event),
        "with the runtime's boto3 (model)": Function(split, ENTRY, event, (sdk,)),
    }


def _alternately(
    title: str, functions: Mapping[str, Function], runtime: Path, rounds: int
) -> dict[str, list[ColdStart]]:
    """Start each function in turn, again and again. A first round, which does not count, fetches files into memory."""
    starts: dict[str, list[ColdStart]] = {name: [] for name in functions}
    for number in range(rounds + 1):
        if number % 5 == 0 or number == rounds:
            _tell(f"{title}: {number} of {rounds} rounds")
        for name, function in functions.items():
            seen = cold_start(function, runtime)
            if seen.call not in {"DescribeStreamSummary", "PUT"}:
                raise RuntimeError(f"{name} called {seen.call} first")
            if number:
                starts[name].append(seen)
    return starts


def _tell(progress: str) -> None:
    print(f"  cold_start: {progress}", flush=True)
