"""How each command runs: what it is given, and how it ends when something goes wrong."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from .account import Account
from .accounts import CONNECT_SECONDS, Accounts
from .change_set_maker import NotRemoved
from .change_sets import ChangeSetFault
from .engine import ProviderError
from .plans import WrongUse
from .reader import NotSeen
from .template.unknown import TemplateFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from .account import Access
    from .pace import Clock

FAILED = 1
"""The exit code where nothing could be told."""
INTERRUPTED = 130
CLOSED_PIPE = 141
"""What a shell reports of a process that SIGINT or SIGPIPE ended."""

FAULTS = (
    BotoCoreError,
    ChangeSetFault,
    ClientError,
    NotRemoved,
    NotSeen,
    OSError,
    ProviderError,
    ResponseParserError,
    UnicodeDecodeError,
    WrongUse,
)
"""Faults that the caller can mend, and so reads in a sentence."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command on its way.

    Attributes:
        name: Its name.
        access: How to reach the account.
        accounts: Gives the account.
        clock: Time.
        file: The file that it reads; empty where it reads none.
    """

    name: str
    access: Access
    accounts: Accounts
    clock: Clock
    file: str = ""

    def at(self, access: Access) -> Command:
        """The same command, for another account or region."""
        return replace(self, access=access)

    def account(self, *, or_nobody: bool = False, offline: bool = False) -> Account:
        """Find the account.

        Args:
            or_nobody: Do without one where there are no credentials.
            offline: Do without one whatever keeps it from being found.
        """
        try:
            return self.accounts.of(self.access)
        except (BotoCoreError, ClientError) as error:
            if offline or (or_nobody and isinstance(error, NoCredentialsError)):
                return Account.without_credentials(self.access)
            raise

    def end(self, work: Callable[[Command], int]) -> int:
        """Do the work, and give the exit code, whatever happens: never a traceback."""
        try:
            code = work(self)
            sys.stdout.flush()
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:  # pragma: no cover - a process of its own tests it: its output is closed then
            # Python flushes once more when it ends: into nothing.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return CLOSED_PIPE
        except TemplateFault as fault:
            where = ":".join(filter(None, (self.file, str(fault.line or ""))))
            return self._failed(f"{where}: {fault}" if where else str(fault))
        except RecursionError:
            return self._failed(f"{self.file}: values are nested too deeply, or refer to each other in a circle")
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            return self._failed(
                f"{error} No answer within {CONNECT_SECONDS:.0f} s: check the region, --endpoint-url and any proxy"
            )
        except FAULTS as error:
            return self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - the last resort: a fault of this command's own
            if os.environ.get("STREAM_ENCRYPTION_DEBUG"):
                traceback.print_exc()
            return self._failed(
                f"a fault of this command itself: {type(error).__name__}: {error} "
                "(STREAM_ENCRYPTION_DEBUG=1 shows where)"
            )
        return code

    def _failed(self, told: str) -> int:
        print(f"{self.name} failed: {told}", file=sys.stderr)
        return FAILED
