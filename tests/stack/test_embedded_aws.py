"""The embedded AWS itself: it leaves nothing behind, and `make invoke` works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local import invoke, keeper
from local.embedded_aws import EmbeddedAws
from local.engines import ROOT
from local.processes import Household

if TYPE_CHECKING:
    from collections.abc import Callable

OWNER = """
import sys, time
from local.processes import Household
household = Household()
process = household.start("sleeper", ["/bin/sh", "-c", "sleep 60 & sleep 60"], {})
print(household.folder, flush=True)
time.sleep(60)
"""


def test_leaving_the_context_ends_every_process_and_removes_the_folder() -> None:
    """Nothing is left running, and nothing is left behind."""
    with Household() as household:
        household.start("sleeper", ["/bin/sh", "-c", "sleep 60 & sleep 60"], {})
        assert eventually(lambda: len(keeper.marked(str(household.folder))) >= 2)

    assert keeper.marked(str(household.folder)) == []
    assert not household.folder.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_owner_that_is_killed_leaves_nothing_either(number: signal.Signals) -> None:
    """The keeper outlives its owner, whatever ended that: Ctrl-C, or `kill -9`."""
    with subprocess.Popen(  # noqa: S603 - this very Python, and the text above
        [sys.executable, "-c", OWNER], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as owner:
        assert owner.stdout is not None
        folder = owner.stdout.readline().strip()
        assert eventually(lambda: len(keeper.marked(folder)) >= 2)
        os.kill(owner.pid, number)

    assert eventually(lambda: not Path(folder).exists())
    assert keeper.marked(folder) == []


def test_an_embedded_aws_of_which_one_part_fails_to_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was started before the failure is ended as well."""
    folders: list[Path] = []

    def fail(household: Household, *_: object) -> None:
        folders.append(household.folder)
        household.start("sleeper", ["/bin/sleep", "60"], {})
        raise RuntimeError("no port is free")

    monkeypatch.setattr("local.embedded_aws.start_kinesis", fail)

    with pytest.raises(RuntimeError, match="no port"):
        EmbeddedAws()
    assert not folders[0].exists()


def test_invoke_prints_the_answer_to_an_event_file(capsys: pytest.CaptureFixture[str]) -> None:
    """`make invoke EVENT=…`: an answer that CloudFormation would take is a success of the command."""
    assert invoke.main([str(ROOT / "events" / "create.json")]) == 0
    assert '"Status": "SUCCESS"' in capsys.readouterr().out


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold within a few seconds."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        if holds():
            return True
        time.sleep(0.02)
    return False
