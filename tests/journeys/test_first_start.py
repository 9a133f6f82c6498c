"""Starting Halls as people do: with demonstration data, with nothing set, and wrongly for production."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.api_client import day
from tests.commands import PRODUCTION
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

HALLS = [sys.executable, "-m", "halls.cli"]
SECONDS = 60


def environment(**settings: str) -> dict[str, str]:
    """Return an environment with nothing of Halls' in it but `settings`."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - for a child
    return {**inherited, **settings}


@contextmanager
def demonstration(folder: Path) -> Iterator[str]:
    """Run `halls serve --demo` in an empty folder; yield all that it prints."""
    settings = environment(PORT=str(free_port()), LOG_LEVEL="ERROR")
    with (folder / "complaints").open("wb") as complaints:
        own: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": complaints, "text": True, "start_new_session": True}
        process = subprocess.Popen([*HALLS, "serve", "--demo"], env=settings, cwd=folder, **own)
    assert process.stdout
    try:
        yield _read_until(process.stdout, "Stop with Ctrl-C.")
    finally:
        # As a terminal does it: all of its processes get the signal at once.
        os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=SECONDS)
    assert (process.returncode, rest) == (0, "")
    assert (folder / "complaints").read_text() == ""


def _read_until(lines: Iterable[str], last: str) -> str:
    said = ""
    for line in lines:
        said += line
        if last in line:
            return said
    raise AssertionError(f"the server ended:\n{said}")


def run_in_bash(printed: str, name: str) -> Any:
    """Run the command that was printed under that name, as it stands; return its JSON."""
    (command,) = re.findall(rf"^{name} +(curl .*)$", printed, re.MULTILINE)
    answer = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=SECONDS)
    return json.loads(answer.stdout)


def test_the_three_printed_commands_work_as_they_stand(tmp_path: Path) -> None:
    with demonstration(tmp_path) as printed:
        assert re.search(r"^Halls listens on http://127\.0\.0\.1:\d+$", printed, re.MULTILINE)
        found = run_in_bash(printed, "Search")["data"]["venues"]
        assert 1 <= len(found) <= 3
        assert all(venue["distance_km"] <= 10 and venue["price"] > 0 for venue in found)
        session = run_in_bash(printed, "Log in")["data"]
        assert session["profile"]["email"] == "guest1@halls.example"
        booking = run_in_bash(printed, "Book")["data"]["booking"]
        assert (booking["status"], booking["guests"]) == ("pending", 100)
        assert booking["user_id"] == session["profile"]["id"]
        assert booking["date"] >= day(29)
        assert run_in_bash(printed, "Book")["code"] == "date_taken"


def test_a_server_that_has_counted_nothing_for_a_limit_ends_quietly_too(tmp_path: Path) -> None:
    with demonstration(tmp_path) as printed:
        # When one worker answers, both have come as far as to heed a signal.
        assert run_in_bash(printed, "Search")["ok"]


def test_production_names_all_that_is_missing_in_one_message(tmp_path: Path) -> None:
    settings = environment(HALLS_ENV="production", JWT_SECRET="weak", PORT="99999")
    done = subprocess.run(
        [*HALLS, "serve"], env=settings, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert all(name in done.stderr for name in ("MONGO_URI", "JWT_SECRET", "PORT"))
    assert "Traceback" not in done.stderr
    assert "weak" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_production_has_no_demonstration(tmp_path: Path, fresh_uri: str) -> None:
    required = {"JWT_SECRET": "x" * 32, "MONGO_URI": fresh_uri, **PRODUCTION}
    settings = environment(PORT=str(free_port()), **required)
    done = subprocess.run(
        [*HALLS, "serve", "--demo"],
        env=settings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 1
    assert "--demo" in done.stderr
    assert "Traceback" not in done.stderr
