"""`make draw`: draws the parts of the provider and the calls between them, as docs/architecture.svg."""

from __future__ import annotations

from local.engines import ROOT
from tools.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, Box, Drawing, Font

PICTURE = ROOT / "docs" / "architecture.svg"
TITLE, CAPTION = Font(size=16, bold=True), Font(size=12, colour=GREY)
LABEL, CENTRED_LABEL = Font(size=11, colour=GREY), Font(size=11, colour=GREY, anchor="middle")
LINE = Font(size=12, anchor="middle")


def drawing() -> str:
    """Draw the picture; answers its SVG."""
    sheet = Drawing(900, 430, "CloudFormation, the provider's stack, and the services that it calls")
    sheet.box(Box(220, 60, 450, 340), fill="#f6f8fa")
    sheet.words((235, 82), "The provider's stack: once in an account and region", CAPTION)
    _parts(sheet)
    _arrows(sheet)
    sheet.words((20, 32), "What is deployed, and which services it calls", TITLE)
    return str(sheet)


def _parts(sheet: Drawing) -> None:
    _part(sheet, Box(15, 130, 163, 75), ("CloudFormation", BLUE), ["your stacks, and their", "encryption resources"])
    loop = ["request → goals;", "then, again and again:", "observe, decide, act"]
    _part(sheet, Box(245, 110, 190, 130), ("Function", ORANGE), loop)
    _part(
        sheet,
        Box(510, 110, 145, 130),
        ("State machine", PURPLE),
        ["what takes longer", "than a minute:", "wait ⇄ step"],
    )
    _part(sheet, Box(245, 310, 190, 65), ("Failure responder", ORANGE), ["FAILED for lost requests"])
    _part(sheet, Box(540, 310, 115, 65), ("Record", BLUE), ["a table of claims", "on streams"])
    _part(sheet, Box(725, 100, 160, 60), ("Kinesis", GREEN), ["status, encryption"])
    _part(sheet, Box(725, 230, 160, 60), ("KMS", GREEN), ["DescribeKey"])


def _arrows(sheet: Drawing) -> None:
    sheet.path((178, 150), (245, 150), arrow=True)
    sheet.path((245, 182), (178, 182), arrow=True)
    sheet.path((435, 150), (510, 150), arrow=True)
    sheet.path((510, 195), (435, 195), arrow=True)
    sheet.path((340, 110), (340, 96), (697, 96), (697, 130), (725, 130), arrow=True)
    sheet.path((697, 130), (697, 260), (725, 260), arrow=True)
    sheet.path((410, 240), (410, 262), (597, 262), (597, 310), arrow=True)
    sheet.path((340, 240), (340, 310), dashed=True, arrow=True)
    sheet.path((525, 240), (525, 342), (435, 342), dashed=True, arrow=True)
    sheet.path((245, 342), (97, 342), (97, 205), dashed=True, arrow=True)
    for x, y, label in ((201, 143, "event"), (210, 197, "response"), (472, 143, "hand over"), (472, 210, "step")):
        sheet.words((x, y), label, CENTRED_LABEL)
    for x, y, label in ((348, 295, "it failed three times"), (445, 336, "a step failed"), (105, 334, "response")):
        sheet.words((x, y), label, LABEL)


def _part(sheet: Drawing, at: Box, name: tuple[str, str], words: list[str]) -> None:
    title, colour = name
    sheet.box(at, edge=colour)
    middle = at.x + at.width / 2
    sheet.words((middle, at.y + 24), title, Font(bold=True, colour=colour, anchor="middle"))
    for number, line in enumerate(words):
        sheet.words((middle, at.y + 44 + 17 * number), line, LINE)


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
