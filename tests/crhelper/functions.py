"""Functions for crhelper to call, and what several of the tests need."""

import re
import threading
from collections.abc import Callable
from typing import Any

from tests.builders import LOGICAL_ID, STREAM_ARN, STREAM_NAME

ONE = {"StreamName": STREAM_NAME, "KeyId": "alias/one"}
TWO = {"StreamName": STREAM_NAME, "KeyId": "alias/two"}
FAILED_CREATE = f"failed-create:platform-encryption/{LOGICAL_ID}/0123456789abcdef"
LONGEST_LAMBDA = 900
RANDOM_ID = f"platform-encryption_{LOGICAL_ID}_????????"


class Enough(BaseException):
    """Nobody would wait for longer."""


class Naps(list[float]):
    """Stands in for time.sleep, and ends a sleep that is longer than a Lambda function can run."""

    def __call__(self, seconds: float) -> None:
        """Note the seconds."""
        self.append(seconds)
        if sum(self) > LONGEST_LAMBDA:
            raise Enough


def failing(error: BaseException) -> Callable[[Any, Any], Any]:
    """Make a function that raises an error."""

    def work(_event: Any, _context: Any) -> Any:
        raise error

    return work


def arn(_event: Any, _context: Any) -> str:
    """Do nothing, and return the stream's ARN."""
    return STREAM_ARN


def nothing(_event: Any, _context: Any) -> None:
    """Return no id, which crhelper allows for Update and Delete."""


def masked(physical_id: str) -> str:
    """Replace the random part of an id that crhelper makes up."""
    return re.sub(r"_[A-Z0-9]{8}$", "_????????", physical_id)


def timers() -> list[threading.Timer]:
    """Return the timers that are running."""
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
