"""The benchmark of a cold start: what it counts is the function's own, until its first call, and no later."""

from pathlib import Path

import pytest

from benchmarks import artifact
from benchmarks.cold_process import RESPONSE_URL, Function, NoCallError, cold_start, runtime_folder

CALLS = """
import os, urllib.request
def on_event(event, _):
    held = bytearray(30_000_000)
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], method="PUT"))
    held += bytearray(300_000_000)
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AWS's runtime client in a folder of its own."""
    return runtime_folder(tmp_path_factory.mktemp("runtime") / "runtime")


def test_a_start_is_measured_until_the_first_call_and_ends_there(tmp_path: Path, runtime: Path) -> None:
    """What comes after it, time and memory, is not counted; the event's ResponseURL leads to the server."""
    (tmp_path / "calls.py").write_text(CALLS)
    seen = cold_start(Function(tmp_path, "calls.on_event", {"ResponseURL": RESPONSE_URL}), runtime)
    assert seen.call == "PUT"
    assert 0 < seen.init_seconds < seen.seconds
    assert seen.cpu_seconds > 0
    assert 30 < seen.mebibytes < 200


def test_a_function_that_calls_nobody_is_no_figure(tmp_path: Path, runtime: Path) -> None:
    """What it printed says why."""
    (tmp_path / "broken.py").write_text("import nothing_of_this_name")
    with pytest.raises(NoCallError, match="nothing_of_this_name"):
        cold_start(Function(tmp_path, "broken.on_event", {}), runtime)


def test_an_artifact_is_measured_with_and_without_its_bytecode(tmp_path: Path) -> None:
    """The sizes in the table; the copy leaves the artifact as it was built."""
    built = tmp_path / "built"
    (built / "package" / "__pycache__").mkdir(parents=True)
    (built / "package" / "one.py").write_bytes(b"#" * 1000)
    (built / "package" / "__pycache__" / "one.pyc").write_bytes(b"#" * 500)
    bare = artifact.copied(built, tmp_path / "bare", artifact.without_bytecode)
    assert (artifact.size([built]), artifact.size([bare])) == (0.0015, 0.001)
