"""`halls import` validates rows like the API, and stores either the whole file or nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.demo.load import PASSWORD
from tests.commands import run_halls
from tests.data_transfer.rows import CELLS, write_csv, write_export, write_lines
from tests.factories import GUEST_EMAIL, OTHER_ID, OWNER_EMAIL, VENUE_ID, day, insert_owner, insert_user, venue_row

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db
    from tests.api_client import ApiClient

CREATED_AT = "2026-02-03T04:05:06.789Z"


@pytest.fixture
def file(tmp_path: Path, db: Db) -> Path:
    """The path of a file to write. Accounts of its owner and guest exist, with e-mail addresses in title case."""
    insert_owner(db, email=OWNER_EMAIL.title())
    insert_user(db, email=GUEST_EMAIL.title())
    return tmp_path / "file"


def list_venues(db: Db) -> list[dict[str, Any]]:
    return list(db.venues.find(sort=[("_id", 1)]))


def test_an_imported_venue_is_served_like_a_registered_one(db: Db, api: ApiClient, worker_uri: str, file: Path) -> None:
    owner = api.owner()
    sent = venue_row(
        amenities={"water": True},
        additional_description="Line one\nline two",
        pictures=["https://cdn.example/1.jpg"],
        videos=[{"url": "https://cdn.example/1.mp4", "size_mb": 25}],
        space_sqft=4000,
    )
    body = {name: value for name, value in sent.items() if name != "owner_email"}
    registered = api.post("/venues/register", body, token=owner).data["venue"]
    result = run_halls(worker_uri, "import", write_lines(file, sent))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Imported 1 venue and 0 bookings.\n", "")
    imported = next(venue for venue in list_venues(db) if str(venue["_id"]) != registered["id"])
    served = api.get(f"/venues/{imported['_id']}").data["venue"]
    generated = {"id", "owner_id", "created_at", "updated_at"}
    assert {name: served[name] for name in served.keys() - generated} == {
        name: registered[name] for name in registered.keys() - generated
    }
    assert imported["rev"] == 0
    assert imported["owner_id"] == db.users.find_one({"email": OWNER_EMAIL.title()})["_id"]  # type: ignore[index] # the owner exists


@pytest.mark.parametrize("form", ["array", "lines", "export", "csv"])
def test_every_file_format_is_imported(db: Db, worker_uri: str, file: Path, form: str) -> None:
    rows = [venue_row(venue_name=name) for name in ("One", "Two")]
    if form == "csv":
        write_csv(file, *(CELLS | {"venue_name": row["venue_name"]} for row in rows), encoding="utf-8-sig")
    elif form == "array":
        file.write_text(json.dumps(rows, indent=2))
    elif form == "export":
        write_export(file, rows, [])
    else:
        write_lines(file, *rows)
    result = run_halls(worker_uri, "import", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [venue["venue_name"] for venue in list_venues(db)] == ["One", "Two"]


def test_a_csv_row_can_set_every_field_of_a_venue(db: Db, worker_uri: str, file: Path) -> None:
    cells = {
        "dates_available": f"{day(1)}..{day(3)}; {day(9)}",
        "prices": f"{day(1)}..{day(2)}=150000;{day(9)}=99.5",
        "space_sqft": "4000.5",
        "amenities": "water;sound_system",
        "additional_description": "Line one\nline two",
        "pictures": "https://cdn.example/1.jpg;https://cdn.example/2.jpg",
        "videos": "https://cdn.example/1.mp4=22.5",
    }
    assert run_halls(worker_uri, "import", write_csv(file, CELLS | cells)).exit_code == 0
    (venue,) = list_venues(db)
    assert venue["maps_location"] == {"type": "Point", "coordinates": [67, 24.86]}
    assert venue["dates_available"] == [day(1), day(2), day(3), day(9)]
    assert venue["pricing"]["overrides"] == [
        {"date": day(1), "price": 150_000},
        {"date": day(2), "price": 150_000},
        {"date": day(9), "price": 99.5},
    ]
    assert [name for name, is_present in venue["amenities"].items() if is_present] == ["water", "sound_system"]
    assert venue["additional_description"] == "Line one\nline two"
    assert len(venue["pictures"]) == 2
    assert venue["videos"] == [{"url": "https://cdn.example/1.mp4", "size_mb": 22.5}]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"capacity": "200"}, "capacity: must be a whole number"),
        ({"capacity": 0}, "capacity: must be at least 1"),
        ({"type": "Barn"}, "type: "),
        ({"venue_name": None}, "venue_name: This field is required."),
        ({"maps_location": {"lat": 91, "lng": 0}}, "maps_location.lat: "),
        ({"dates_available": ["2027-02-30"]}, "dates_available.0: must be a real day"),
        ({"dates_available": ["2027-02-03", "2027-02-03"]}, "dates_available: must contain each date only once"),
        ({"pricing": {"overrides": [{"date": "2027-01-01", "price": -1}]}}, "pricing.overrides.0.price: must be"),
        ({"videos": [{"url": "https://a.example/", "size_mb": 26}]}, "videos.0.size_mb: must be at most 25 MB"),
        ({"pictures": ["ftp://a.example/"]}, "pictures.0: must be a whole http or https address"),
        ({"venue_name": "\ud800"}, "venue_name: contains a lone surrogate"),
        ({"venue_name": "a\x00b"}, "venue_name: must not contain control characters"),
        ({"colour": "red"}, "colour: Unknown field."),
        ({"owner_email": "nobody@example.com"}, "owner_email: No account of a venue owner has this address."),
        ({"owner_email": GUEST_EMAIL}, "owner_email: No account of a venue owner has this address."),
        ({"owner_email": None}, "owner_email: This field is required."),
        ({"owner_email": " "}, "owner_email: must not be empty"),
        ({"owner_email": 5}, "owner_email: must be text"),
        ({"id": "A" * 24}, "id: must be an id of 24 hex digits"),
        ({"created_at": "yesterday"}, "created_at: must be a time in UTC"),
        ({"updated_at": "2026-02-30T00:00:00Z"}, "updated_at: "),
        ({"created_at": 5}, "created_at: must be a time in UTC"),
        ({"pricing": json.loads("[" * 40 + "]" * 40)}, "The body is nested deeper than 32 levels."),
    ],
    ids=str,
)
def test_an_invalid_row_is_reported_with_line_and_field(
    db: Db, worker_uri: str, file: Path, fields: dict[str, Any], fault: str
) -> None:
    result = run_halls(worker_uri, "import", write_lines(file, venue_row(), venue_row(**fields)))
    separator = ", " if ": " in fault else ": "
    assert (result.exit_code, f"line 2, record 2{separator}{fault}" in result.stderr) == (1, True), result.stderr
    assert result.stderr.count("\n") == 1
    assert list_venues(db) == []


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"lat": ""}, "line 2, lat: "),
        ({"lng": "east"}, "line 2, lng “east”: "),
        ({"capacity": "1,000"}, "line 2, capacity “1,000”: "),
        ({"prices": "2027-01-01..2027-01-31=9;2027-02-01=cheap"}, "line 2, prices “2027-02-01=cheap”: "),
        ({"prices": "150000"}, "line 2, prices “150000”: must be a real day"),
        ({"dates_available": "2027-01-02..2027-01-01"}, "line 2, dates_available “2027-01-02..2027-01-01”: must be"),
        ({"dates_available": "2027-01-01..2027-12-31;soon"}, "line 2, dates_available “soon”: must be a real day"),
        ({"amenities": "water;pool"}, "line 2, amenities “pool”: "),
        ({"videos": "https://a.example/"}, "line 2, videos “https://a.example/”: "),
    ],
    ids=str,
)
def test_an_invalid_cell_is_reported_with_its_column(
    worker_uri: str, file: Path, cells: dict[str, str], fault: str
) -> None:
    result = run_halls(worker_uri, "import", write_csv(file, CELLS | cells))
    assert result.exit_code == 1
    assert fault in result.stderr


def test_all_errors_of_all_rows_are_reported_at_once(db: Db, worker_uri: str, file: Path) -> None:
    bad = venue_row(capacity=0, type="Barn", owner_email="nobody@example.com", id=VENUE_ID)
    write_lines(file, venue_row(id=VENUE_ID), bad, 5, [], venue_row(address=None))
    with file.open("a") as appended:
        appended.write('{"capacity": 5, "capacity": 6}\n{"capacity": \n')
    result = run_halls(worker_uri, "import", file)
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "line 2, record 2, type",
        "line 2, record 2, capacity",
        "line 2, record 2, id",
        "line 2, record 2, owner_email",
        "line 3, record 3",
        "line 4, record 4",
        "line 5, record 5, address",
        "line 6, record 6",
        "line 7, record 7",
    ]
    assert result.stdout == "Imported 0 venues and 0 bookings.\n"
    assert list_venues(db) == []


def test_an_error_in_the_last_row_prevents_the_whole_import(db: Db, worker_uri: str, file: Path) -> None:
    rows = [venue_row(venue_name=f"V{n}", dates_available=[], pricing=None) for n in range(120)]
    result = run_halls(worker_uri, "import", write_lines(file, *rows, {}))
    assert result.exit_code == 1
    assert result.stderr.startswith("line 121, record 121, venue_name: ")
    assert list_venues(db) == []


def test_skip_bad_stores_valid_rows_and_reports_the_others(db: Db, worker_uri: str, file: Path) -> None:
    rows: list[Any] = [venue_row(venue_name=f"V{n}") for n in range(120)]
    rows[3], rows[60], rows[119] = {}, venue_row(capacity=-1), "no object"
    # The last 60 rows contain a whole batch without a valid row.
    result = run_halls(worker_uri, "import", "--skip-bad", write_lines(file, *rows, *([5] * 60)))
    assert result.exit_code == 1
    reported_lines = [line.partition(":")[0].partition(",")[0] for line in result.stderr.splitlines()]
    assert set(reported_lines) == {"line 4", "line 61", "line 120", *(f"line {n}" for n in range(121, 181))}
    assert result.stdout == "Imported 117 venues and 0 bookings.\n"
    assert len(list_venues(db)) == 117


def test_the_first_thousand_errors_are_reported_and_the_rest_counted(worker_uri: str, file: Path) -> None:
    result = run_halls(worker_uri, "import", write_lines(file, {}, *range(2_494)))
    lines = result.stderr.splitlines()
    assert len(lines) == 1_001
    assert lines[-1] == "and 1500 more faults"


@pytest.mark.parametrize("name", ["id", "_id"])
def test_an_imported_venue_keeps_the_id_and_times_of_its_row(db: Db, worker_uri: str, file: Path, name: str) -> None:
    rows = [
        venue_row(**{name: VENUE_ID}, created_at=CREATED_AT, updated_at="2026-02-03T04:05:06Z"),
        venue_row(venue_name="Other", created_at=None),
    ]
    assert run_halls(worker_uri, "import", write_lines(file, *rows)).exit_code == 0
    with_times, without_times = sorted(list_venues(db), key=lambda venue: venue["_id"] != ObjectId(VENUE_ID))
    assert with_times["_id"] == ObjectId(VENUE_ID)
    assert with_times["created_at"].isoformat() == "2026-02-03T04:05:06.789000+00:00"
    assert with_times["updated_at"].isoformat() == "2026-02-03T04:05:06+00:00"
    assert without_times["created_at"] is None
    assert without_times["updated_at"] > with_times["updated_at"]


def test_a_stored_venue_is_reported_and_not_changed(db: Db, worker_uri: str, file: Path) -> None:
    assert run_halls(worker_uri, "import", write_lines(file, venue_row(id=VENUE_ID))).exit_code == 0
    before = list_venues(db)
    rows = [venue_row(id=VENUE_ID, venue_name="Other"), venue_row(id=OTHER_ID), venue_row(_id=OTHER_ID)]
    result = run_halls(worker_uri, "import", write_lines(file, *rows))
    assert result.stderr.splitlines()[-2:] == [
        "line 1, record 1, id: A record with this id is already stored.",
        "line 3, record 3, id: An earlier row has the same id.",
    ]
    assert list_venues(db) == before


def test_the_video_size_limit_is_configurable(worker_uri: str, file: Path) -> None:
    write_lines(file, venue_row(videos=[{"url": "https://a.example/", "size_mb": 26}]))
    assert run_halls(worker_uri, "import", file, MAX_VIDEO_MB="26").exit_code == 0


def test_an_import_creates_the_database_indexes_first(fresh_uri: str, tmp_path: Path) -> None:
    result = run_halls(fresh_uri, "import", write_lines(tmp_path / "file"))
    assert (result.exit_code, result.stdout) == (1, "Imported 0 venues and 0 bookings.\n")
    assert "The file is empty." in result.stderr
    assert run_halls(fresh_uri, "check").exit_code == 0


def test_a_demo_owner_can_change_an_imported_venue(db: Db, api: ApiClient, worker_uri: str, tmp_path: Path) -> None:
    db.users.delete_many({})
    assert run_halls(worker_uri, "demo").exit_code == 0
    row = venue_row(owner_email="OWNER2@halls.example", id=VENUE_ID)
    assert run_halls(worker_uri, "import", write_lines(tmp_path / "file", row)).exit_code == 0
    token = api.post("/auth/login", {"email": "owner2@halls.example", "password": PASSWORD}).data["token"]
    assert api.patch(f"/venues/{VENUE_ID}", {"capacity": 7}, token=token).data["venue"]["capacity"] == 7


def test_a_venue_outside_the_service_area_is_reported_and_comes_back_from_an_export(
    db: Db, worker_uri: str, file: Path
) -> None:
    assert run_halls(worker_uri, "import", write_csv(file, CELLS)).exit_code == 0
    london = "-1,51,1,52"
    run_halls(worker_uri, "export", "--output", file, SERVICE_AREA=london)
    db.venues.delete_many({})
    assert run_halls(worker_uri, "import", file, SERVICE_AREA=london).exit_code == 0
    db.venues.delete_many({})
    result = run_halls(worker_uri, "import", write_csv(file, CELLS), SERVICE_AREA=london)
    assert (result.exit_code, result.stderr.count("line 2, ")) == (1, 1)
    assert "must be in the area that Halls serves" in result.stderr
