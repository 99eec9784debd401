"""What Lambda starts: the doors, with all made already that every request needs.

Until a function asks for its first event it has a whole processor, and with 256 MB a seventh of one from then on: what
is made here is made in a seventh of the time (docs/decisions/packaging.md).
"""

from __future__ import annotations

import gc

gc.disable()  # What is imported stays: to look for garbage in it took a tenth of a cold start.
try:
    from .doors import on_event, prepare

    prepare()
finally:
    gc.freeze()  # The next look would go through all of it.
    gc.enable()

__all__ = ["on_event"]
