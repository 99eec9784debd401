"""Other people and their tools, who change streams without the provider: no quota, no record of calls, no faults."""

from collections.abc import Mapping

from tests.fake_stream import ACTIVE, DELETING, NONE, Encryption, Stream, encrypted_with


class NotNowError(Exception):
    """Not even other people can do that to the stream in the state that it is in."""


class People:
    """What others do to streams, at once unless it is said how many seconds it takes.

    Kinesis refuses other people as well: a change that needs an ACTIVE stream raises NotNowError while the stream is
    not ACTIVE, so that only schedules that AWS allows can happen. Tags can be changed at any time.
    """

    def __init__(self, streams: dict[str, Stream]) -> None:
        """Let them at the streams."""
        self._streams = streams

    def stop(self, name: str, seconds: float = 0.0) -> None:
        """Stop the encryption."""
        self._re_encrypt(name, NONE, seconds)

    def rekey(self, name: str, key_id: str, seconds: float = 0.0) -> None:
        """Encrypt with this key, whatever was before."""
        self._re_encrypt(name, encrypted_with(key_id), seconds)

    def reshard(self, name: str, seconds: float) -> None:
        """Reshard: UPDATING for as long as it takes."""
        self._active(name).reshard(seconds)

    def delete(self, name: str, seconds: float = 0.0) -> None:
        """Delete the stream: DELETING for as long as it takes, then gone."""
        stream = self._there(name)
        if stream.status == DELETING:
            raise NotNowError(f"{name}: {stream.status}")

        def forget() -> None:
            # By then somebody may have made another of that name.
            if self._streams.get(name) is stream:
                del self._streams[name]

        stream.delete(seconds, forget)

    def retain(self, name: str, hours: int) -> None:
        """Set how long records are kept."""
        self._active(name).retention_hours = hours

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        """Add tags, or change them."""
        self._there(name).tags.update(tags)

    def untag(self, name: str, *keys: str) -> None:
        """Remove these tags; with none named, remove all."""
        stream = self._there(name)
        for key in keys or list(stream.tags):
            stream.tags.pop(key, None)

    def _re_encrypt(self, name: str, target: Encryption, seconds: float) -> None:
        self._active(name).re_encrypt(target, seconds, "people")

    def _active(self, name: str) -> Stream:
        stream = self._there(name)
        if stream.status != ACTIVE:
            raise NotNowError(f"{name}: {stream.status}")
        return stream

    def _there(self, name: str) -> Stream:
        stream = self._streams.get(name)
        if stream is None:
            raise NotNowError(f"{name}: not there")
        return stream
