"""docs/architecture.md: the times that it names are the code's."""

import re

import pytest

from stream_encryption.cloudformation.request import MARGIN_SECONDS
from stream_encryption.reconcile import iteration, pacing, situation
from stream_encryption.record import changes, requests
from stream_encryption.settings import Settings
from stream_encryption.workflow import hand_over, step
from tests.templates import ROOT

PAGE = " ".join((ROOT / "docs" / "architecture.md").read_text("utf-8").split())

TIMES = {
    "An intent lasts {} s": changes.INTENT_SECONDS,
    "{} s to begin the call": changes.BEGIN_SECONDS,
    "{} s for the call's time-outs": changes.CALL_SECONDS,
    "{} s in which descriptions may be stale": changes.STALE_SECONDS,
    "{} s for clocks that differ": changes.SKEW_SECONDS,
    "the clocks of two invocations differ by more than {} s": changes.SKEW_SECONDS,
    "wrote its intent within the last {} s": changes.BEGIN_SECONDS,
    "its look is at most {} s old": iteration.MOST_LOOK_AGE_SECONDS,
    "the look began at least {} s after the last change": changes.STALE_SECONDS,
    "an unknown key is looked up again for {} s first": situation.REFUSAL_RETRY_SECONDS,
    "refuses is tried for {} s": situation.REFUSAL_RETRY_SECONDS,
    "UPDATING never seen, after {} s | settles": changes.STALE_SECONDS,
    "the same after {} s, UPDATING and the wanted key never seen | makes the call again": situation.EFFECT_SECONDS,
    "The first look comes {} s after the Start": pacing.EARLY_LOOKS[0],
    "Later pauses grow up to {} s in the function": pacing.LONGEST_SECONDS,
    "and {} s in the state machine": pacing.LONGEST_WORKFLOW_SECONDS,
    "until its intent has ended ({} s and more)": changes.INTENT_SECONDS - changes.BEGIN_SECONDS,
    "`HandoverSeconds` ({} s)": Settings.__dataclass_fields__["handover_seconds"].default,
    "one step of at most {} s": step.STEP_SECONDS,
    "tries the hand-over again every {} s": hand_over.HAND_OVER_AGAIN_SECONDS,
    "(default 3,600 s) less {} s": MARGIN_SECONDS,
    "(`departed`) for {} hours": requests.DEPARTED_SECONDS / 3600,
}
"""What the page says, with the number left out, and the number."""


@pytest.mark.parametrize(("phrase", "number"), TIMES.items())
def test_a_time_on_the_page_is_the_code_s(phrase: str, number: float) -> None:
    """An operator reckons with it."""
    words = {2.0: "two"}.get(number, f"{number:g}") if "hours" in phrase else f"{number:g}"
    assert phrase.format(words) in PAGE


def test_the_page_says_how_often_a_call_without_effect_is_made() -> None:
    """In a word, not a number."""
    assert situation.MOST_CALLS == 3
    assert re.search(r"makes the call again; after three calls that Kinesis accepted", PAGE)
