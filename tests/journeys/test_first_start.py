"""First starts of Halls: with demo data, without settings, and with invalid production settings."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.commands import PRODUCTION
from tests.conftest import SECRET
from tests.factories import day
from tests.processes import child_environment, run_program
from tests.servers import HALLS, free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SECONDS = 60


@contextmanager
def demo_server(folder: Path) -> Iterator[str]:
    """Run `halls serve --demo` in an empty folder; yield its output until the last line of the first steps."""
    settings = child_environment(PORT=str(free_port()), LOG_LEVEL="ERROR")
    with (folder / "errors").open("wb") as errors:
        options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": errors, "text": True, "start_new_session": True}
        process = subprocess.Popen([*HALLS, "serve", "--demo"], env=settings, cwd=folder, **options)
    assert process.stdout
    try:
        yield _read_until(process.stdout, "Stop with Ctrl-C.")
    finally:
        # A terminal sends Ctrl-C to the whole process group.
        os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=SECONDS)
    assert (process.returncode, rest) == (0, "")
    assert (folder / "errors").read_text() == ""


def _read_until(lines: Iterable[str], last: str) -> str:
    output = ""
    for line in lines:
        output += line
        if last in line:
            return output
    raise AssertionError(f"the server ended:\n{output}")


def run_in_bash(printed: str, name: str) -> Any:
    """Run the printed curl command with this name unchanged; return its JSON."""
    (command,) = re.findall(rf"^{name} +(curl .*)$", printed, re.MULTILINE)
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=SECONDS)
    return json.loads(result.stdout)


def test_the_three_printed_commands_work_unchanged(tmp_path: Path) -> None:
    with demo_server(tmp_path) as printed:
        assert re.search(r"^Halls listens on http://127\.0\.0\.1:\d+$", printed, re.MULTILINE)
        venues = run_in_bash(printed, "Search")["data"]["venues"]
        assert 1 <= len(venues) <= 3
        assert all(venue["distance_km"] <= 10 and venue["price"] > 0 for venue in venues)
        session = run_in_bash(printed, "Log in")["data"]
        assert session["profile"]["email"] == "guest1@halls.example"
        booking = run_in_bash(printed, "Book")["data"]["booking"]
        assert (booking["status"], booking["guests"]) == ("pending", 100)
        assert booking["user_id"] == session["profile"]["id"]
        assert booking["date"] >= day(29)
        assert run_in_bash(printed, "Book")["code"] == "date_taken"


def test_a_server_without_rate_limit_counts_stops_without_output(tmp_path: Path) -> None:
    with demo_server(tmp_path) as printed:
        # After a response of one worker, both workers have installed their signal handlers.
        assert run_in_bash(printed, "Search")["ok"]


def test_production_names_all_invalid_settings_in_one_message(tmp_path: Path) -> None:
    result = run_program([*HALLS, "serve"], tmp_path, HALLS_ENV="production", JWT_SECRET="weak", PORT="99999")
    assert result.returncode == 1
    assert result.stdout == ""
    assert all(name in result.stderr for name in ("MONGO_URI", "JWT_SECRET", "PORT"))
    assert "Traceback" not in result.stderr
    assert "weak" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_production_rejects_the_demo_option(tmp_path: Path, fresh_uri: str) -> None:
    required = {"JWT_SECRET": SECRET, "MONGO_URI": fresh_uri, **PRODUCTION}
    result = run_program([*HALLS, "serve", "--demo"], tmp_path, PORT=str(free_port()), **required)
    assert result.returncode == 1
    assert "--demo" in result.stderr
    assert "Traceback" not in result.stderr
