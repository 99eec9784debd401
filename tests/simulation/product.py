"""The product under simulation: its real code by its real doors; or a copy of it, with a bug planted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stream_encryption.handler import door
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Product:
    """What an environment is made of."""

    door: Callable[..., Callable[[Any, Any], Any]] = door
    settings: Callable[..., Any] = Settings
    telemetry: Callable[..., Any] = Telemetry
