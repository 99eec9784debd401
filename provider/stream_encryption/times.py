"""Times as they are written in a tag or a URL. Not read by strptime, whose import is dear when the function starts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re


def epoch_seconds(text: str, form: re.Pattern[str]) -> float | None:
    """Read a time in UTC that has exactly this form of ISO 8601; None if the text is none."""
    try:
        return datetime.fromisoformat(text).timestamp() if form.fullmatch(text) else None
    except ValueError:
        return None
