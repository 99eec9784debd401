"""A planted bug."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """A bug: in one file of the product `bug` takes the place of `code`.

    Attributes:
        name: What goes wrong.
        file: The file, from the package's folder.
        code: The code, which is there once.
        bug: What takes its place.
        witness: A world in which it is found: a seed; the name of a lifecycle, which is played without any fault; or
            a lifecycle, the number of a call, and the fault that is dealt to it.
    """

    name: str
    file: str
    code: str
    bug: str
    witness: int | str | tuple[str, int, str]

    def plant(self, package: Path) -> None:
        """Put the bug into a copy of the product.

        Raises:
            ValueError: The code is not there exactly once.
        """
        path = package / self.file
        text = path.read_text()
        if text.count(self.code) != 1:
            message = f"{self.name}: {self.file} has its code {text.count(self.code)} times: {self.code!r}"
            raise ValueError(message)
        path.write_text(text.replace(self.code, self.bug))
