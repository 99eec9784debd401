"""`make invoke EVENT=events/create.json`: one event through the function, and what it answers."""

from __future__ import annotations

import json
import re
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from local.embedded_aws import EmbeddedAws
from local.engines import Durations, UnsupportedMachineError
from local.place import Place
from local.record import readable

if TYPE_CHECKING:
    from local.response_endpoint import Exchange

Event = dict[str, Any]
STREAM_NAME = re.compile(r"(?!no-such)[a-zA-Z0-9_.-]{1,128}")
ALIAS = re.compile(r"alias/(?!aws/|no-such)[a-zA-Z0-9/_-]+")


def main(arguments: list[str]) -> int:
    """Run the event file that is named; 0 if a good answer arrived."""
    console = Console(highlight=False, soft_wrap=True)
    if len(arguments) != 1:
        console.print("Which event? make invoke EVENT=events/create.json")
        return 2
    try:
        event: Event = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        console.print(f"{arguments[0]} is no event: {error}", markup=False)
        return 2
    try:
        with EmbeddedAws(Durations(start=1.0, stop=1.0), place=place_of(event)) as aws:
            aws.deploy_provider()
            streams = make_what_is_named(aws, event)
            earlier = what_came_before(event)
            if earlier is not None:
                aws.send(earlier)
            exchange = aws.send(event)
            show(console, aws, exchange, streams)
            return 0 if exchange.answer is not None and not exchange.violations else 1
    except UnsupportedMachineError as error:
        console.print(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


def place_of(event: Event) -> Place:
    """The account and region that the event's stack is in."""
    _, _, _, region, account, *_ = str(event["StackId"]).split(":")
    return Place(account, region)


def make_what_is_named(aws: EmbeddedAws, event: Event) -> list[str]:
    """Make the streams and keys that the event names, as far as they could exist; answers the streams."""
    streams: list[str] = []
    aliases: list[str] = []
    for properties in property_sets(event):
        streams += [name for name in names(properties) if name not in streams]
        key = properties.get("KeyId")
        if isinstance(key, str) and ALIAS.fullmatch(key) and key not in aliases:
            aliases.append(key)
    for alias in aliases:
        aws.key("named by the event", alias)
    for name in streams:
        aws.streams.create(name)
    return streams


def property_sets(event: Event) -> list[dict[str, Any]]:
    """The old properties, where there are any, and the new ones."""
    return [event[name] for name in ("OldResourceProperties", "ResourceProperties") if name in event]


def names(properties: dict[str, Any]) -> list[str]:
    """The names of the streams that these properties name, and that could exist."""
    given = (properties.get("StreamName", ""), str(properties.get("StreamARN", "")).rpartition("/")[2])
    return [name for name in dict.fromkeys(map(str, given)) if STREAM_NAME.fullmatch(name)]


def what_came_before(event: Event) -> Event | None:
    """The Create that an Update or a Delete comes after: that of the stream which its physical id names."""
    name = str(event.get("PhysicalResourceId", "")).rpartition(":stream/")[2]
    for properties in property_sets(event):
        if event["RequestType"] != "Create" and name in names(properties):
            kept = {key: event[key] for key in ("StackId", "LogicalResourceId", "ResourceType")}
            return {
                **kept,
                "RequestType": "Create",
                "RequestId": str(uuid.uuid4()),
                "ResourceProperties": {**properties, "SettleSeconds": "0"},
            }
    return None


def show(console: Console, aws: EmbeddedAws, exchange: Exchange, streams: list[str]) -> None:
    """Print the function's log, its calls and its response, then the streams and their record."""
    console.rule("The function's log", align="left")
    for line in aws.runtime.log_lines():
        console.print(line, markup=False)
    console.rule("Its calls to Kinesis", align="left")
    for one in aws.tap.calls(since=exchange.sent):
        told = f"{one.action} {one.stream} {one.request.get('KeyId', '')} {one.error}"
        console.print(told.rstrip(), style="bold" if one.changes else "dim", markup=False)
    console.rule("The response to CloudFormation", align="left")
    if exchange.answer is None:
        console.print("none: " + ("; ".join(exchange.violations) or "the function ended without a response"))
    else:
        console.print_json(json.dumps(exchange.answer))
    for name in streams:
        console.rule(f"Stream {name}, afterwards", align="left")
        seen = aws.streams.encryption(name)
        console.print(f"{seen.status}, {seen.type} {seen.key}", markup=False)
        console.rule(f"The record of {name}", align="left")
        for line in readable(aws.record(name)):
            console.print(line, markup=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
