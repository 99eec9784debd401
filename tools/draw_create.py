"""Draws one Create on a time line: CloudFormation's request, the function's calls, and the stream."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from tools.drawing import BLUE, FAINT, GREEN, GREY, ORANGE, PURPLE, Box, Drawing, Font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.kinesis_tap import KinesisCall
    from local.response_endpoint import Exchange
    from local.streams import Sight

LEFT, RIGHT, WIDTH = 120, 30, 900
TOP, LANE, BAR = 74, 74, 26
NARROW = 90
"""A box that is narrower has no room for its words: they stand below it."""
TINTS = {"ACTIVE": "#dafbe1", "UPDATING": "#fff1cf"}
COLOURS = {"StartStreamEncryption": ORANGE}


@dataclass(frozen=True)
class Course:
    """How one Create went.

    Attributes:
        exchange: CloudFormation's request, and its answer.
        calls: The function's calls to Kinesis.
        sights: What the stream was seen to be, watched by somebody else every 50 ms.
        settle_seconds: The resource's SettleSeconds.
    """

    exchange: Exchange
    calls: Sequence[KinesisCall]
    sights: Sequence[Sight]
    settle_seconds: int


def drawing(course: Course) -> str:
    """The course as an SVG picture."""
    begun, answered = course.exchange.sent, course.exchange.answered
    seconds = ceil(answered - begun + 0.2)

    def x(at: float) -> float:
        return LEFT + (at - begun) / seconds * (WIDTH - LEFT - RIGHT)

    sheet = Drawing(WIDTH, TOP + 3 * LANE + 40, "A Create, from CloudFormation's request to the one answer")
    sheet.words((20, 32), "One Create on the embedded AWS", Font(size=16, bold=True))
    caption = f"SettleSeconds: {course.settle_seconds}. Drawn by `make record` from a real run."
    sheet.words((20, 52), caption, Font(colour=GREY))
    for second in range(seconds + 1):
        sheet.path((x(begun + second), TOP), (x(begun + second), TOP + 3 * LANE), colour=FAINT)
        sheet.words((x(begun + second), TOP + 3 * LANE + 20), f"{second} s", Font(12, GREY, anchor="middle"))
    _request(sheet, x(begun), x(answered), TOP)
    _calls(sheet, [(x(one.at), one) for one in course.calls], TOP + LANE)
    _stream(sheet, [(x(max(one.at, begun)), one) for one in course.sights], x(answered), TOP + 2 * LANE)
    active = course.sights[-1].at
    sheet.path((x(active), TOP + 18), (x(active), TOP + 18 + BAR), colour=GREEN, dashed=True)
    text = f"ACTIVE for {answered - active:.1f} s: settled"
    sheet.words(((x(active) + x(answered)) / 2, TOP + 34), text, Font(12, GREEN, anchor="middle"))
    return str(sheet)


def _lane(sheet: Drawing, y: float, name: str) -> None:
    sheet.words((20, y + 34), name, Font(bold=True))


def _request(sheet: Drawing, begun: float, answered: float, y: float) -> None:
    _lane(sheet, y, "The request")
    sheet.box(Box(begun, y + 18, answered - begun, BAR), fill="#ddf4ff", edge=BLUE)
    sheet.words((begun, y + 12), "Create", Font(12, BLUE))
    sheet.words((answered, y + 12), "SUCCESS", Font(12, BLUE, anchor="end"))


def _calls(sheet: Drawing, calls: Sequence[tuple[float, KinesisCall]], y: float) -> None:
    _lane(sheet, y, "Kinesis calls")
    sheet.words((20, y + 52), "short: looks", Font(12, GREY))
    if (first := min(x for x, _ in calls)) - LEFT > NARROW:
        sheet.words(((LEFT + first) / 2, y + 44), "the function starts", Font(11, GREY, anchor="middle"))
    top = y
    for x, one in calls:
        if not one.changes:
            sheet.path((x, y + 36), (x, y + 44), colour=GREY)
            continue
        colour = COLOURS.get(one.action, PURPLE)
        sheet.path((x, top), (x, y + 44), colour=colour)
        sheet.words((x + 4, top + 10), one.action, Font(12, colour))
        top += 15


def _stream(sheet: Drawing, sights: Sequence[tuple[float, Sight]], end: float, y: float) -> None:
    _lane(sheet, y, "The stream")
    ends = [x for x, _ in sights[1:]] + [end]
    for (x, one), until in zip(sights, ends, strict=True):
        status, key = one.encryption.status, one.encryption.key
        sheet.box(Box(x, y + 16, until - x, BAR + 4), fill=TINTS.get(status, "#ffffff"), edge=GREY)
        if until - x < NARROW:
            sheet.words((x, y + 60), f"{status}, {key or 'not encrypted'}", Font(10))
            continue
        sheet.words(((x + until) / 2, y + 30), status, Font(11, bold=True, anchor="middle"))
        sheet.words(((x + until) / 2, y + 42), key or "not encrypted", Font(10, anchor="middle"))
