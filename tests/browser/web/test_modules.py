"""Functions of the pages that need no page: days in any time zone of the browser, and lowest prices."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.processes import child_environment

FOLDER = Path(__file__).resolve().parent / "modules"
# Both change their clocks, on opposite sides of Karachi.
ZONES = ("America/Los_Angeles", "Pacific/Auckland", "Asia/Karachi")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("module", sorted(path.stem for path in FOLDER.glob("*.mjs") if path.stem != "globals"))
def test_a_module_is_right_in_each_time_zone(module: str, zone: str) -> None:
    command = ["node", str(FOLDER / f"{module}.mjs")]
    options: dict[str, Any] = {"env": child_environment(TZ=zone), "capture_output": True, "text": True, "timeout": 120}
    result = subprocess.run(command, **options, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
