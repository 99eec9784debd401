"""Streams as Kinesis reports them: made, described, and watched all the time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_kinesis import KinesisClient

POLL_SECONDS = 0.05
LOOK_SECONDS = 10.0


@dataclass(frozen=True)
class Encryption:
    """A stream's status and encryption."""

    status: str
    type: str
    key: str


@dataclass(frozen=True)
class StreamState:
    """All that the provider could leave behind on a stream."""

    encryption: Encryption
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Sight:
    """What a watched stream was seen to be, from a moment on."""

    at: float
    stream: str
    encryption: Encryption


class Streams:
    """The streams that other teams own."""

    def __init__(self, client: KinesisClient) -> None:
        """Use this client, which is not the function's."""
        self._client = client

    def create(self, name: str, key: str = "", tags: Mapping[str, str] | None = None) -> StreamState:
        """Make a stream, encrypted with a key where one is given; answers its state, once ACTIVE."""
        self._client.create_stream(StreamName=name, ShardCount=1)
        self.wait_active(name)
        if tags:
            self._client.add_tags_to_stream(StreamName=name, Tags=dict(tags))
        if key:
            self._client.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
            self.wait_active(name)
        return self.state(name)

    def encryption(self, name: str) -> Encryption:
        """A stream's status and encryption."""
        summary = self._client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        return Encryption(summary["StreamStatus"], summary.get("EncryptionType", "NONE"), summary.get("KeyId", ""))

    def tags(self, name: str) -> dict[str, str]:
        """A stream's tags."""
        return {tag["Key"]: tag.get("Value", "") for tag in self._client.list_tags_for_stream(StreamName=name)["Tags"]}

    def state(self, name: str) -> StreamState:
        """A stream's status, encryption and tags."""
        return StreamState(self.encryption(name), self.tags(name))

    def wait_active(self, name: str, seconds: float = 30.0) -> None:
        """Wait until a stream is ACTIVE.

        Raises:
            TimeoutError: It isn't in time.
        """
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if self.encryption(name).status == "ACTIVE":
                return
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"{name} is not ACTIVE after {seconds:.0f} s")


class StreamWatch:
    """Looks at streams many times a second, in the background, and keeps every change that it sees."""

    def __init__(self, streams: Streams, heard: Callable[[Sight], None] | None = None) -> None:
        """Watch no stream yet; each change is told to `heard` too."""
        self._streams = streams
        self._heard = heard
        self._last: dict[str, Encryption] = {}
        self._lock = threading.Lock()
        self._sights: list[Sight] = []
        self._looks: list[float] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End watching."""
        self._end.set()
        self._thread.join()

    def looks(self, since: float = 0.0) -> int:
        """How often it has looked at all its streams since a moment."""
        return sum(at >= since for at in self._looks)

    def add(self, *names: str) -> None:
        """Watch these streams too, and say nothing of how they are at first."""
        with self._lock:
            for name in names:
                self._last[name] = self._streams.encryption(name)
                self._sights.append(Sight(time.time(), name, self._last[name]))

    def forget(self) -> None:
        """Watch no stream any more, so that each look at others comes sooner."""
        with self._lock:
            self._last.clear()

    def wait_for_look(self) -> None:
        """Wait until all streams were looked at once more, from now on.

        Raises:
            TimeoutError: Nobody looks any more.
        """
        looks, give_up = len(self._looks), time.monotonic() + LOOK_SECONDS
        while len(self._looks) < looks + 2:  # A look that is under way may have passed the stream.
            if time.monotonic() > give_up:
                raise TimeoutError("the streams are not looked at any more")
            time.sleep(POLL_SECONDS / 5)

    def sights(self, stream: str, since: float = 0.0) -> list[Sight]:
        """What a stream was seen to be since a moment; the first entry is how it was then.

        Raises:
            LookupError: It is not watched, so that nothing can be said of it.
        """
        with self._lock:
            seen = [one for one in self._sights if one.stream == stream]
        if not seen:
            raise LookupError(f"stream {stream} is not watched")
        before = [one for one in seen if one.at < since][-1:]
        return before + [one for one in seen if one.at >= since]

    def _watch(self) -> None:
        while not self._end.wait(POLL_SECONDS):
            with self._lock:
                names = list(self._last)
            for name in names:
                self._look(name)
            self._looks.append(time.time())

    def _look(self, name: str) -> None:
        try:
            now = self._streams.encryption(name)
        except ClientError:
            now = Encryption("(gone)", "NONE", "")
        except BotoCoreError:  # The engines are being stopped.
            return
        with self._lock:
            if now == self._last.get(name, now):
                return
            self._last[name] = now
            sight = Sight(time.time(), name, now)
            self._sights.append(sight)
        if self._heard is not None:
            self._heard(sight)
