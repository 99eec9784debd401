"""`make plan` and `make audit`: the command at work on an account in which something is going on already."""

from __future__ import annotations

import os
import shlex
import subprocess  # nosec B404  # our own module, no shell
import sys

from local.embedded_aws import EmbeddedAws
from local.engines import ROOT, Durations, UnsupportedMachineError

TYPE = "Custom::KinesisStreamEncryption"
MIDDLE_OF_THE_HASH_KEYS = str(2**127)


def main(arguments: list[str]) -> int:
    """Furnish an account, and run the command there; 0 whatever the command's own exit code is, which is shown."""
    try:
        with EmbeddedAws(Durations(start=0.5, stop=0.5, split=120.0)) as aws:
            furnish(aws)
            show(aws, arguments)
            return 0
    except UnsupportedMachineError as error:
        print(error)
        return 2
    except KeyboardInterrupt:
        return 130


def furnish(aws: EmbeddedAws) -> None:
    """Streams in every state that one finds them in, and a stack that encrypts two of them."""
    aws.deploy_provider()
    aws.key("payments", "alias/payments")
    aws.key("everybody's", "alias/platform")
    old = aws.key("disabled long ago", "alias/retired")
    for name in ("clicks", "orders", "page-views", "payments"):
        aws.streams.create(name)
    aws.streams.create("invoices", "alias/platform")
    aws.streams.create("archive", "alias/retired")
    aws.kms.disable_key(KeyId=old)
    properties = {"ServiceToken": aws.service_token, "SettleSeconds": 0}
    payments = {"Type": TYPE, "Properties": {**properties, "StreamName": "payments", "KeyId": "alias/payments"}}
    aws.cloudformation.deploy("payments-encryption", {"Resources": {"Payments": payments}})
    (shard,) = aws.kinesis.list_shards(StreamName="page-views")["Shards"]
    aws.kinesis.split_shard(
        StreamName="page-views", ShardToSplit=shard["ShardId"], NewStartingHashKey=MIDDLE_OF_THE_HASH_KEYS
    )


def show(aws: EmbeddedAws, arguments: list[str]) -> None:
    """Run the command, and show it as a terminal does, with its exit code."""
    print("This looks at the embedded AWS, which was just started here: not at an account of yours.", flush=True)
    print(f"$ kinesis-stream-encryption {shlex.join(arguments)}", flush=True)
    print(f"exit code {run(aws, arguments).returncode}", flush=True)


def run(aws: EmbeddedAws, arguments: list[str], *, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would: by boto3's own variables it finds the embedded AWS."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **aws.place.credentials,
        **aws.endpoints,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONPATH": os.pathsep.join((str(ROOT / "provider"), str(ROOT / "cli"))),
    }
    command = [sys.executable, "-m", "stream_encryption_cli", *arguments]
    return subprocess.run(command, env=environment, check=False, text=True, capture_output=capture)  # nosec B603  # our own module


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
