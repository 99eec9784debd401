"""`make demo`: a stream's whole life under CloudFormation, live, and checked at every step.

`make record` plays the same, and keeps pictures of it for the docs.
"""

from __future__ import annotations

import sys
import time

from local.embedded_aws import EmbeddedAws
from local.engines import ROOT, Durations, UnsupportedMachineError
from local.scenes import SPLIT_SECONDS, Scenes
from local.timeline import Timeline
from tools import draw_create

RECORDING = ROOT / "docs" / "demo.svg"
PICTURE = ROOT / "docs" / "create.svg"


def main(arguments: list[str]) -> int:
    """Play the demo; 0 if every check passed. With --record, keep pictures of it, unless a check failed."""
    began = time.monotonic()
    record = arguments == ["--record"]
    timeline = Timeline(record=record)
    timeline.on_air(recorded=False)
    try:
        timeline.scene("An AWS on this machine: MiniStack, kinesis-local, and Lambda's own runtime")
        with EmbeddedAws(Durations(start=1.5, stop=1.0, split=SPLIT_SECONDS), listeners=timeline.listeners) as aws:
            timeline.say(f"up after {time.monotonic() - began:.1f} s, on loopback ports, in {aws.household.folder}")
            scenes = Scenes(aws, timeline)
            scenes.play()
            folder = aws.household.folder
        timeline.check("everything is stopped, and its folder is removed", holds=not folder.exists(), seen=folder)
        took = time.monotonic() - began
        failed = len(timeline.failed)
        timeline.on_air(recorded=True)
        timeline.summary(f"{timeline.passed} checks passed, {failed} failed, in {took:.0f} s.")
        if record and scenes.course and not failed:
            RECORDING.write_text(timeline.recording("make demo: two of its nine scenes"), encoding="utf-8")
            PICTURE.write_text(draw_create.drawing(scenes.course), encoding="utf-8")
    except UnsupportedMachineError as error:
        timeline.summary(str(error))
        return 2
    except KeyboardInterrupt:
        timeline.summary("Stopped. Nothing is left running, and nothing is left behind.")
        return 130
    finally:
        timeline.close()
    return 1 if timeline.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
