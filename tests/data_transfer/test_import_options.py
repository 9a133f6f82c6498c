"""`halls import` with --dry-run, --create-owners and --template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import run_halls
from tests.data_transfer.rows import lines_of, write_export, write_lines
from tests.factories import (
    GUEST_EMAIL,
    OTHER_ID,
    OWNER_EMAIL,
    VENUE_ID,
    booking_row,
    day,
    insert_owner,
    insert_user,
    venue_row,
)

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db


@pytest.fixture
def file(db: Db, tmp_path: Path) -> Path:
    """The path of a file to write. Accounts of its owner and guest exist."""
    insert_owner(db, email=OWNER_EMAIL)
    insert_user(db, email=GUEST_EMAIL)
    return tmp_path / "file"


@pytest.mark.parametrize("run_import", ["--dry-run", ""])
def test_a_dry_run_reports_the_same_and_changes_nothing(db: Db, worker_uri: str, file: Path, run_import: str) -> None:
    run_halls(worker_uri, "import", write_lines(file, venue_row(), venue_row(venue_name="Same")))
    before = {name: list(db[name].find()) for name in ("venues", "bookings", "users", "search_entries")}
    rows = [venue_row(capacity=7), venue_row(id=VENUE_ID, venue_name="New"), venue_row(venue_name="Same")]
    write_export(file, [*rows, venue_row(owner_email="new@example.com")], [booking_row(date=day(1))])
    options = ["--update", "--create-owners", *[run_import] * bool(run_import)]
    report = json.loads(run_halls(worker_uri, "import", "--json", *options, file).stdout)
    counted = {name: report[name] for name in ("imported", "updated", "already_there", "accounts_made", "fault_count")}
    assert counted == {
        "imported": {"venues": 2, "bookings": 1},
        "updated": 1,
        "already_there": {"venues": 1, "bookings": 0},
        "accounts_made": 1,
        "fault_count": 0,
    }
    assert report["dry_run"] is bool(run_import)
    assert ({name: list(db[name].find()) for name in before} == before) is bool(run_import)


def test_a_dry_run_says_what_it_would_do(worker_uri: str, file: Path) -> None:
    write_lines(file, venue_row(), venue_row(owner_email="new@example.com"))
    result = run_halls(worker_uri, "import", "--dry-run", "--create-owners", file)
    assert result.stdout == "Would import 2 venues and 0 bookings. Would make 1 account. Nothing was changed.\n"
    run_halls(worker_uri, "import", write_lines(file, venue_row()))
    result = run_halls(worker_uri, "import", "--dry-run", "--update", write_lines(file, venue_row(capacity=7)))
    assert result.stdout == "Would import 0 venues and 0 bookings. Would update 1 venue. Nothing was changed.\n"
    result = run_halls(worker_uri, "import", "--dry-run", write_lines(file, venue_row(venue_name="A"), {}))
    assert (result.exit_code, result.stdout) == (1, "Would import 0 venues and 0 bookings. Nothing was changed.\n")


@pytest.mark.parametrize("options", [["--dry-run"], ["--dry-run", "--skip-bad"]], ids=str)
def test_a_dry_run_creates_no_collections(fresh_uri: str, db: Db, tmp_path: Path, options: list[str]) -> None:
    rows = [venue_row(id=VENUE_ID)]
    file = write_export(tmp_path / "file", rows, [booking_row(user_email=None, user_id=OTHER_ID)])
    result = run_halls(fresh_uri, "import", "--create-owners", *options, file)
    assert result.stdout.startswith("Would import 1 venue and 1 booking."), result.stderr
    assert db.client[fresh_uri.rpartition("/")[2].partition("?")[0]].list_collection_names() == []


@pytest.mark.parametrize("options", [[], ["--skip-bad"]], ids=str)
def test_accounts_are_made_for_unknown_owners_of_valid_rows(
    db: Db, worker_uri: str, file: Path, options: list[str]
) -> None:
    rows = [venue_row(venue_name=f"V{n}", owner_email="NEW@example.com") for n in range(60)]
    bad = venue_row(owner_email="unused@example.com", capacity=0)
    write_lines(file, *rows, *[bad] * len(options))
    result = run_halls(worker_uri, "import", "--create-owners", *options, file)
    assert result.stdout == "Imported 60 venues and 0 bookings. Made 1 account.\n"
    assert db.users.count_documents({}) == 3
    owner = db.users.find_one({"email": "new@example.com"})
    assert owner
    assert (owner["is_venue_owner"], owner["role"], owner["password_hash"]) == (True, "owner", None)
    assert db.venues.distinct("owner_id") == [owner["_id"]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"owner_email": "no address"}, "owner_email: must be an e-mail address such as ali@example.com"),
        ({"owner_email": GUEST_EMAIL}, "owner_email: No account of a venue owner has this address."),
    ],
)
def test_an_account_is_not_made_for_an_invalid_address_or_a_guest(
    db: Db, worker_uri: str, file: Path, fields: dict[str, str], message: str
) -> None:
    result = run_halls(worker_uri, "import", "--create-owners", write_lines(file, venue_row(**fields)))
    assert lines_of(result.stderr) == [f"line 1, record 1, {message}"]
    assert db.users.count_documents({}) == 2


def test_the_template_can_be_imported(db: Db, worker_uri: str, file: Path) -> None:
    template = run_halls("mongodb://127.0.0.1:1/", "import", "--template")
    file.write_text(template.stdout)
    assert run_halls(worker_uri, "import", file).stdout == "Imported 1 venue and 0 bookings.\n"
    venue = db.venues.find_one()
    assert venue
    assert all(venue[name] for name in venue if name != "rev")


def test_a_file_that_no_transaction_can_hold_is_not_kept_in_memory(
    db: Db, worker_uri: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halls.data_transfer.importing.MAX_TRANSACTION_BYTES", 100_000)
    write_lines(file, *(venue_row(venue_name=f"V{n}") for n in range(200)))
    result = run_halls(worker_uri, "import", file)
    assert result.exit_code == 1
    assert "The file is too large for one transaction of the database. Split the file" in result.stderr
    assert db.venues.count_documents({}) == 0
    assert run_halls(worker_uri, "import", "--skip-bad", file).exit_code == 0
