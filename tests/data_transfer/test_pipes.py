"""`halls import` reads a file, a named pipe, a process substitution and standard input alike."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from halls.clock import utc_now
from halls.demo.load import load_demo
from tests.conftest import SECRET
from tests.data_transfer.rows import CELLS, write_csv, write_export, write_lines
from tests.factories import OWNER_EMAIL, VENUE_ID, booking_row, insert_owner, venue_row
from tests.processes import run_program

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from halls.mongo.client import Db

HALLS = f"{shlex.quote(sys.executable)} -m halls.cli"


def run_shell(uri: str, folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    line = command.replace("halls ", f"{HALLS} ")
    return run_program(["bash", "-c", line], folder, MONGO_URI=uri, JWT_SECRET=SECRET, DATA_DIR=str(folder))


@pytest.mark.parametrize(
    "command",
    [
        "halls import <(cat file)",
        "cat file | halls import /dev/stdin",
        "cat file | halls import -",
        "halls import - < file",
        "mkfifo pipe; cat file > pipe & halls import pipe",
    ],
)
@pytest.mark.parametrize("form", ["csv", "lines", "export"])
def test_every_kind_of_pipe_is_read(db: Db, worker_uri: str, tmp_path: Path, command: str, form: str) -> None:
    insert_owner(db, email=OWNER_EMAIL)
    if form == "csv":
        write_csv(tmp_path / "file", CELLS, encoding="utf-16")
    elif form == "lines":
        write_lines(tmp_path / "file", venue_row())
    else:
        booking = booking_row(user_email=OWNER_EMAIL)
        write_export(tmp_path / "file", [venue_row(id=VENUE_ID)], [booking])
    result = run_shell(worker_uri, tmp_path, command)
    bookings = "1 booking" if form == "export" else "0 bookings"
    assert (result.returncode, result.stdout) == (0, f"Imported 1 venue and {bookings}.\n"), result.stderr
    assert db.venues.count_documents({}) == 1


def test_an_export_can_be_piped_into_an_import(db: Db, worker_uri: str, tmp_path: Path) -> None:
    load_demo(db, utc_now())
    result = run_shell(worker_uri, tmp_path, "halls export | halls import -")
    assert result.stdout == (
        "Imported 0 venues and 0 bookings. Already there: 60 venues. Already there: 121 bookings.\n"
    ), result.stderr


@pytest.mark.parametrize("command", ["halls import - < /dev/null", r"printf 'a\377' | halls import -"])
def test_a_pipe_that_cannot_be_read_ends_in_one_sentence(db: Db, worker_uri: str, tmp_path: Path, command: str) -> None:
    result = run_shell(worker_uri, tmp_path, command)
    assert (result.returncode, result.stdout) == (1, "Imported 0 venues and 0 bookings.\n")
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in result.stderr
    assert db.venues.count_documents({}) == 0
