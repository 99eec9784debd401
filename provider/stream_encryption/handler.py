"""Lambda's entry module: imports the app, and makes what every request needs before the first one comes.

Until a function asks for its first event it has a whole processor, and with 256 MB a seventh of one from then on
(docs/decisions.md).
"""

from __future__ import annotations

import gc

gc.disable()  # Imported modules stay: to look for garbage in them took a tenth of a cold start.
try:
    from .app import on_event, prepare

    prepare()
finally:
    gc.freeze()  # The next look would go through all of it.
    gc.enable()

__all__ = ["on_event"]
