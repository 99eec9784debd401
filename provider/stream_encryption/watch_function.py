"""What Lambda invokes for the watch: the schedule, the state machine's batches, and CloudTrail's events. Wiring only.

event → watch/rounds.py (which streams) → watch/watcher.py (look, judge, note, tell, have mended)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from .app import SystemClock
from .aws.event_bus import EventBus
from .aws.kinesis import Kinesis
from .aws.kms import KeyLookup
from .reconcile.environment import Clock
from .record.watch_table import WatchTable
from .settings import Settings, WatchSettings
from .watch import trail
from .watch.log import WatchLog
from .watch.look import Sight
from .watch.rounds import Rounds
from .watch.telling import SOURCE, Teller
from .watch.watcher import Watcher
from .workflow.state_machine import StateMachine


@dataclass(frozen=True, slots=True)
class WatchParts:
    """What the watch's function is made of, and a test replaces.

    Attributes:
        settings: The settings that the template makes.
        client: Gives the boto3 client of a service, by its name.
        clock: Time.
        log: Logs and metrics.
    """

    settings: WatchSettings
    client: Callable[[str], Any]
    clock: Clock
    log: WatchLog

    def rounds(self) -> Rounds:
        """The watch of one invocation. Keys are looked up once an invocation, so each has its own."""
        sight = Sight(Kinesis(self.client("kinesis")), KeyLookup(lambda: self.client("kms")), self.clock)
        table = WatchTable(lambda: self.client("dynamodb"), self.settings.record_table, self.clock.now)
        teller = Teller(EventBus(self.client("events"), SOURCE), self.log)
        mends = StateMachine(self.client("stepfunctions"), self.settings.state_machine_arn)
        watcher = Watcher(sight, table, teller, mends, self.log)
        return Rounds(watcher, self._batches, self.settings.minutes)

    def _batches(self) -> StateMachine:
        return StateMachine(self.client("stepfunctions"), self.settings.rounds_arn)


def make_handler(parts: WatchParts) -> Callable[[Mapping[str, Any], Any], None]:
    """Connect the parts; Lambda calls the result with each event."""

    def handle(event: Mapping[str, Any], _context: Any) -> None:  # noqa: ANN401 (Lambda's context)
        """Look at every stream, at a batch of them, or into a call by others."""
        rounds = parts.rounds()
        if event.get("detail-type") == trail.DETAIL_TYPE:
            trailed = trail.read(event, parts.settings.provider_role_arn)
            if trailed:
                rounds.call(trailed)
        elif event.get("Watch") == "Batch":
            rounds.batch(event)
        else:
            rounds.all()

    return handle


def on_watch(event: Mapping[str, Any], context: Any) -> None:  # noqa: ANN401 (Lambda's context)
    """Watch, as the schedule, the state machine or an event of CloudTrail asks."""
    _cached_handler()(event, context)


@cache
def _cached_handler() -> Callable[[Mapping[str, Any], Any], None]:
    settings = WatchSettings.from_environment()
    logger = Logger(service=settings.service, level=settings.log_level)
    log = WatchLog(logger, Metrics(namespace=settings.namespace, service=settings.service))
    return make_handler(WatchParts(settings, Settings.client, SystemClock(), log))
