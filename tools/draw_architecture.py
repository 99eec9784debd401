"""`make draw`: draws the parts of the provider and the calls between them, as docs/architecture.svg."""

from __future__ import annotations

from typing import NamedTuple

from local.engines import ROOT
from tools.drawing import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Box, Drawing, Font

PICTURE = ROOT / "docs" / "architecture.svg"
TITLE, CAPTION = Font(size=16, bold=True), Font(size=12, colour=GREY)
LABEL, LINE = Font(size=11, colour=GREY), Font(size=12, anchor="middle")


class Part(NamedTuple):
    """A box with a name and some words."""

    at: Box
    name: str
    colour: str
    words: tuple[str, ...]


class Arrow(NamedTuple):
    """A call from one part to another, with its name and the name's place.

    It is dashed where something has failed, and has no head where it joins another arrow.
    """

    points: tuple[tuple[float, float], ...]
    name: str
    at: tuple[float, float]
    dashed: bool = False
    joins: bool = False


PARTS = (
    Part(
        Box(15, 115, 160, 120),
        "CloudFormation",
        BLUE,
        ("your templates: a", "resource's ServiceToken", "is the function's ARN"),
    ),
    Part(
        Box(265, 115, 180, 120),
        "Function",
        ORANGE,
        ("request → goal;", "then, again and again:", "observe, decide, act"),
    ),
    Part(
        Box(540, 115, 155, 120),
        "State machine",
        PURPLE,
        ("carries on what takes", "longer than a minute:", "wait, step, wait …"),
    ),
    Part(Box(265, 300, 180, 60), "Record", BLUE, ("DynamoDB table of claims",)),
    Part(Box(540, 300, 155, 60), "Failure responder", ORANGE, ("answers lost requests",)),
    Part(Box(265, 450, 180, 60), "Watch", ORANGE, ("finds drift",)),
    Part(Box(540, 530, 155, 60), "Alarms, dashboard", INK, ("on all functions' metrics",)),
    Part(Box(5, 440, 180, 80), "Scheduler, CloudTrail", GREEN, ("starts each round; calls", "by others, at once")),
    Part(Box(810, 115, 155, 55), "Kinesis", GREEN, ("status and encryption",)),
    Part(Box(810, 200, 155, 55), "KMS", GREEN, ("the key's state, grants",)),
    Part(Box(810, 460, 155, 55), "EventBridge", GREEN, ("your rules, chat, tickets",)),
    Part(Box(810, 533, 155, 55), "SNS topic", GREEN, ("your operators",)),
)

ARROWS = (
    Arrow(((175, 145), (265, 145)), "request", (200, 139)),
    Arrow(((265, 200), (175, 200)), "response", (198, 194)),
    Arrow(((445, 145), (540, 145)), "hand over", (468, 139)),
    Arrow(((540, 200), (445, 200)), "step", (482, 194)),
    Arrow(((355, 115), (355, 98), (770, 98), (770, 142), (810, 142)), "look, Start, Stop; look up the key", (450, 92)),
    Arrow(((770, 142), (770, 227), (810, 227)), "", (0, 0)),
    Arrow(((355, 235), (355, 300)), "read, write on a condition", (362, 285)),
    Arrow(((430, 235), (430, 262), (580, 262), (580, 300)), "failed three times", (445, 257), dashed=True),
    Arrow(((660, 235), (660, 300)), "a step failed", (588, 285), dashed=True),
    Arrow(((617, 360), (617, 390), (95, 390), (95, 235)), "FAILED", (102, 384), dashed=True),
    Arrow(((185, 480), (265, 480)), "start", (210, 474)),
    Arrow(((300, 450), (300, 360)), "read, note findings", (307, 440)),
    Arrow(((432, 450), (432, 415), (720, 415), (720, 175), (695, 175)), "mend, where a resource wants it", (470, 409)),
    Arrow(((445, 470), (770, 470), (770, 227)), "look", (777, 350), joins=True),
    Arrow(((445, 495), (810, 495)), "drift found", (600, 489)),
    Arrow(((695, 560), (810, 560)), "notify", (750, 554)),
)


def drawing() -> str:
    """Draw the picture; answers its SVG."""
    sheet = Drawing(985, 650, "CloudFormation, the provider's stack, and the services that it calls")
    sheet.words((20, 32), "What is deployed, and which services it calls", TITLE)
    sheet.box(Box(245, 60, 490, 545), fill="#f6f8fa")
    sheet.words((258, 594), "The provider's stack, once in each region", CAPTION)
    for arrow in ARROWS:
        sheet.path(*arrow.points, dashed=arrow.dashed, arrow=not arrow.joins)
        sheet.words(arrow.at, arrow.name, LABEL)
    for part in PARTS:
        _draw(sheet, part)
    sheet.path((20, 630), (60, 630), arrow=True)
    sheet.words((68, 634), "call", LABEL)
    sheet.path((110, 630), (150, 630), arrow=True, dashed=True)
    sheet.words((158, 634), "call after a failure", LABEL)
    return str(sheet)


def _draw(sheet: Drawing, part: Part) -> None:
    sheet.box(part.at, edge=part.colour)
    middle = part.at.x + part.at.width / 2
    sheet.words((middle, part.at.y + 24), part.name, Font(bold=True, colour=part.colour, anchor="middle"))
    for number, line in enumerate(part.words):
        sheet.words((middle, part.at.y + 44 + 17 * number), line, LINE)


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
