"""Lambda around the provider: invocations that die, that run twice at once, and that are delivered again."""

from collections.abc import Mapping
from random import Random
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from stream_encryption.doors import door
from stream_encryption.telemetry import Telemetry
from tests.builders import LambdaContext
from tests.fake_calls import Call
from tests.provider import HOST, Provider

INVENTED_ID = "platform-encryption-Encryption-1ABC2DEF3GHIJ"
"""What CloudFormation calls a resource whose Create it cancelled: <stack>-<logicalId>-<SUFFIX>."""


class Death(BaseException):
    """The invocation's process ends here: nothing in it may catch this, and it answers nobody."""


class Delivery:
    """One event, with the one ResponseURL that every delivery of it bears."""

    def __init__(self, provider: Provider, event: Mapping[str, Any]) -> None:
        """Have CloudFormation issue the request now."""
        self.provider = provider
        self.event = {**event, "ResponseURL": provider.fresh_url()}

    def run(self, timeout: float = 900.0) -> dict[str, Any] | None:
        """Invoke the function, in a process of its own; tell the answer, or None if it died without one."""
        answers: list[dict[str, Any]] = []
        died = False

        def send(url: str, body: bytes) -> int:
            # The door answers FAILED whatever is raised inside it; a process that is dead does not.
            if died:
                raise Death
            headers = {"content-type": "", "content-length": str(len(body))}
            provider.bucket.receive("PUT", url.removeprefix(HOST), headers, body)
            answers.append(provider.bucket.requests[-1].json)
            return 200

        def mortal(client: Any) -> Any:
            return _Mortal(client, note_death)

        def note_death() -> None:
            nonlocal died
            died = True

        provider = self.provider
        clients = {"kinesis": mortal(provider.kinesis), "kms": mortal(provider.kms)}
        telemetry = Telemetry(Logger(service="test", level="INFO"), Metrics(namespace="test", service="test"))
        invoke = door(provider.settings, clients.__getitem__, provider.clock, Random(1), telemetry, send)  # noqa: S311 - it only spreads load
        try:
            invoke(self.event, LambdaContext(provider.clock, timeout))
        except Death:
            return None
        (answer,) = answers
        return answer

    def run_until(self, number: int) -> dict[str, Any] | None:
        """Invoke the function, and have it die at the Nth call from now on."""
        self.provider.kinesis.faults.fail_nth(len(self.provider.kinesis.calls) + number, Death())
        return self.run()


class _Mortal:
    """A client whose caller is noted as dead when a call of its own dies."""

    def __init__(self, client: Any, died: Any) -> None:
        self._client = client
        self._died = died

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            try:
                return method(**arguments)
            except Death:
                self._died()
                raise

        return call


def before(provider: Provider, number: int, act: Any) -> list[Any]:
    """Have somebody act just before the Nth call from now on; what comes of it is in the list afterwards."""
    results: list[Any] = []

    def run(_call: Call) -> None:
        results.append(act())

    provider.kinesis.faults.before_nth(len(provider.kinesis.calls) + number, run)
    return results
