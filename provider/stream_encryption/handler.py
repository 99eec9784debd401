"""The module that Lambda loads: it exports `on_event`, and creates the clients during Lambda's start.

During its start a function has a whole processor; afterwards, with 256 MB, it has a seventh of one.
"""

from __future__ import annotations

import gc

gc.disable()  # Imported modules are never garbage; collecting among them took a tenth of a cold start.
try:
    from .app import on_event, prepare

    prepare()
finally:
    gc.freeze()  # Later collections skip the imported modules.
    gc.enable()

__all__ = ["on_event"]
