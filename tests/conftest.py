"""What holds for every test of the run."""

import gc
import logging
import sys
from collections.abc import Generator
from io import TextIOBase
from typing import IO, cast

import pytest
from aws_lambda_powertools import Logger
from hypothesis import settings

from tests.permissions import (
    pytest_collectreport,
    pytest_deselected,
    pytest_runtestloop,
    pytest_sessionfinish,
    pytest_testnodedown,
)
from tests.secrecy import pytest_configure, pytest_runtest_makereport

__all__ = [
    "pytest_collectreport",
    "pytest_configure",
    "pytest_deselected",
    "pytest_runtest_makereport",
    "pytest_runtestloop",
    "pytest_sessionfinish",
    "pytest_testnodedown",
]


class Stdout(TextIOBase):
    """Whatever standard output is when a line is written: each test's own, with pytest."""

    def write(self, text: str) -> int:
        """Write to it."""
        return sys.stdout.write(text)


# Powertools keeps one logger a service, with the stream that its first user gave it.
Logger(service="test", level="INFO", stream=cast("IO[str]", Stdout()))
# Its lines are on standard output already: pytest's own handlers would format each of them twice more.
logging.getLogger("test").propagate = False

# A failure prints the blob that repeats it; how long an example takes is the machine's business.
settings.register_profile("project", print_blob=True, deadline=None)
settings.load_profile("project")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests without the garbage collector, and never have it search what was imported and collected."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
