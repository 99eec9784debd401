"""How a template is written: whatever CloudFormation reads is read, and any other file ends in a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli import TYPE, Command
from tests.cli_kinds.pieces import E, encryption, resources

PROPERTIES = {"ServiceToken": "x", "StreamName": "orders", "KeyId": "alias/orders"}


def as_json() -> dict[str, Any]:
    """The same template as plain values."""
    return {"Resources": {"E": {"Type": TYPE, "Properties": PROPERTIES}}}


READ: dict[str, bytes] = {
    "JSON with tabs": json.dumps(as_json(), indent="\t").encode(),
    "JSON with tabs behind the colons": json.dumps(as_json(), separators=(",\t", ":\t")).encode(),
    "JSON with a byte order mark": b"\xef\xbb\xbf" + json.dumps(as_json()).encode(),
    "JSON with tabs, a byte order mark and Windows' lines": (
        b"\xef\xbb\xbf" + json.dumps(as_json(), indent="\t").replace("\n", "\r\n").encode()
    ),
    "JSON behind empty lines": b"\n\n\t " + json.dumps(as_json(), indent="\t").encode(),
    "JSON with characters of two halves": json.dumps({"Description": "\U0001f600", **as_json()}, indent="\t").encode(),
    "JSON with a tab that is spelled": json.dumps({"Description": "a\tb", **as_json()}).encode(),
    "YAML with Windows' lines": resources(E=E).replace("\n", "\r\n").encode(),
    "YAML with a byte order mark": b"\xef\xbb\xbf" + resources(E=E).encode(),
    "YAML with a mark before and after": b"---\n" + resources(E=E).encode() + b"...\n",
    "YAML with an anchor that is not used": resources(E=f"&e {E}").encode(),
    "YAML with an alias, which SAM writes out": (
        f"Transform: AWS::Serverless-2016-10-31\nGlobals: {{Function: &more {{Type: '{TYPE}'}}}}\n"
        f"Resources: {{E: {{<<: *more, Properties: {json.dumps(PROPERTIES)}}}}}"
    ).encode(),
    "YAML with comments and characters of other alphabets": ("# \u00e4\n" + resources(E=E)).encode(),
    "YAML in JSON's style with a comma too many": json.dumps(as_json()).replace("}}}}", "},},},}").encode(),
}


@pytest.mark.parametrize("case", READ)
def test_what_cloudformation_reads_is_read(command: Command, tmp_path: Path, case: str) -> None:
    """Whatever spaces, tabs and marks it is written with."""
    file = tmp_path / "template"
    file.write_bytes(READ[case])
    assert command.lines(str(file)) == [("E", "Create", "orders", "start")]


OTHERS: dict[str, bytes] = {
    "nothing": b"",
    "spaces": b" \n\t\n",
    "a comment": b"# nothing\n",
    "a byte order mark alone": b"\xef\xbb\xbf",
    "a word": b"template",
    "a number": b"5",
    "null": b"null",
    "a list": b"[1, 2]",
    "a list of templates": b"- Resources: {}\n",
    "an empty map": b"{}",
    "two documents": (resources(E=E) + "---\n" + resources(E=E)).encode(),
    "an alias": resources(E=f"&e {E}", F="*e").encode(),
    "an alias to itself": b"Resources: &r {E: *r}",
    "a merge": (f"x: &x {{Type: {TYPE}}}\nResources:\n  E:\n    <<: *x\n").encode(),
    "aliases that make billions of values": (
        "Transform: AWS::Serverless-2016-10-31\nl0: &l0 [x, x]\n"
        + "\n".join(f"l{n}: &l{n} [*l{n - 1}, *l{n - 1}]" for n in range(1, 40))
    ).encode(),
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)),
    "zeros": b"\x00" * 100,
    "UTF-16": resources(E=E).encode("utf-16"),
    "a value of bytes": resources(E=encryption(", KeyId: !!binary aGk=")).encode(),
    "an object of Python's": resources(E=encryption(", KeyId: !!python/object:os.system x")).encode(),
    "a key that is a list": b"Resources: {? [a] : b}",
    "a number of five thousand digits": resources(E=encryption(", SettleSeconds: " + "9" * 5000)).encode(),
    "a number of five thousand digits of sixteen": resources(E=encryption(", SettleSeconds: 0x" + "f" * 5000)).encode(),
    "brackets that nobody closes": b"Resources: " + b"[" * 5000,
    "values nested a thousand times": b"Resources: {E: {Type: X, Properties: {A: " + b"[" * 990 + b"]" * 990 + b"}}}",
    "maps nested five hundred times": b"Resources: {E: {Type: X, Properties: "
    + b"{A: " * 500
    + b"b"
    + b"}" * 500
    + b"}}",
    "functions nested five hundred times": resources(
        E=encryption(", KeyId: " + "{Fn::Join: ['', [" * 300 + "a" + "]]}" * 300)
    ).encode(),
    "a text of a megabyte": b"Description: " + b"x" * 1_000_000,
    "YAML with tabs": b"Resources:\n\tE:\n\t\tType: X\n",
    "half a template": b'{"Resources": {"E": {"Type": ',
    "a workflow": b"on: push\njobs: {a: {steps: []}}\n",
    "resources that are a text": b"Resources: none",
    "resources that are null": b"Resources:\n",
    "a resource that is null": b"Resources:\n  E:\n",
    "a resource that is a list": b"Resources: {E: [1]}",
    "a type that is a map": b"Resources: {E: {Type: {Ref: A}}}",
    "properties that are a list": b"Resources: {E: {Type: Custom::KinesisStreamEncryption, Properties: [1]}}",
    "outputs that are a list": resources(E=E).encode() + b"Outputs: [1]\n",
    "rules that are a list": resources(E=E).encode() + b"Rules: [1]\n",
    "a rule that is a text": resources(E=E).encode() + b"Rules: {R: a}\n",
    "a rule without an assertion": resources(E=E).encode() + b"Rules: {R: {Assertions: [{A: b}]}}\n",
    "a mapping of a list": resources(E=encryption(", KeyId: !FindInMap [M, a, b]")).encode() + b"Mappings: {M: [1]}\n",
    "parameters that are a list": resources(E=E).encode() + b"Parameters: [1]\n",
    "a parameter that is a text": resources(E=E).encode() + b"Parameters: {P: a}\n",
    "a transform that is a number": b"Transform: 5\n" + resources(E=E).encode(),
    "an operator without operands": b"Conditions: {C: !Equals []}\n" + resources(E=E).encode(),
    "a function with nothing": resources(E=encryption(", KeyId: !Sub []")).encode(),
}


@pytest.mark.parametrize("case", OTHERS)
def test_any_file_ends_in_a_sentence(command: Command, tmp_path: Path, case: str) -> None:
    """Exit 1, never a traceback, and never a fault of the command itself."""
    file = tmp_path / "template"
    file.write_bytes(OTHERS[case])
    for more in ((), ("--stack-name", "shop", "--offline")):
        assert command("plan", str(file), *more) == ""
        assert command.code == 1
        assert command.errors.startswith("plan failed: ")
        assert "fault of this command" not in command.errors


def test_a_file_that_can_t_be_read_ends_in_a_sentence(command: Command, tmp_path: Path) -> None:
    """A folder, and a file that is not there."""
    for file in (tmp_path, tmp_path / "gone.yaml"):
        assert command("plan", str(file)) == ""
        assert (command.code, command.errors.startswith("plan failed: ")) == (1, True)
