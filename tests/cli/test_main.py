"""The `halls` command: the output, the errors and the exit codes of its subcommands."""

from __future__ import annotations

import json
import re
import runpy
import sys
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bson import ObjectId
from pymongo.errors import OperationFailure

from halls.app import COLLECTIONS
from halls.cli import check, main
from halls.clock import utc_now
from halls.mongo.client import connect
from halls.outbox.store import enqueue
from halls.search import reindex
from halls.search.index import COLLECTION
from halls.server import cli as server_cli
from halls.server import first_steps
from tests.architecture.source import ROOT
from tests.commands import PRODUCTION, run_halls
from tests.data_transfer.rows import write_lines
from tests.factories import insert_user, insert_venue, venue_row
from tests.servers import running_server

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db

UNREACHABLE_URI = "mongodb://127.0.0.1:1/halls?serverSelectionTimeoutMS=200"
COMMANDS = sorted(main.main.commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_text(command: str) -> None:
    group_help, command_help = run_halls(None, "--help"), run_halls(None, command, "--help")
    assert f"  {command} " in group_help.stdout
    assert (command_help.exit_code, command_help.stdout.startswith("Usage: ")) == (0, True)
    assert "Exit codes: 0 " in command_help.stdout


@pytest.mark.parametrize(
    "arguments", [["dance"], ["import"], ["import", "/no/such/file"], ["import", "/"], ["check", "--loud"]], ids=str
)
def test_a_usage_error_exits_with_2(arguments: list[str]) -> None:
    result = run_halls(UNREACHABLE_URI, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: " in result.stderr


@pytest.mark.parametrize("command", ["demo", "indexes", "check", "reindex", "export"])
def test_an_unreachable_database_is_reported_in_one_sentence(command: str) -> None:
    result = run_halls(UNREACHABLE_URI, command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: The database does not answer (ServerSelectionTimeoutError). "
        "Check that MongoDB runs there, and MONGO_URI.\n"
    )


def test_the_openapi_document_is_written_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_halls(None, "openapi").exit_code == 0
    assert (tmp_path / "openapi.json").read_text() == (ROOT / "openapi.json").read_text()


def test_an_invalid_setting_is_reported_by_name() -> None:
    result = run_halls("http://nowhere", "check")
    assert result.exit_code == 1
    assert "MONGO_URI: " in result.stderr


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("code", "words"), [(18, "rejects the user name"), (8000, "rejects"), (13, "too few rights")])
def test_a_rejected_login_is_reported_in_one_sentence(
    worker_uri: str, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def fail(*_: object) -> None:
        raise OperationFailure("a secret of the driver", code)

    monkeypatch.setattr(check, "find_violations", fail)
    result = run_halls(worker_uri, "check")
    assert result.exit_code == 1
    assert words in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.usefixtures("db")
def test_an_unexpected_error_is_not_hidden(worker_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error = OperationFailure("no such command", 59)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(check, "find_violations", fail)
    assert run_halls(worker_uri, "check").exception is error


@pytest.mark.parametrize("flags", [[], ["--demo"]], ids=str)
def test_serve_gets_the_callbacks_for_its_flags(
    worker_uri: str, monkeypatch: pytest.MonkeyPatch, flags: list[str]
) -> None:
    served: list[Any] = []
    monkeypatch.setattr(server_cli, "serve", lambda *arguments: served.append(arguments))
    assert run_halls(worker_uri, "serve", *flags).exit_code == 0
    ((config, before, when_ready),) = served
    assert config.mongo_uri == worker_uri
    if flags:
        assert (before, when_ready) == (first_steps.load_demo_if_empty, first_steps.print_first_steps)
    else:
        assert (before(config), when_ready) == (None, first_steps.print_address)


def test_indexes_are_created_and_listed_by_collection(fresh_uri: str) -> None:
    result = run_halls(fresh_uri, "indexes")
    db = connect(fresh_uri)
    index_names = {spec.name: sorted(_index_names(db, spec.name)) for spec in COLLECTIONS}
    db.client.close()
    header, *rows = [re.split(r" {2,}", line.rstrip()) for line in result.stdout.splitlines()]
    assert header == ["collection", "index", "keys", "unique", "filter"]
    assert [row[:2] for row in rows] == [[name, index] for name, names in index_names.items() for index in names]
    assert ["bookings", "_id_", "_id 1", "yes"] in rows
    assert ["venues", "venues_of_owner", "owner_id 1, _id -1", "no"] in rows
    (booking,) = [row for row in rows if row[1] == "one_active_booking_per_date"]
    assert booking[2:4] == ["venue_id 1, date 1", "yes"]
    assert json.loads(booking[4])["status"]
    stored = json.loads(run_halls(fresh_uri, "indexes", "--json").stdout)
    assert {name: [index["name"] for index in indexes] for name, indexes in stored.items()} == index_names
    (index,) = [index for index in stored["bookings"] if index["name"] == "one_active_booking_per_date"]
    assert (index["keys"], index["unique"]) == ({"venue_id": 1, "date": 1}, True)
    assert index["filter"] == json.loads(booking[4])


def _index_names(db: Db, collection: str) -> list[str]:
    return list(db[collection].index_information())


def test_demonstration_data_is_loaded_only_into_an_empty_database(db: Db, worker_uri: str) -> None:
    result = run_halls(worker_uri, "demo")
    assert (result.exit_code, result.stdout) == (0, "Loaded demonstration data.\n")
    again = run_halls(worker_uri, "demo")
    assert (again.exit_code, again.stderr) == (1, "Error: The database is not empty. Nothing was changed.\n")
    assert db.users.count_documents({}) == 7


def test_demonstration_data_is_not_loaded_in_production(db: Db, worker_uri: str) -> None:
    result = run_halls(worker_uri, "demo", **PRODUCTION)
    assert result.exit_code == 1
    assert "not in production" in result.stderr
    assert db.users.count_documents({}) == 0


@pytest.mark.parametrize(("raw", "error"), [(b"", "The file is empty."), (b"\xff", "Line 1 is not in UTF-8.")])
def test_an_unreadable_file_is_not_imported(worker_uri: str, tmp_path: Path, raw: bytes, error: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(raw)
    result = run_halls(worker_uri, "import", file)
    assert result.exit_code == 1
    assert result.stdout == "Imported 0 venues and 0 bookings.\n"
    assert result.stderr.startswith(f"Error: {error}")


def test_the_embedded_database_serves_every_command_also_while_a_server_runs(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert run_halls(None, "demo", DATA_DIR=str(folder)).stdout == "Loaded demonstration data.\n"
    file = write_lines(tmp_path / "file", venue_row(owner_email="owner1@halls.example"))
    with running_server(mongo_uri=None, folder=folder):
        result = run_halls(None, "import", file, DATA_DIR=str(folder))
        assert (result.exit_code, result.stderr) == (0, "")
        checked = run_halls(None, "check", DATA_DIR=str(folder))
    assert "61 venues" in checked.stdout
    assert run_halls(None, "export", DATA_DIR=str(folder)).stdout.count('"owner_email"') == 61


def test_documents_that_violate_a_unique_index_are_named(fresh_uri: str) -> None:
    db = connect(fresh_uri)
    ids = [str(insert_user(db, email=email)["_id"]) for email in ("ali@example.com", "ALI@example.com")]
    db.client.close()
    result = run_halls(fresh_uri, "indexes")
    assert result.exit_code == 1
    assert all(account_id in result.stderr for account_id in ids)
    assert "`halls check`" in result.stderr


def test_help_lists_each_command_once_and_explains_exit_codes() -> None:
    text = run_halls(None, "--help").stdout
    assert sorted(command.name or "" for commands in main.SECTIONS.values() for command in commands) == COMMANDS
    assert all(text.count(f"\n  {name} ") == 1 for name in COMMANDS)
    assert "Exit codes: 0 " in text


def test_check_reports_a_stale_search_index_and_reindex_repairs_it(fresh_uri: str) -> None:
    assert run_halls(fresh_uri, "indexes").exit_code == 0
    db = connect(fresh_uri)
    owner_id = insert_user(db, is_venue_owner=True)["_id"]
    venue_ids = [str(insert_venue(db, owner_id)["_id"]) for _ in range(2)]
    checked = run_halls(fresh_uri, "check")
    violation = "catalog_true: 2 × Search shows something else than is stored: run `halls reindex`."
    assert (checked.exit_code, checked.stdout.splitlines()[0]) == (1, violation)
    assert sorted(line.strip() for line in checked.stdout.splitlines()[1:3]) == sorted(venue_ids)
    report = json.loads(run_halls(fresh_uri, "check", "--json").stdout)
    assert list(report["violations"]) == ["catalog_true"]
    assert report["checked"]["search_entries"] == 0
    result = run_halls(fresh_uri, "reindex")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Indexed 2 venues.\n", "")
    assert run_halls(fresh_uri, "check").exit_code == 0
    db.client.close()


def test_reindex_prepares_a_new_database_and_reports_as_json(fresh_uri: str) -> None:
    assert json.loads(run_halls(fresh_uri, "reindex", "--json").stdout) == {"venues": 0}
    db = connect(fresh_uri)
    insert_venue(db, ObjectId())
    assert json.loads(run_halls(fresh_uri, "reindex", "--json").stdout) == {"venues": 1}
    assert "search_by_place" in _index_names(db, "search_entries")
    assert db.search_entries.count_documents({}) == 1
    db.client.close()


def test_reindex_of_existing_venues_builds_the_mongodb_indexes(fresh_uri: str) -> None:
    db = connect(fresh_uri)
    insert_venue(db, ObjectId())
    assert run_halls(fresh_uri, "reindex").exit_code == 0
    assert len(db[COLLECTION.name].index_information()) == len(COLLECTION.indexes) + 1
    db.client.close()


def test_collections_of_older_versions_are_dropped_once_the_index_is_filled(
    fresh_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "OLD_COLLECTIONS", ("old_entries", "old_state", "never_there"))
    db = connect(fresh_uri)
    insert_venue(db, ObjectId())
    for name in ("old_entries", "old_state", "others"):
        db[name].insert_one({})
    result = run_halls(fresh_uri, "reindex", "--drop-old")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The search index of this version is not filled yet. Nothing was dropped." in result.stderr
    assert {"old_entries", "old_state"} <= set(db.list_collection_names())
    assert run_halls(fresh_uri, "reindex").exit_code == 0
    assert run_halls(fresh_uri, "reindex", "--drop-old").stdout == "Dropped old_entries, old_state.\n"
    assert {"old_entries", "old_state", "others"} & set(db.list_collection_names()) == {"others"}
    assert run_halls(fresh_uri, "reindex", "--drop-old").stdout == "There are no collections of older versions.\n"
    assert json.loads(run_halls(fresh_uri, "reindex", "--drop-old", "--json").stdout) == {"dropped": []}
    db.client.close()


def test_reindex_is_listed_with_the_data_commands() -> None:
    text = run_halls(None, "--help").stdout
    assert text.index("\nData:") < text.index("\n  reindex ") < text.index("\nFor developers:")


def test_import_reports_as_json(db: Db, worker_uri: str, tmp_path: Path) -> None:
    insert_user(db, email="owner@example.com", is_venue_owner=True)
    file = write_lines(tmp_path / "file", venue_row(owner_email="owner@example.com"), {})
    result = run_halls(worker_uri, "import", "--json", "--skip-bad", file)
    report = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (1, "")
    assert report["imported"] == {"venues": 1, "bookings": 0}
    assert report["fault_count"] == len(report["faults"]) > 0
    assert all(fault.startswith("line 2, ") for fault in report["faults"])


def test_waiting_emails_are_listed_as_a_table_or_as_json(db: Db, worker_uri: str) -> None:
    assert run_halls(worker_uri, "mail").stdout == "0 due, 0 scheduled, 0 dead\n"
    assert json.loads(run_halls(worker_uri, "mail", "--json", "--requeue").stdout) == {"requeued": 0}
    enqueue(db, "password_reset", {}, utc_now())
    header, row, summary = run_halls(worker_uri, "mail").stdout.splitlines()
    assert header.split() == ["id", "kind", "status", "tries", "due_at", "reason"]
    (email,) = json.loads(run_halls(worker_uri, "mail", "--json").stdout)
    assert row.split()[:2] == [email["id"], email["kind"]]
    assert summary == "1 due, 0 scheduled, 0 dead"


@pytest.mark.usefixtures("db")
def test_log_lines_do_not_appear_in_the_output_of_a_command(worker_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "configure_logging", lambda _: structlog.get_logger().info("said"))
    result = run_halls(worker_uri, "mail", "--json")
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_the_command_also_runs_as_a_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["halls", "--version"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("halls.cli", run_name="__main__")
    assert "version" in capsys.readouterr().out
