"""The command in an account that all these templates are planned for."""

import pytest

from tests.cli import Command
from tests.cli_kinds.pieces import DYNAMIC
from tests.provider import Provider


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """The ACTIVE streams orders, payments, page-views and clicks, and the keys alias/orders and alias/payments."""
    provider = Provider()
    for name in ("payments", "page-views", "clicks"):
        provider.kinesis.add_stream(name)
    for alias in ("alias/orders", "alias/payments"):
        provider.kms.add_key(alias)
    command = Command(capsys, provider)
    command.cloudformation.exports |= {"shop-Key": "alias/orders", "shop-Dynamic": DYNAMIC}
    return command
