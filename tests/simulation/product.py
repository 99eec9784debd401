"""The product under simulation: its real code by its real doors; or a copy of it, with a bug planted."""

from __future__ import annotations

import importlib
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from stream_encryption.doors import door
from stream_encryption.settings import Settings
from stream_encryption.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulation.mutants import Mutant

PACKAGE = "stream_encryption"
_SOURCE = Path(__file__).parents[2] / "provider" / PACKAGE


@dataclass(frozen=True)
class Product:
    """What an environment is made of."""

    door: Callable[..., Callable[[Any, Any], Any]] = door
    settings: Callable[..., Any] = Settings
    telemetry: Callable[..., Any] = Telemetry


@contextmanager
def planted(mutant: Mutant) -> Iterator[Product]:
    """Give the product with a bug in it.

    Raises:
        ValueError: The code that the bug replaces is not there any more, or not once.
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
        modules = [importlib.import_module(f"{PACKAGE}.{name}") for name in ("doors", "settings", "telemetry")]
        return Product(modules[0].door, modules[1].Settings, modules[2].Telemetry)
    finally:
        sys.path.remove(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
        sys.modules.update(known)
