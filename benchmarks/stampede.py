"""A hundred stacks' Creates at once, in real time: the real handler in many threads, kinesis-local over HTTP."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from multiprocessing import get_context
from random import Random
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from botocore.config import Config

from benchmarks.report import Goal
from local.engines import Durations, kinesis_version, start_kinesis
from local.place import Place
from local.processes import Household
from stream_encryption.app import Parts, SystemClock, make_handler
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry
from tests.builders import LambdaContext, create_event
from tests.fake_bucket import Bucket
from tests.fake_clock import Clock
from tests.fake_kms import FakeKms
from tests.fake_table import TABLE_NAME, FakeTable
from tests.simulation.wire import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aws_lambda_powertools import Metrics
    from mypy_boto3_kinesis import KinesisClient

NUMBER = 100
"""How many requests are sent at once, where the machine carries that many."""
FEWEST = 10
ROUND_SECONDS = 2.0
"""So many are sent that the server answers a call of each within this time, well below the clients' time-outs."""
RUNS = 3
PROCESSES = 2
CREATING_AT_ONCE = 5
CREATE_SECONDS = 0.05
UPDATE_SECONDS = 2.0
SETTLE_SECONDS = 5.0
PROBE_SECONDS, PROBE_THREADS, PROBE_TIMEOUT_SECONDS = 3.0, 4, 60
TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Batch:
    """What one process saw: when each request was sent and answered, each status, and the calls that it made."""

    sent: Sequence[float]
    answered: Sequence[float]
    statuses: Sequence[str]
    calls: Counter[str]


@dataclass(frozen=True, slots=True)
class Stampede:
    """One stampede, and how many requests a second the server answered just before."""

    batches: Sequence[Batch]
    rate: float

    @property
    def seconds(self) -> float:
        """From the first event to the last answer."""
        sent = min(at for one in self.batches for at in one.sent)
        return max(at for one in self.batches for at in one.answered) - sent

    @property
    def each(self) -> list[float]:
        """How long each request took."""
        return [end - at for one in self.batches for at, end in zip(one.sent, one.answered, strict=True)]

    @property
    def number(self) -> int:
        """How many requests were sent."""
        return len(self.each)

    @property
    def calls(self) -> int:
        """How many calls Kinesis took."""
        return sum(sum(one.calls.values()) for one in self.batches)

    @property
    def least(self) -> float:
        """The least time: all those calls at the server's rate, or one request's own waits, whichever is longer."""
        return max(self.calls / self.rate, UPDATE_SECONDS + SETTLE_SECONDS)

    @property
    def failed(self) -> int:
        """How many were not answered with SUCCESS."""
        return sum(status != "SUCCESS" for one in self.batches for status in one.statuses)


@dataclass(frozen=True, slots=True)
class Stampedes:
    """Several of them."""

    runs: Sequence[Stampede]

    def goal(self) -> Goal:
        """All are answered."""
        failed, sent = sum(one.failed for one in self.runs), sum(one.number for one in self.runs)
        return Goal(
            "Creates at once on kinesis-local are all answered with SUCCESS.", not failed, f"{failed} of {sent} failed."
        )

    @staticmethod
    def versions() -> dict[str, str]:
        """What took part."""
        return {"kinesis-local": kinesis_version()}


def run() -> Stampedes:
    """Start the server, and send the stampedes."""
    place = Place()
    with Household() as household, ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        url = start_kinesis(household, place, Durations(start=UPDATE_SECONDS, create=CREATE_SECONDS))
        return Stampedes([_stampede(pool, place, url, number) for number in range(RUNS)])


def _stampede(pool: ProcessPoolExecutor, place: Place, url: str, number: int) -> Stampede:
    every = [f"stampede-{number}-{index}" for index in range(NUMBER)]
    _make(_kinesis(place, url, PROBE_TIMEOUT_SECONDS), every)
    counts = [pool.submit(_probe, place, url, every[index::PROCESSES][:PROBE_THREADS]) for index in range(PROCESSES)]
    rate = sum(count.result() for count in counts) / PROBE_SECONDS
    names = every[: max(FEWEST, int(rate * ROUND_SECONDS))]
    batches = [names[index::PROCESSES] for index in range(PROCESSES)]
    at = time.time() + 2.0
    creates = [pool.submit(_create, place, url, batch, at) for batch in batches]
    return Stampede([one.result() for one in creates], rate)


