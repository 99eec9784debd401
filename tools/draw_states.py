"""`make draw`: draws the state machine into docs/architecture.md, from its definition. With --check: is it stale?"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from local.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFINITION = ROOT / "statemachine" / "wait.asl.json"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- drawn by `make draw`, from statemachine/wait.asl.json: -->"
END = "<!-- end of the drawing -->"


def drawing(definition: dict[str, Any]) -> str:
    """A definition as a Mermaid state diagram."""
    states = definition["States"]
    ids = {name: f"s{number}" for number, name in enumerate(states)}
    lines = ["stateDiagram-v2", f"    [*] --> {ids[definition['StartAt']]}"]
    for name, state in states.items():
        lines.append(f"    {ids[name]}: {name} ({state['Type']})")
        lines += [f"    {ids[name]} --> {ids.get(to, to)}{f': {why}' if why else ''}" for to, why in ways(name, state)]
    return "\n".join(["```mermaid", *lines, "```"])


def ways(name: str, state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where a state leads, and when."""
    if "SecondsPath" in state:
        yield state["Next"], f"after {state['SecondsPath']} s"
    elif "Next" in state:
        yield state["Next"], ""
    for choice in state.get("Choices", ()):
        yield choice["Next"], f"{choice['Variable']} is {json.dumps(choice['BooleanEquals'])}"
    if "Default" in state:
        yield state["Default"], "otherwise"
    retried = [error for retrier in state.get("Retry", ()) for error in retrier["ErrorEquals"]]
    if retried:
        yield name, f"Retry on {retried[0] if len(retried) == 1 else f'{len(retried)} errors'}"
    for catcher in state.get("Catch", ()):
        yield catcher["Next"], f"Catch {', '.join(catcher['ErrorEquals'])}"
    if state["Type"] in {"Succeed", "Fail"}:
        yield "[*]", "the execution " + {"Succeed": "has succeeded", "Fail": "has failed"}[state["Type"]]


def with_drawing(page: str, definition: dict[str, Any]) -> str:
    """The page with what is between the marks drawn anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no place for the drawing: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{drawing(definition)}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Draw; or say whether the drawing is up to date: 0 if it is."""
    page = PAGE.read_text(encoding="utf-8")
    drawn = with_drawing(page, json.loads(DEFINITION.read_text(encoding="utf-8")))
    if arguments == ["--check"]:
        if drawn != page:
            print(f"{PAGE.relative_to(ROOT)} does not show the state machine as it is: run `make draw`.")
        return int(drawn != page)
    PAGE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
