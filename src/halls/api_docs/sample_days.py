"""Moves the sample dates of the OpenAPI document, so that no sample is in the past."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

# The samples in the schemas are written as on this day.
WRITTEN_ON = "2026-11-22"
# The day of the committed openapi.json, which is the same at each `halls openapi` and never in the past.
COMMITTED_DAY = "2099-01-01"
_SAMPLE = re.compile(r'"(20[0-9]{2}-[0-9]{2}-[0-9]{2})(T[0-9:]+Z)?"')


def move_samples(document: dict[str, Any], today: str) -> dict[str, Any]:
    """Return a copy of the document whose sample dates and timestamps are as far from `today` as from WRITTEN_ON."""
    distance = date.fromisoformat(today) - date.fromisoformat(WRITTEN_ON)

    def move(sample: re.Match[str]) -> str:
        return f'"{date.fromisoformat(sample[1]) + distance}{sample[2] or ""}"'

    moved: dict[str, Any] = json.loads(_SAMPLE.sub(move, json.dumps(document)))
    return moved
