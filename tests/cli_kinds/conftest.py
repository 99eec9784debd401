"""The command in an account that all these templates are planned for."""

import pytest

from tests.cli import Command, planning
from tests.cli_kinds.pieces import DYNAMIC


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """The ACTIVE streams orders, payments, page-views and clicks, and the keys alias/orders and alias/payments."""
    command = planning(capsys, "payments", "page-views", "clicks")
    command.cloudformation.exports |= {"shop-Key": "alias/orders", "shop-Dynamic": DYNAMIC}
    return command
