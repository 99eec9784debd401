"""One embedded AWS for all the stack tests of a worker, and what must hold after each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.embedded_aws import EmbeddedAws
from local.engines import Durations, UnsupportedMachineError, emulator
from tests.permissions import used

from .stacks import DEPLOYED, Account

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    """The embedded AWS, with the project's own template deployed."""
    try:
        emulator()
    except UnsupportedMachineError as error:
        pytest.skip(str(error))
    durations = Durations(start=0.5, stop=0.4, create=0.1, delete=0.1, reshard=1.0, split=4.0)
    with EmbeddedAws(durations) as embedded:
        embedded.deploy_provider(DEPLOYED)
        embedded.ssm.put_parameter(Name="/taken", Value="by somebody else", Type="String")
        yield embedded
        for one in embedded.tap.calls():
            if not one.error and one.caller != embedded.place.account:  # whose calls are not the function's
                used(f"kinesis:{one.action}", one.request, embedded.place.account, embedded.place.region)


@pytest.fixture
def account(aws: EmbeddedAws) -> Iterator[Account]:
    """What a test does with it; afterwards, each answer was acceptable, and no log line held a ResponseURL."""
    yield Account(aws)
    aws.tap.meddle = lambda _: None
    aws.runtime.asynchronous.forget()
    aws.watch.forget()
    assert aws.responses.violations == []
    secrets = [one.secret for one in aws.responses.exchanges]
    assert not [line for line in aws.log_lines() if any(secret in line for secret in secrets)]
