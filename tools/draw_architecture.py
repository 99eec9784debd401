"""`make draw`: the parts of the provider and what goes between them, as docs/architecture.svg."""

from __future__ import annotations

from local.engines import ROOT
from tools.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, Drawing

PICTURE = ROOT / "docs" / "architecture.svg"


def drawing() -> str:
    """The picture, as SVG."""
    sheet = Drawing(900, 430, "CloudFormation, the provider's stack, and what it works on")
    sheet.box(220, 60, 450, 340, fill="#f6f8fa")
    sheet.words(235, 82, "The provider's stack: once in an account and region", size=12, colour=GREY)

    _part(sheet, (15, 130, 163, 75), "CloudFormation", ["your stacks, and their", "encryption resources"], BLUE)
    _part(
        sheet,
        (245, 110, 190, 130),
        "Function",
        ["request → goals;", "then, again and again:", "observe, decide, act"],
        ORANGE,
    )
    _part(sheet, (510, 110, 145, 130), "State machine", ["what takes longer", "than a minute:", "wait ⇄ step"], PURPLE)
    _part(sheet, (245, 310, 190, 65), "Failure responder", ["FAILED for lost requests"], ORANGE)
    _part(sheet, (725, 100, 160, 80), "Kinesis", ["status, encryption"], GREEN)
    _part(sheet, (725, 230, 160, 60), "KMS", ["DescribeKey"], GREEN)

    sheet.path((178, 150), (245, 150), arrow=True)
    sheet.path((245, 182), (178, 182), arrow=True)
    sheet.path((435, 150), (510, 150), arrow=True)
    sheet.path((510, 195), (435, 195), arrow=True)
    sheet.path((340, 110), (340, 96), (697, 96), (697, 130), (725, 130), arrow=True)
    sheet.path((697, 130), (697, 260), (725, 260), arrow=True)
    sheet.path((340, 240), (340, 310), dashed=True, arrow=True)
    sheet.path((582, 240), (582, 342), (435, 342), dashed=True, arrow=True)
    sheet.path((245, 342), (97, 342), (97, 205), dashed=True, arrow=True)
    for x, y, label in ((201, 143, "event"), (201, 197, "answer"), (472, 143, "hand over"), (472, 210, "step")):
        sheet.words(x, y, label, size=11, colour=GREY, anchor="middle")
    for x, y, label in ((348, 280, "it died three times"), (590, 300, "a step failed"), (105, 334, "answer")):
        sheet.words(x, y, label, size=11, colour=GREY)
    sheet.words(20, 32, "What is deployed, and what it talks to", size=16, bold=True)
    return str(sheet)


def _part(sheet: Drawing, at: tuple[int, int, int, int], name: str, words: list[str], colour: str) -> None:
    x, y, width, height = at
    sheet.box(x, y, width, height, edge=colour)
    sheet.words(x + width / 2, y + 24, name, bold=True, colour=colour, anchor="middle")
    for number, line in enumerate(words):
        sheet.words(x + width / 2, y + 44 + 17 * number, line, size=12, anchor="middle")


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
