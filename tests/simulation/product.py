"""The product under simulation: its real code by its real entry point; or a copy of it with a planted bug."""

from __future__ import annotations

import importlib
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from stream_encryption.app import Parts, make_handler
from stream_encryption.record.item import from_item
from stream_encryption.settings import Settings, WatchSettings
from stream_encryption.telemetry import Telemetry
from stream_encryption.watch.log import WatchLog
from stream_encryption.watch_function import WatchParts
from stream_encryption.watch_function import make_handler as make_watch_handler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from stream_encryption.record.values import Record
    from tests.simulation.mutant import Mutant

PACKAGE = "stream_encryption"
_SOURCE = Path(__file__).parents[2] / "provider" / PACKAGE


@dataclass(frozen=True)
class Product:
    """The classes and functions that the simulation uses of the product."""

    handler: Callable[[Any], Callable[[Any, Any], Any]] = make_handler
    parts: Callable[..., Any] = Parts
    settings: Callable[..., Any] = Settings
    telemetry: Callable[..., Any] = Telemetry
    from_item: Callable[[Mapping[str, Any]], Record] = from_item
    watch: Callable[[Any], Callable[[Any, Any], Any]] = make_watch_handler
    watch_parts: Callable[..., Any] = WatchParts
    watch_settings: Callable[..., Any] = WatchSettings
    watch_log: Callable[..., Any] = WatchLog


@contextmanager
def planted(mutant: Mutant) -> Iterator[Product]:
    """Give a copy of the product with a bug in it. Within the context, imports of the package find the copy.

    Raises:
        ValueError: The code that the bug replaces is not there exactly once.
    """
    with TemporaryDirectory() as folder:
        copy = Path(folder) / PACKAGE
        shutil.copytree(_SOURCE, copy)
        mutant.plant(copy)
        original = _take_modules()
        sys.path.insert(0, folder)
        try:
            yield _imported()
        finally:
            sys.path.remove(folder)
            _take_modules()
            sys.modules.update(original)


def _imported() -> Product:
    names = ("app", "settings", "telemetry", "record.item", "watch_function", "watch.log")
    app, settings, telemetry, item, watch, log = (importlib.import_module(f"{PACKAGE}.{name}") for name in names)
    requests = (app.make_handler, app.Parts, settings.Settings, telemetry.Telemetry, item.from_item)
    return Product(*requests, watch.make_handler, watch.WatchParts, settings.WatchSettings, log.WatchLog)


def _take_modules() -> dict[str, ModuleType]:
    """Remove the package's modules from those that are imported, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] == PACKAGE]
    return {name: sys.modules.pop(name) for name in names}
