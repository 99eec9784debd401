"""CloudFormation templates as plain values: `!Ref X` is {"Ref": X}, `!Sub X` is {"Fn::Sub": X}, and so on."""

from pathlib import Path
from typing import Any

from stream_encryption_cli.template.functions import Functions
from stream_encryption_cli.template.scope import Scope
from stream_encryption_cli.template.text import read

ROOT = Path(__file__).parent.parent


def load(path: Path) -> dict[str, Any]:
    """Read a template."""
    return read(path.read_text())


def resolve(value: Any, scope: Scope) -> Any:
    """Evaluate a value of a template."""
    return Functions(scope).evaluate(value)


def nodes(value: Any) -> list[Any]:
    """The value and everything inside it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(node for item in inner for node in nodes(item))]


def resources_of(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The template's resources by logical id, those of an Fn::ForEach too."""
    resources: dict[str, dict[str, Any]] = {}
    for name, resource in template["Resources"].items():
        resources |= resource[2] if name.startswith("Fn::ForEach::") else {name: resource}
    return resources
