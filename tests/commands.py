"""Runs `halls` commands in this process, on a database that the test names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from click.testing import CliRunner, Result

from halls.cli import main
from tests.conftest import SECRET

if TYPE_CHECKING:
    from pathlib import Path


def run_halls(uri: str | None, *arguments: str | Path, **environment: str) -> Result:
    """Run `halls` with `arguments`; its exit code, stdout and stderr are in the result."""
    settings = {"MONGO_URI": uri or "", "JWT_SECRET": SECRET, "LOG_LEVEL": "ERROR", "HALLS_ENV": "", **environment}
    try:
        return CliRunner(env=settings).invoke(main, [str(argument) for argument in arguments])
    finally:
        # The command's log went to a stream that is closed now.
        structlog.reset_defaults()
