"""AWS Lambda: environments that are used again, invocations that die, events that are delivered late, twice or again.

Source: AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation": two retries,
one and two minutes later; an event is delivered at least once; what fails for good goes to a failure destination.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from failure_responder import NotDelivered, respond
from tests.builders import FUNCTION_ARN, LambdaContext
from tests.simulation.environments import Environment, Invocation, Outcome
from tests.simulation.processes import Death, Signal
from tests.simulation.watching import request_of_mend

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tests.simulation.world import World

TIMEOUT_SECONDS = 900.0
RETRIES = 2
EVENT_AGE_SECONDS = 3300.0
"""As template.yaml sets them; tests/simulation/test_simulation.py compares them."""
DUEL_SECONDS = 0.1
"""How long the events of a duel take to arrive: both arrive in the same millisecond."""


def _record(event: Mapping[str, Any], condition: str, tries: int, outcome: Outcome) -> dict[str, Any]:
    """Build the record for a failure destination ("Capturing records of Lambda asynchronous invocations")."""
    return {
        "version": "1.0",
        "requestContext": {"requestId": "…", "condition": condition, "approximateInvokeCount": tries},
        "requestPayload": event,
        "responsePayload": {"errorType": outcome.error, "errorMessage": outcome.message},
    }


class LambdaService:
    """Runs the function."""

    def __init__(self, world: World) -> None:
        """Have no environment yet."""
        self._world = world
        self._idle: list[Environment] = []
        self._slots = 0
        self.invocations = 0

    def next_number(self) -> int:
        """Count an invocation, and return its number."""
        self.invocations += 1
        return self.invocations

    def send(self, event: Mapping[str, Any]) -> None:
        """Queue an event: it is delivered at least once."""
        world, random = self._world, self._world.random
        late = random.uniform(60, 900) if world.dice(world.weather.slow) else random.uniform(0.02, 0.5)
        late = DUEL_SECONDS if world.time.now() == world.duel_at else late
        self._queue(event, late)
        if world.dice(world.weather.twice):
            again = random.choice((0.0, random.uniform(0, 30), random.uniform(0, 3600)))
            world.trace(f"Lambda will deliver it once more, in {again:.0f} s")
            self._queue(event, late + again)

    def _queue(self, event: Mapping[str, Any], after: float) -> None:
        born = self._world.time.now()
        self._world.time.spawn("queue", lambda: self._deliver(event, born), after)

    def _deliver(self, event: Mapping[str, Any], born: float) -> None:
        """Invoke the function until it ends without an error; after the last try invoke the failure destination."""
        world, outcome, tries, condition = self._world, Outcome(), 0, "RetriesExhausted"
        while tries <= RETRIES:
            if tries:
                world.time.sleep(60.0 * tries)
            if world.time.now() - born > EVENT_AGE_SECONDS:
                condition = "EventAgeExceeded"
                break
            outcome, tries = self.invoke(event), tries + 1
            if not outcome.error:
                return
        self._tell_destination(_record(event, condition, tries, outcome))

    def _tell_destination(self, record: Mapping[str, Any]) -> None:
        """Invoke the failure destination, as often as any other function."""
        for tries in range(1 + RETRIES):
            self._world.time.sleep(60.0 * tries)
            if not self.failure_responder(record, may_die=tries < RETRIES).error:
                return

    def failure_responder(self, record: Mapping[str, Any], *, may_die: bool = False) -> Outcome:
        """Run the function that responds for requests that were lost. It may die as well, but not at every try."""
        world = self._world
        done: Signal[Outcome] = Signal(world.time)

        def run() -> None:
            if may_die and world.dice(world.weather.die):
                done.send(Outcome(error="Runtime.ExitError"))
                return
            try:
                outcome = respond(record, lambda url, body: world.wire.deliver(url, body, None), world.time.sleep)
            except NotDelivered as error:
                done.send(Outcome(error=type(error).__name__))
            else:
                world.trace(f"  failure responder: {outcome}")
                done.send(Outcome(result=outcome))

        world.time.spawn("failure responder", run, 0.2)
        return done.wait(300.0) or Outcome(error="Sandbox.Timedout")

    def invoke(self, event: Mapping[str, Any], wait_seconds: float = TIMEOUT_SECONDS + 1) -> Outcome:
        """Invoke the function, and wait for its end; called by a process.

        Args:
            event: What to give to it.
            wait_seconds: How long to wait; the invocation goes on after that.
        """
        world = self._world
        mends = request_of_mend(world, event)
        invocation = Invocation(self.next_number(), json.loads(json.dumps(event)), Signal(world.time), mends=mends)
        environment = self._environment()
        environment.invocation = invocation
        process = world.time.spawn(f"invocation {invocation.number}", lambda: self._run(environment, invocation))
        invocation.process = process
        world.time.after(TIMEOUT_SECONDS, lambda: self._time_out(invocation))
        return invocation.done.wait(wait_seconds) or Outcome(error="States.Timeout", message="the task timed out")

    def _environment(self) -> Environment:
        if self._idle:
            return self._idle.pop(self._world.random.randrange(len(self._idle)))
        self._slots += 1
        return Environment(self._world, self._slots)

    def _run(self, environment: Environment, invocation: Invocation) -> None:
        world = self._world
        context = LambdaContext(world.time, TIMEOUT_SECONDS, f"invocation-{invocation.number}")
        try:
            result = environment.handler(invocation.event, context)
            outcome = Outcome(json.loads(json.dumps(result)))
        except Death:
            outcome = Outcome(error="Runtime.ExitError", message="RequestId: … Error: Runtime exited")
        except Exception as error:  # noqa: BLE001 - whatever it is, Lambda reports it
            outcome = Outcome(error=type(error).__name__, message=str(error))
        if invocation.process and invocation.process.dead:
            outcome = Outcome(error="Runtime.ExitError", message="RequestId: … Error: Runtime exited")
        else:
            self._idle.append(environment)
        if outcome.error:
            world.trace(f"{FUNCTION_ARN[-10:]} {invocation.number} ended with {outcome.error}")
        invocation.done.send(outcome)

    def _time_out(self, invocation: Invocation) -> None:
        if invocation.done.value is None and invocation.process:
            self._world.trace(f"invocation {invocation.number} timed out")
            invocation.process.kill()
