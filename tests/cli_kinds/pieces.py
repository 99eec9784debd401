"""The pieces of these templates."""

from tests.cli import TYPE

LOOPS = "Transform: AWS::LanguageExtensions\n"
DYNAMIC = "{{resolve:ssm:/prod/orders/key}}"


def encryption(more: str = "", stream: str = "orders", token: str = "x", kind: str = TYPE) -> str:  # noqa: S107
    """A resource of the provider's, in YAML's flow style."""
    return f"{{Type: '{kind}', Properties: {{ServiceToken: {token}, StreamName: {stream}{more}}}}}"


E = encryption(", KeyId: alias/orders")


def with_(attribute: str) -> str:
    """The same resource with an attribute beside its Properties."""
    return E.replace("Properties", f"{attribute}, Properties")


def resources(**named: str) -> str:
    """A template's Resources."""
    return "Resources:\n" + "".join(f"  {name}: {one}\n" for name, one in named.items())


def loop(items: str, id_: str = "E${N}", more: str = "", name: str = "L") -> str:
    """A loop that makes resources of the provider's."""
    body = "{ServiceToken: x, StreamName: !Ref N, KeyId: alias/orders}"
    return f"'Fn::ForEach::{name}': [N, {items}, {{'{id_}': {{Type: '{TYPE}'{more}, Properties: {body}}}}}]"
