"""Runs `halls` commands on a database, in this process or in a child process."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from click.testing import CliRunner, Result

from halls.cli.main import main
from tests.conftest import SECRET
from tests.loggers import preserved_logging
from tests.processes import run_program

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


# The settings that production requires, besides MONGO_URI and JWT_SECRET.
PRODUCTION = {
    "HALLS_ENV": "production",
    "SMTP_HOST": "127.0.0.1",
    "SMTP_FROM": "Halls <no-reply@halls.example>",
    "APP_URL": "https://halls.example",
    "PUBLIC_URL": "https://api.halls.example",
}


# The line on standard error that names the database.
DATABASE_LINE = re.compile(rb"^Database: .*\n", re.MULTILINE)


def run_halls(uri: str | None, *arguments: str | Path, typed: str | None = None, **environment: str) -> Result:
    """Run `halls` with `arguments`; the result has its exit code, stdout, and stderr without the database line.

    `typed` is the standard input.
    """
    result = run_halls_fully(uri, *arguments, typed=typed, **environment)
    result.stderr_bytes = DATABASE_LINE.sub(b"", result.stderr_bytes or b"")
    return result


def run_halls_fully(uri: str | None, *arguments: str | Path, typed: str | None = None, **environment: str) -> Result:
    """Run `halls` with `arguments`; the result has its exit code, stdout and stderr."""
    settings = {"MONGO_URI": uri or "", "JWT_SECRET": SECRET, "LOG_LEVEL": "ERROR", "HALLS_ENV": "", **environment}
    # The command logs to a stream that click closes afterwards: later log lines would fail.
    with preserved_logging():
        return CliRunner(env=settings).invoke(main, [str(argument) for argument in arguments], input=typed)


def run_python(uri: str, folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python with `arguments` in `folder`, as a child process, so that it cannot change this process."""
    settings = {"MONGO_URI": uri, "JWT_SECRET": SECRET, "DATA_DIR": str(folder)}
    return run_program([sys.executable, *arguments], folder, **settings)
