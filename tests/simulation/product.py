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

from stream_encryption.app import Parts, handler
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulation.mutants import Mutant

PACKAGE = "stream_encryption"
_SOURCE = Path(__file__).parents[2] / "provider" / PACKAGE


@dataclass(frozen=True)
class Product:
    """The classes and functions that an environment is made of."""

    handler: Callable[[Any], Callable[[Any, Any], Any]] = handler
    parts: Callable[..., Any] = Parts
    settings: Callable[..., Any] = Settings
    telemetry: Callable[..., Any] = Telemetry


@contextmanager
def planted(mutant: Mutant) -> Iterator[Product]:
    """Give a copy of the product with a bug in it.

    Raises:
        ValueError: The code that the bug replaces is not there exactly once.
    """
    with TemporaryDirectory() as folder:
        copy = Path(folder) / PACKAGE
        shutil.copytree(_SOURCE, copy)
        mutant.plant(copy)
        yield _loaded_from(folder)


def _loaded_from(folder: str) -> Product:
    """Import the package from a folder, beside the one that is imported already."""
    known = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == PACKAGE}
    for name in known:
        del sys.modules[name]
    sys.path.insert(0, folder)
    try:
        app, settings, telemetry = (
            importlib.import_module(f"{PACKAGE}.{name}") for name in ("app", "settings", "telemetry")
        )
        return Product(app.handler, app.Parts, settings.Settings, telemetry.Telemetry)
    finally:
        sys.path.remove(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
        sys.modules.update(known)
