"""What every fake client does around a call: record it, let others act, deal a fault, lose the answer."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NoReturn

import botocore.session
from botocore.exceptions import ParamValidationError
from botocore.model import ServiceModel
from botocore.validate import validate_parameters

from tests.fake_clock import Clock
from tests.fake_errors import Kind, code_of, fault
from tests.fake_faults import Call, Calls, Deal, Fault, Faults
from tests.permissions import used

__all__ = ["Call", "Calls", "FakeService", "Faults", "Wire", "answer", "by_the_provider", "metadata"]


class Wire:
    """The one way to all fake services: share it among them, and calls are numbered and recorded together."""

    def __init__(self, clock: Clock, account: str = "123456789012", region: str = "us-east-1") -> None:
        """Set up an account in a region, with nothing recorded and nothing going wrong."""
        self.clock = clock
        self.account = account
        self.region = region
        self.calls = Calls()
        self.faults = Faults()
        self.caller = ""  # whoever drives several callers says here whose turn it is

    def call(
        self, action: str, arguments: Mapping[str, Any], effect: Callable[[], Any], *, changes: bool = False
    ) -> Any:
        """Make one call: record, let others act, fail or do it, answer or lose the answer.

        Args:
            action: The call, as IAM spells it.
            arguments: What it was given.
            effect: Does it, and returns the answer or raises what the service answers.
            changes: Whether doing it changes anything.
        """
        _check_as_boto3(action, arguments)
        call = Call(len(self.calls) + 1, self.clock.now(), action, arguments, self.caller)
        self.calls.append(call)
        try:
            self.faults.run_hooks(call)
            met = self.faults.next_for(call)
            if met and not met.loses_answer:
                self._deal(met, call)
            answer = effect()
            if by_the_provider():
                used(action, arguments, self.account, self.region)
            call.changed = changes
            if met:
                self._deal(met, call)
        except BaseException as error:
            call.error = code_of(error)
            raise
        return answer

    def _deal(self, planned: Fault, call: Call) -> NoReturn:
        if planned.takes_seconds:
            self.clock.sleep(planned.takes_seconds)
        error = self._exception(planned.deal, call)
        self.faults.dealt[("lost: " if planned.loses_answer else "") + code_of(error)] += 1
        raise error

    def _exception(self, deal: Deal, call: Call) -> BaseException:
        if isinstance(deal, Kind):
            return fault(deal, call.action, call.arguments, self.account, self.region)
        return deal if isinstance(deal, BaseException) else deal(call)


def by_the_provider() -> bool:
    """Whether it is the provider's own code that calls a fake: no test, and nobody who acts before a call."""
    frame = inspect.currentframe()
    while frame and frame.f_globals["__name__"].startswith("tests.fake_"):
        frame = frame.f_back
    return frame is not None and frame.f_globals["__name__"].startswith("stream_encryption.")


def _check_as_boto3(action: str, arguments: Mapping[str, Any]) -> None:
    """Refuse what boto3 refuses before it sends anything: unknown, missing, empty or mistyped parameters."""
    service, _, name = action.partition(":")
    shape = _model(service).operation_model(name).input_shape
    if shape is None:  # pragma: no cover - every call of ours takes something
        raise ParamValidationError(report=f"{action} takes no parameters")
    validate_parameters(arguments, shape)


@cache
def _model(service: str) -> ServiceModel:
    """Read botocore's own description of a service, once."""
    return botocore.session.get_session().get_service_model(service)


def metadata() -> dict[str, Any]:
    """Spell what boto3 adds to every answer."""
    return {
        "RequestId": "00000000-0000-4000-8000-000000000000",
        "HTTPStatusCode": 200,
        "HTTPHeaders": {},
        "RetryAttempts": 0,
    }


def answer(**parts: Any) -> dict[str, Any]:
    """Shape an answer as boto3 does."""
    return {**parts, "ResponseMetadata": metadata()}


class FakeService:
    """A fake client on a wire."""

    def __init__(self, wire: Wire | Clock) -> None:
        """Use another fake's wire, to share its record of calls and its plan of faults, or make one with this clock."""
        self.wire = wire if isinstance(wire, Wire) else Wire(wire)

    @property
    def calls(self) -> Calls:
        """Every call made over this wire."""
        return self.wire.calls

    @property
    def faults(self) -> Faults:
        """What will go wrong on this wire."""
        return self.wire.faults
