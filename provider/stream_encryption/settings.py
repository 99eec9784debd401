"""The function's environment, read once into a type."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from botocore.config import Config

from .telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that template.yaml makes.

    Attributes:
        service: What logs and metrics call the function.
        log_level: From which level on lines are logged.
        namespace: The CloudWatch namespace of the metrics.
        record_table: The name or ARN of the table that keeps the records.
        state_machine_arn: The state machine that long waits are handed over to; empty: there is none.
        handover_seconds: How long the first invocation waits before it hands over.
        allow_grants: Whether the function's role may make grants, for Producers and Consumers.
    """

    service: str
    log_level: str
    namespace: str
    record_table: str
    state_machine_arn: str = ""
    handover_seconds: float = 60.0
    allow_grants: bool = False

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment's variables."""
        return cls(
            service=os.environ.get("POWERTOOLS_SERVICE_NAME", "kinesis-stream-encryption"),
            log_level=os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO"),
            namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "KinesisStreamEncryption"),
            record_table=os.environ["RECORD_TABLE"],
            state_machine_arn=os.environ.get("STATE_MACHINE_ARN", ""),
            handover_seconds=float(os.environ.get("HANDOVER_SECONDS", "60")),
            allow_grants=os.environ.get("ALLOW_GRANTS") == "true",
        )

    def telemetry(self) -> Telemetry:
        """Logs and metrics."""
        logger = Logger(service=self.service, level=self.log_level)
        return Telemetry(logger, Metrics(namespace=self.namespace, service=self.service))

    @staticmethod
    @cache
    def client(service: str) -> Any:  # noqa: ANN401 (a different type for each service)
        """The boto3 client of a service, made when it is first needed.

        It makes each call once and soon gives up on a silent one: the loop decides when to try again. The record's
        intents rely on these time-outs (record/changes.py).
        """
        config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
        return boto3.client(service, config=config)  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """The settings of the watch's function.

    Attributes:
        service: What logs and metrics call the function.
        log_level: From which level on lines are logged.
        namespace: The CloudWatch namespace of the metrics.
        record_table: The name or ARN of the table that keeps the records.
        state_machine_arn: The state machine that carries mends out.
        rounds_arn: The state machine that goes through the batches of a large round.
        provider_role_arn: The role of the provider's function, whose own calls are no drift.
        minutes: How many minutes pass between two rounds.
    """

    service: str
    log_level: str
    namespace: str
    record_table: str
    state_machine_arn: str
    rounds_arn: str
    provider_role_arn: str
    minutes: int

    @classmethod
    def from_environment(cls) -> WatchSettings:
        """Read the environment's variables."""
        return cls(
            service=os.environ.get("POWERTOOLS_SERVICE_NAME", "kinesis-stream-encryption"),
            log_level=os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO"),
            namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "KinesisStreamEncryption"),
            record_table=os.environ["RECORD_TABLE"],
            state_machine_arn=os.environ["STATE_MACHINE_ARN"],
            rounds_arn=os.environ["ROUNDS_STATE_MACHINE_ARN"],
            provider_role_arn=os.environ["PROVIDER_ROLE_ARN"],
            minutes=int(os.environ.get("WATCH_MINUTES", "0")) or 15,
        )
