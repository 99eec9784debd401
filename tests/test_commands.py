"""Commands on the pages exist: AWS' own by the services' models, make's by the Makefile, ours by their parser."""

import re
import shlex

import botocore.session
import pytest
from botocore import xform_name

from tests.pages import PAGES
from tests.templates import ROOT

SESSION = botocore.session.get_session()
EVERYWHERE = {"query", "output", "region", "profile"}
THE_CLI_S_OWN = {
    ("cloudformation", "deploy"): {"stack-name", "template-file", "parameter-overrides", "capabilities", "region"},
}
"""Commands that are no operation, with the options that the pages use."""

COMMAND = re.compile(r"^(?:\$ )?(aws|make) (.+)$", re.MULTILINE)
INLINE = re.compile(r"`(aws|make) ([^`]+)`")
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def commands(tool: str) -> list[tuple[str, list[str]]]:
    """Every command of a tool on any page or in an example, with where it stands."""
    found = []
    for page in (*PAGES, *EXAMPLES):
        text = re.sub(r"^# ? ?", "", page.read_text("utf-8"), flags=re.MULTILINE) if page in EXAMPLES else None
        text = re.sub(r"\\\n\s*", "", text or page.read_text("utf-8"))
        lines = [*COMMAND.findall(text), *(INLINE.findall(text) if page in PAGES else [])]
        found += [
            (page.name, shlex.split(rest.strip(), comments=True)) for name, rest in lines if name == tool and rest
        ]
    return found


AWS, MAKE = commands("aws"), commands("make")


def faults(words: list[str]) -> list[str]:
    """What of an AWS command does not exist."""
    service, name, *rest = words
    given = {word[2:] for word in rest if word.startswith("--")}
    if (service, name) in THE_CLI_S_OWN:
        return sorted(given - THE_CLI_S_OWN[service, name])
    if name == "wait":
        known = SESSION.get_waiter_model(service).waiter_names
        return [] if rest[0] in {xform_name(one, "-") for one in known} else [rest[0]]
    if service not in SESSION.get_available_services():
        return [service]
    model = SESSION.get_service_model(service)
    operations = {xform_name(one, "-"): one for one in model.operation_names}
    if name not in operations:
        return [name]
    shape = model.operation_model(operations[name]).input_shape
    members = {xform_name(one, "-") for one in (shape.members if shape else {})}
    return sorted(given - members - EVERYWHERE)


@pytest.mark.parametrize(("page", "words"), AWS, ids=[f"{page}: {' '.join(words[:2])}" for page, words in AWS])
def test_an_aws_command_names_an_operation_and_options_that_exist(page: str, words: list[str]) -> None:
    """No account is at hand to run it: so at least AWS' own model has to know it."""
    assert faults(words) == [], page


def test_a_command_that_is_wrong_is_found() -> None:
    """Or else the test above would prove nothing."""
    assert faults(["kinesis", "start-encryption"]) == ["start-encryption"]
    assert faults(["kinesis", "stop-stream-encryption", "--stream", "orders"]) == ["stream"]
    assert faults(["kinesis", "wait", "stream-ready"]) == ["stream-ready"]
    assert len(AWS) > 10


def test_make_can_make_what_the_pages_say() -> None:
    """A target that is renamed is renamed on the pages."""
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {(page, words[0]) for page, words in MAKE}
    assert {one for one in named if one[1] not in targets} == set()
    assert {"demo", "invoke", "plan", "test"} <= {name for _, name in named}
