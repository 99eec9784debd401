"""The check that reads whatever the whole test run puts out can fail, and does where it has to."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import RESPONSE_URL
from tests.fake_bucket import Bucket
from tests.secrecy import leaks
from tests.test_events import EVENTS

ROOT = Path(__file__).parent.parent

LEAKS = {
    "print": "print(RESPONSE_URL)",
    "stderr": "sys.stderr.write(RESPONSE_URL)",
    "log record": "logging.getLogger('anyone').warning('event: %s', {'ResponseURL': RESPONSE_URL})",
    "provider's logger": "Logger(service='leak', stream=sys.stdout).info('x', extra={'url': RESPONSE_URL})",
    "a bucket's url": "print(Bucket(lambda: 0.0).issue())",
    "taken by capsys": "print(RESPONSE_URL); capsys.readouterr()",
    "taken by capfd": "os.write(1, RESPONSE_URL.encode()); capfd.readouterr()",
}
HEAD = """
import logging, os, sys
import pytest
from aws_lambda_powertools import Logger
from tests.builders import RESPONSE_URL
from tests.fake_bucket import Bucket
"""


def run(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run a test file of its own, under this run's check."""
    (folder / "test_it.py").write_text(HEAD + source)
    command = [sys.executable, "-m", "pytest", "-p", "tests.secrecy", "-p", "no:cacheprovider", "-q", "test_it.py"]
    return subprocess.run(  # noqa: S603 - our own file
        command,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_test_that_puts_a_secret_out_fails_however_it_does_so(tmp_path: Path) -> None:
    """Promise 8, over the whole run: the search of every line has to find what is there."""
    tests = "".join(
        f"def test_{number}({'capfd' if 'capfd' in line else 'capsys' if 'capsys' in line else ''}):\n    {line}\n"
        for number, line in enumerate(LEAKS.values())
    )
    done = run(tmp_path, tests)
    named = [number for number in range(len(LEAKS)) if f"test_{number} put a ResponseURL's secret out" in done.stdout]
    assert named == list(range(len(LEAKS))), done.stdout
    assert done.stdout.endswith(f"{len(LEAKS)} failed in {done.stdout.rpartition(' in ')[2]}")


def test_a_leak_in_a_fixture_is_found_and_one_test_s_leak_is_not_another_s(tmp_path: Path) -> None:
    """Lines are logged in set-ups and clean-ups too; and whoever is named is the one to look at."""
    done = run(
        tmp_path,
        "@pytest.fixture\ndef early():\n    print(RESPONSE_URL)\n"
        "@pytest.fixture\ndef late():\n    yield\n    print(RESPONSE_URL)\n"
        "def test_early(early): pass\n"
        "def test_late(late): pass\n"
        "def test_clean(capsys):\n    print('nothing'); capsys.readouterr()\n",
    )
    assert "test_it.py::test_early put" in done.stdout
    assert "test_it.py::test_late put" in done.stdout
    # The late one passed, and then its clean-up did not.
    assert "2 passed, 2 errors" in done.stdout


def test_this_run_is_under_the_check(pytestconfig: pytest.Config) -> None:
    """A conftest that lost its hooks would let everything pass."""
    hooks = pytestconfig.hook.pytest_runtest_makereport.get_hookimpls()
    assert "tests.secrecy" in {hook.function.__module__ for hook in hooks}


def test_every_secret_that_the_tests_issue_bears_a_mark() -> None:
    """What bears none would not be found: the builders' URL, every bucket's, and those of the events' files."""
    urls = [RESPONSE_URL, Bucket(lambda: 0.0).issue(), *(event["ResponseURL"] for event in EVENTS.values())]
    assert [url for url in urls if not leaks(url)] == []
