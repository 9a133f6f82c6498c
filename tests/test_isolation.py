"""Settings of the developer change no test: neither a `.env` in the working directory nor the shell's variables."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.architecture.source import ROOT, TESTS

if TYPE_CHECKING:
    from pathlib import Path

# Every start of Halls that reads one of these fails.
POISON = {"HALLS_ENV": "nonsense", "PORT": "0", "MONGO_URI": "mongodb://127.0.0.1:1/poison", "WEB_WORKERS": "-1"}
# One test for each way to start Halls: a command in this process, an application, an imported application,
# `halls worker`, a command in a process, `halls serve`.
SELECTION = (
    "mail/test_cli.py::test_a_malformed_id_is_rejected",
    "server/test_startup.py::test_an_application_with_a_reachable_database_is_ready_at_once",
    "server/test_startup.py::test_halls_wsgi_provides_a_ready_application",
    "mail/test_cli.py::test_a_worker_sends_due_emails_until_sigterm",
    "server/test_address.py::test_a_port_in_use_is_reported_before_anything_starts",
    "journeys/test_booking_story.py::test_a_guest_becomes_an_owner_and_a_password_change_ends_all_sessions",
)


def run_tests(folder: Path, **environment: str) -> str:
    """Run the selection with `folder` as working directory; return pytest's summary. Fails if a test fails."""
    options = ["-c", str(ROOT / "pyproject.toml"), "-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider"]
    completed = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(str(TESTS / name) for name in SELECTION)],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},  # noqa: TID251 - for a child
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout
    return completed.stdout.splitlines()[-1]


def test_settings_of_the_developer_do_not_change_a_test(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in POISON.items()))
    assert "passed" in run_tests(tmp_path, **POISON)
