"""A provider whose invocation dies at one call, for tests of what the next invocation makes of that."""

from tests.contract.stories import made
from tests.fake_calls import Call


class Died(BaseException):
    """The invocation's process ended."""


class Mortal:
    """A provider whose invocation dies at one call: nothing of it is heard any more, its answer least of all."""

    def __init__(self, number: int) -> None:
        """Die at the Nth call, before or after it."""
        self.provider = made(send=self._send)
        self.dead = False
        self.provider.kinesis.faults.before_nth(number, self.die)

    def die(self, _: Call) -> None:
        """End the invocation at this call."""
        self.dead = True
        raise Died

    def _send(self, url: str, body: bytes) -> int:
        if self.dead:
            raise Died
        return self.provider.send(url, body)
