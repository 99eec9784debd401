"""No test may print or log a ResponseURL: a pytest plugin that reads whatever every test of the run put out.

Each secret that is issued in the tests bears a mark. What a test puts out is in pytest's report of it, but for what the
test took away to look at it by itself (`capsys.readouterr`): that is kept here, and read as well.
"""

import functools
from collections.abc import Callable, Generator
from typing import Any

import pytest

MARKS = ("TOPSECRET", "0123456789abcdef" * 4)
"""What is in every ResponseURL's signature: tests/builders.py and tests/fake_bucket.py; events/*.json."""

_taken: list[str] = []


def leaks(text: str) -> list[str]:
    """The lines of a text that hold a secret."""
    return [line for line in text.splitlines() if any(mark in line for mark in MARKS)]


def pytest_configure(config: pytest.Config) -> None:
    """Keep what tests take from pytest's capturing, for as long as the run lasts."""
    patch = pytest.MonkeyPatch()
    patch.setattr(pytest.CaptureFixture, "readouterr", _remembering(pytest.CaptureFixture.readouterr))
    config.add_cleanup(patch.undo)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test, its set-up or its clean-up that put a secret out."""
    report = yield
    # A report holds the sections of the phases before it too: "Captured stdout setup" in that of the call.
    put_out = [text for title, text in report.sections if title.endswith(f" {report.when}")]
    found = leaks("\n".join([*put_out, *_taken]))
    _taken.clear()
    if found and report.outcome != "failed":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} put a ResponseURL's secret out:\n" + "\n".join(found)
    return report


def _remembering(readouterr: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(readouterr)
    def remembering(self: Any) -> Any:
        taken = readouterr(self)
        _taken.extend(str(text) for text in taken)
        return taken

    return remembering