def _make(kinesis: KinesisClient, names: Sequence[str]) -> None:
    for start in range(0, len(names), CREATING_AT_ONCE):
        batch = names[start : start + CREATING_AT_ONCE]
        for name in batch:
            kinesis.create_stream(StreamName=name, ShardCount=1)
        time.sleep(3 * CREATE_SECONDS)


def _kinesis(place: Place, url: str, timeout: float = 5) -> KinesisClient:
    """A client like the function's own (provider/stream_encryption/settings.py), for as many threads as there are."""
    config = Config(
        connect_timeout=2, read_timeout=timeout, retries={"total_max_attempts": 1}, max_pool_connections=NUMBER
    )
    client: KinesisClient = place.session().client("kinesis", endpoint_url=url, config=config)
    return client


def _probe(place: Place, url: str, names: Sequence[str]) -> int:
    """Describe these streams, each in a thread of its own, as fast as possible; return how often."""
    kinesis, done = _kinesis(place, url, PROBE_TIMEOUT_SECONDS), Counter[str]()
    end = time.time() + PROBE_SECONDS

    def describe(name: str) -> None:
        while time.time() < end:
            kinesis.describe_stream_summary(StreamName=name)
            done[name] += 1

    _all_at_once(names, describe)
    return done.total()


def _create(place: Place, url: str, names: Sequence[str], at: float) -> Batch:
    """Invoke the handler for a Create of each stream, all at the same time; each as in a Lambda of its own."""
    logging.disable()
    os.environ.update(place.credentials)
    kinesis, kms, calls = _kinesis(place, url), FakeKms(Clock()), Counter[str]()
    kms.add_key("alias/one")
    bucket = Bucket(time.time)
    kinesis.meta.events.register(
        "before-call.kinesis.*", lambda model, **_: calls.update([model.name]), unique_id="count"
    )
    sent, answered, statuses = dict[str, float](), dict[str, float](), dict[str, str]()

    def create(name: str) -> None:
        def send(_url: str, body: bytes) -> int:
            answered[name], statuses[name] = time.time(), json.loads(body)["Status"]
            return 200

        clients = {"kinesis": kinesis, "kms": kms, "dynamodb": FakeTable(Clock())}
        handle = _handler(clients.__getitem__, send, name)
        time.sleep(max(0.0, at - time.time()))
        sent[name] = time.time()
        event = create_event({"StreamName": name, "KeyId": "alias/one"}, StackId=_stack(place, name))
        handle({**event, "ResponseURL": HOST + bucket.issue()}, LambdaContext(Clock(), TIMEOUT_SECONDS))

    with redirect_stdout(StringIO()):
        _all_at_once(names, create)
    return Batch([sent[name] for name in names], [answered[name] for name in names], list(statuses.values()), calls)


def _handler(client: Callable[[str], Any], send: Callable[[str, bytes], int], name: str) -> Callable[[Any, Any], Any]:
    settings = Settings(name, "INFO", "stampede", TABLE_NAME)
    metrics = cast("Metrics", EphemeralMetrics(namespace="stampede", service=name))
    telemetry = Telemetry(Logger(service=name, level="INFO"), metrics)
    return make_handler(Parts(settings, client, SystemClock(), Random(name), telemetry, send))  # noqa: S311 (spreads load)


def _stack(place: Place, name: str) -> str:
    return f"arn:aws:cloudformation:{place.region}:{place.account}:stack/{name}/5b1e9c50-0000-11f1-8000-0a1b2c3d4e5f"


def _all_at_once(names: Sequence[str], work: Callable[[str], None]) -> None:
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
