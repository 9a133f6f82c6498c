"""Every command names its database; commands that only read create neither a database nor a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from halls.mongo.client import connect
from tests.commands import run_halls, run_halls_fully
from tests.conftest import uri_of
from tests.processes import run_program
from tests.servers import HALLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db

READERS = ("check", "export", "mail")
UNREACHABLE_URI = "mongodb://user:secret@127.0.0.1:1/other?serverSelectionTimeoutMS=100"


@pytest.fixture
def name(db: Db, worker_uri: str) -> str:
    """The name and the address of the database, as commands print it."""
    return f"{db.name} at {worker_uri.partition('@')[2].partition('/')[0]}"


@pytest.fixture
def empty_uri(mongo_uri: str) -> Iterator[str]:
    """The URI of a database that does not exist, and does not exist after the test."""
    uri = uri_of(mongo_uri, "mistyped")
    yield uri
    db = connect(uri)
    assert db.name not in db.client.list_database_names()
    db.client.close()


@pytest.mark.parametrize("command", ["check", "export", "indexes", "reindex", "mail", "demo"])
def test_each_command_names_its_database_on_stderr(worker_uri: str, name: str, command: str) -> None:
    result = run_halls_fully(worker_uri, command)
    assert (result.exit_code, result.stderr) == (0, f"Database: {name}\n")
    assert name not in result.stdout


def test_import_names_its_database_on_stderr(worker_uri: str, name: str, tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    file.write_text("[]")
    assert f"Database: {name}\n" in run_halls_fully(worker_uri, "import", file).stderr


@pytest.mark.parametrize("command", ["check", "indexes", "mail", "reindex", "export", "demo"])
def test_an_unreachable_database_is_named_without_password(command: str) -> None:
    result = run_halls_fully(UNREACHABLE_URI, command)
    assert result.exit_code == 1
    assert result.stderr.startswith("Database: other at 127.0.0.1:1\nError: The database does not answer")
    assert "secret" not in result.output


def test_without_a_database_a_reading_command_says_what_to_set(tmp_path: Path) -> None:
    result = run_halls(None, "check", DATA_DIR=str(tmp_path / "none"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "MONGO_URI is not set" in result.stderr


@pytest.mark.parametrize("options", [("--help",), ("check", "--help"), ("check",), ("export",), ("mail",)], ids=str)
def test_without_a_database_reading_creates_no_folder(tmp_path: Path, options: tuple[str, ...]) -> None:
    completed = run_program([*HALLS, *options], tmp_path)
    assert list(tmp_path.iterdir()) == []
    if "--help" in options:
        assert completed.returncode == 0
        return
    assert (completed.returncode, completed.stdout) == (1, "")
    assert completed.stderr == (
        "Error: Halls has no database here: MONGO_URI is not set, and .data/mongo/data does not exist. Set MONGO_URI, "
        "or run the command in the folder of the server, or set DATA_DIR to its data folder.\n"
    )


@pytest.mark.parametrize("command", READERS)
def test_a_mistyped_name_of_the_database_is_reported(empty_uri: str, command: str) -> None:
    result = run_halls(empty_uri, command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: The database mistyped does not exist at this address, or has no collection of Halls. "
        "Check the name in MONGO_URI. `halls serve` creates a new database.\n"
    )


def test_a_failed_export_creates_no_file(empty_uri: str, tmp_path: Path) -> None:
    assert run_halls(empty_uri, "export", "--output", tmp_path / "all.json").exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_the_embedded_database_is_named_with_its_folder(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    assert f" (the embedded MongoDB in {folder})\n" in run_halls_fully(None, "indexes", DATA_DIR=folder).stderr
    assert json.loads(run_halls(None, "check", "--json", DATA_DIR=folder, JWT_SECRET="").stdout)["ok"]
    assert not (tmp_path / "data" / "jwt_secret").exists()
