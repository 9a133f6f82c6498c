"""What a calendar feed contains: its bookings, statuses, words, order, versions and caching."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import icalendar
import pytest
import structlog
import time_machine
from bson import DatetimeMS, ObjectId

from halls.clock import utc_now
from halls.feeds import service
from halls.server.startup import make_server_app
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.factories import day, insert_booking, insert_venue
from tests.feeds.feed_client import fetch, make_feed, read_events, read_feed
from tests.feeds.strict_calendar import read_strictly

if TYPE_CHECKING:
    from halls.mongo.client import Db

URDU = "شادی ہال؛ گلشنِ اقبال، کراچی «خوش آمدید» " * 3
EMOJI = "👰🏽‍♀️🤵🎉" * 9


def id_of(session: Any) -> ObjectId:
    """Return the id of a session's account."""
    return ObjectId(session["profile"]["id"])


def compact(date: str) -> str:
    """Return a day as calendars write it."""
    return date.replace("-", "")


def test_a_guest_reads_the_own_bookings_as_events(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking = api.book(guest, venue_id, day(3)).data["booking"]
    api.book(api.guest(), venue_id, day(4))
    path = make_feed(api, guest)
    (event,) = read_events(api, path)
    stamp = event.pop("DTSTAMP")
    assert stamp == booking["updated_at"].replace("-", "").replace(":", "")
    assert event == {
        "UID": f"{booking['id']}@127.0.0.1",
        "SEQUENCE": "0",
        "DTSTART": compact(day(3)),
        "DTEND": compact(day(4)),
        "STATUS": "TENTATIVE",
        "SUMMARY": "Pearl Hall (request)",
        "LOCATION": "1 Main Road, Saddar, Karachi",
        "DESCRIPTION": "100 guests",
        "URL": f"http://127.0.0.1:5000/my/bookings/{booking['id']}",
    }


def test_the_status_follows_and_the_sequence_grows(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    booking_id = api.book(guest, api.list_venue(owner), day(3)).data["booking_id"]
    path = make_feed(api, guest)
    found = [read_events(api, path)[0]]
    for status in ("confirmed", "cancelled"):
        api.patch(f"/bookings/{booking_id}", {"status": status}, token=owner)
        found += read_events(api, path)
    assert [each["STATUS"] for each in found] == ["TENTATIVE", "CONFIRMED", "CANCELLED"]
    assert [each["SUMMARY"] for each in found] == ["Pearl Hall (request)", "Pearl Hall", "Pearl Hall (cancelled)"]
    sequences = [int(each["SEQUENCE"]) for each in found]
    assert sequences == sorted(set(sequences))
    assert len({each["UID"] for each in found}) == 1


def test_an_owner_reads_all_venues_or_one_with_the_guests(api: ApiClient) -> None:
    owner, other = api.owner(), api.owner()
    guest = api.sign_up(full_name="Ali Khan")["token"]
    first, second = api.list_venue(owner), api.list_venue(owner, venue_name="Ruby Lawn")
    bookings = [api.book(guest, venue, day(ahead)).data["booking_id"] for venue, ahead in ((first, 2), (second, 3))]
    api.book(owner, api.list_venue(other), day(4))
    all_venues, one = make_feed(api, owner, "owner"), make_feed(api, owner, "venue", venue_id=second)
    summaries = [event["SUMMARY"] for event in read_events(api, all_venues)]
    assert summaries == ["Pearl Hall: Ali Khan (request)", "Ruby Lawn: Ali Khan (request)"]
    (event,) = read_events(api, one)
    assert event["UID"].startswith(bookings[1])
    assert event["URL"].endswith(f"/owner/requests/{bookings[1]}")
    own = read_events(api, make_feed(api, owner))
    assert [event["SUMMARY"] for event in own] == ["Pearl Hall (request)"]


def test_a_busy_feed_tells_only_days_and_statuses(api: ApiClient) -> None:
    owner = api.owner()
    guest = api.sign_up(full_name="Ali Khan")["token"]
    venue_id = api.list_venue(owner)
    api.book(guest, venue_id, day(2), notes="Red carpet")
    for path in (
        make_feed(api, owner, "owner", detail="busy"),
        make_feed(api, owner, "venue", venue_id=venue_id, detail="busy"),
        make_feed(api, guest, detail="busy"),
    ):
        (event,) = read_events(api, path)
        assert event.keys() == {"UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "STATUS"}
        assert not {"Ali", "Red", "Pearl", "Saddar"} & set(fetch(api, path).text.replace("\r\n ", "").split())


def test_bookings_of_a_deleted_venue_stay_for_its_owner(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking_id = api.book(guest, venue_id, day(2)).data["booking_id"]
    paths = [make_feed(api, owner, "owner"), make_feed(api, owner, "venue", venue_id=venue_id), make_feed(api, guest)]
    api.delete(f"/bookings/{booking_id}", token=guest)
    api.delete(f"/venues/{venue_id}", token=owner)
    for path in paths:
        (event,) = read_events(api, path)
        assert event["SUMMARY"].startswith("Pearl Hall")
        assert event["STATUS"] == "CANCELLED"


def test_a_venue_given_away_by_an_external_writer_is_not_in_the_feed(api: ApiClient, db: Db) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    path = make_feed(api, owner, "venue", venue_id=venue_id)
    api.book(api.guest(), venue_id, day(2))
    assert len(read_events(api, path)) == 1
    db.venues.update_one({}, {"$set": {"owner_id": id_of(api.sign_up(owner=True))}})
    assert read_events(api, path) == []


def test_old_bookings_and_old_cancellations_are_left_out(api: ApiClient, db: Db) -> None:
    session = api.sign_up()
    venue = insert_venue(db, ObjectId())["_id"]
    now = utc_now()
    old, new = now - timedelta(days=31), now - timedelta(days=29)

    def cancel(date: str, at: Any, updated_at: Any) -> str:
        cancellation = {"by": "guest", "at": at, "reason": None, "from": "pending"}
        values = {"status": "cancelled", "updated_at": updated_at, "cancellation": cancellation}
        return str(insert_booking(db, venue, id_of(session), date=date, **values)["_id"])

    shown = [str(insert_booking(db, venue, id_of(session), date=day(ahead))["_id"]) for ahead in (-90, 400)]
    insert_booking(db, venue, id_of(session), date=day(-91))
    shown += [cancel(day(5), new, old), cancel(day(6), "yesterday", new), cancel(day(7), [old], new)]
    cancel(day(8), old, new)
    cancel(day(9), None, old)
    cancel(day(10), None, None)
    events = read_events(api, make_feed(api, session["token"]))
    assert sorted(event["UID"].partition("@")[0] for event in events) == sorted(shown)


def test_the_nearest_events_are_kept(api: ApiClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_EVENTS", 4)
    session = api.sign_up()
    venue = insert_venue(db, ObjectId())["_id"]
    for ahead in (-40, -3, -1, 0, 2, 30, 50, 70):
        insert_booking(db, venue, id_of(session), date=day(ahead))
    days = [event["DTSTART"] for event in read_events(api, make_feed(api, session["token"]))]
    assert days == [compact(day(ahead)) for ahead in (-3, -1, 0, 2)]


def test_two_thousand_events_are_read_within_the_deadline(api: ApiClient, db: Db) -> None:
    session = api.sign_up()
    venue = insert_venue(db, ObjectId())["_id"]
    document = insert_booking(db, venue, id_of(session), status="confirmed")
    rows = [{**document, "_id": ObjectId(), "date": day(ahead)} for ahead in range(6, 2_105)]
    db.bookings.insert_many(rows)
    events = read_events(api, make_feed(api, session["token"]))
    assert len(events) == 2_000
    assert events[-1]["DTSTART"] == compact(day(2_004))


def test_urdu_emoji_and_hostile_names_are_escaped_and_folded(api: ApiClient, db: Db) -> None:
    session = api.sign_up()
    name = f"{URDU}{EMOJI}; a, b\\n\r\nATTENDEE:MAILTO:x@evil.example\x07\x85\tend"
    venue = insert_venue(db, ObjectId(), venue_name=name, address=f"{EMOJI}\x00 Road")
    insert_booking(db, venue["_id"], id_of(session), status="confirmed")
    path = make_feed(api, session["token"], name=(EMOJI + URDU)[:100])
    feed = read_feed(api, path)
    expected = name.replace("\x07", "").replace("\x85", "").replace("\r\n", "\n")
    (event,) = feed.parts
    assert event.values["SUMMARY"] == expected
    assert event.values["LOCATION"] == f"{EMOJI} Road"
    assert feed.values["NAME"] == feed.values["X-WR-CALNAME"] == (EMOJI + URDU)[:100].strip()
    (read,) = icalendar.Calendar.from_ical(fetch(api, path).content).walk("VEVENT")
    assert read["SUMMARY"] == expected
    assert "ATTENDEE" not in read


@pytest.mark.parametrize(
    "fields",
    [
        {"created_at": None, "updated_at": None},
        {"created_at": DatetimeMS(2**60), "updated_at": "now"},
        {"created_at": datetime(1, 1, 1, tzinfo=timezone.utc)},
        {"updated_at": datetime(1, 1, 1, tzinfo=timezone.utc)},
        {"guests": 1e300, "notes": 7, "cancellation": []},
        {"user_agent": "x", "venue": 7},
        {"date": "2027-02-30"},
    ],
)
def test_documents_of_external_writers_are_served(api: ApiClient, db: Db, fields: Any) -> None:
    session = api.sign_up()
    insert_booking(db, insert_venue(db, ObjectId(), venue_name=7, address=[1])["_id"], id_of(session), **fields)
    path = make_feed(api, session["token"])
    first = read_feed(api, path)
    assert len(first.parts) == (0 if fields.get("date") else 1)
    assert fetch(api, path).content == fetch(api, path).content
    for event in first.parts:
        assert int(event.values["SEQUENCE"]) < 2**31


def test_a_walk_in_is_in_the_feed_of_the_owner_only(api: ApiClient, db: Db) -> None:
    session = api.sign_up(owner=True)
    venue_id = ObjectId(api.list_venue(session["token"]))
    insert_booking(db, venue_id, id_of(session), is_walk_in=True, status="confirmed")
    assert len(read_events(api, make_feed(api, session["token"], "owner"))) == 1
    assert read_events(api, make_feed(api, session["token"])) == []


def test_an_unchanged_feed_is_304_and_a_changed_one_is_not(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    booking_id = api.book(guest, venue_id, day(2)).data["booking_id"]
    seconds = itertools.count(10, 10)
    for path in (make_feed(api, guest), make_feed(api, owner, "owner"), make_feed(api, owner, "owner", detail="busy")):
        first = fetch(api, path)
        assert first.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert first.headers["Cache-Control"] == "private, max-age=300"
        etag = first.headers["ETag"]
        # A proxy that compresses makes the ETag weak.
        for known in (etag, f"W/{etag}"):
            again = fetch(api, path, If_None_Match=known)
            assert (again.status, again.content, again.headers["ETag"]) == (304, b"", etag)
        assert api.send("HEAD", path).status == 200
        with time_machine.travel(utc_now() + timedelta(seconds=next(seconds)), tick=False):
            api.patch(f"/bookings/{booking_id}", {"guests": next(seconds)}, token=guest)
        changed = fetch(api, path, If_None_Match=etag)
        assert changed.status == 200
        assert changed.headers["ETag"] != etag


def test_a_renamed_venue_changes_the_version(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner)
    api.book(guest, venue_id, day(2))
    path = make_feed(api, guest)
    etag = fetch(api, path).headers["ETag"]
    api.patch(f"/venues/{venue_id}", {"venue_name": "Ruby Hall"}, token=owner)
    assert fetch(api, path, If_None_Match=etag).status == 200


def test_reads_of_one_address_are_limited(worker_uri: str, db: Db) -> None:  # noqa: ARG001 - empties the database
    app = make_server_app(make_config(mongo_uri=worker_uri, rate_limits="on", rate_limit_storage_uri="memory://"))
    api = ApiClient(app.test_client())
    guest = api.guest()
    busy, other = make_feed(api, guest), make_feed(api, guest)
    statuses = [fetch(api, busy).status for _ in range(62)]
    assert statuses == [200] * 60 + [429] * 2
    assert int(fetch(api, busy).headers["Retry-After"]) > 0
    assert fetch(api, other).status == 200
    # A new address of the same feed has no new reads.
    first, _ = api.get("/feeds", token=guest).data["feeds"]
    renewed = api.post(f"/feeds/{first['id']}/rotate", None, token=guest).data["url"]
    assert fetch(api, urlsplit(renewed).path).status == 429
    # All feeds of the account together have 120 reads, of which 61 are used.
    statuses = [fetch(api, other).status for _ in range(59)]
    third = make_feed(api, guest)
    assert (statuses, fetch(api, third).status) == ([200] * 59, 429)
    statuses = [api.post(f"/feeds/{first['id']}/rotate", None, token=guest).status for _ in range(28)]
    assert statuses == [200] * 26 + [429] * 2
    app.extensions["halls"].db.client.close()


def test_the_log_contains_no_secret(api: ApiClient) -> None:
    path = make_feed(api, api.guest())
    with structlog.testing.capture_logs() as entries:
        fetch(api, path)
        fetch(api, path[:-5] + "x.ics")
    secret = path.removeprefix("/calendar/").removesuffix(".ics")
    assert entries
    assert secret[:20] not in str(entries)


def test_a_booking_is_one_event_for_guest_and_owner(api: ApiClient) -> None:
    owner = api.owner()
    guest = api.sign_up(full_name="Ali Khan")["token"]
    booking_id = api.book(guest, api.list_venue(owner), day(3)).data["booking_id"]
    path = f"/bookings/{booking_id}/calendar.ics"
    for token, summary in ((guest, "Pearl Hall (request)"), (owner, "Pearl Hall: Ali Khan (request)")):
        answer = api.get(path, token=token)
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="booking-{booking_id}.ics"'
        (event,) = read_strictly(answer.content).parts
        assert event.values["SUMMARY"] == summary
    feed = read_events(api, make_feed(api, owner, "owner"))
    assert feed == [event.values]
    assert api.get(path, token=api.guest()).code == "not_yours"
    assert api.get(path).code == "missing_token"


def test_a_booking_without_a_real_day_has_no_event(api: ApiClient, db: Db) -> None:
    session = api.sign_up()
    booking = insert_booking(db, ObjectId(), id_of(session), date="2027-02-30")
    answer = api.get(f"/bookings/{booking['_id']}/calendar.ics", token=session["token"])
    assert (answer.status, answer.code) == (404, "not_found")


def test_a_booking_without_venue_has_an_event(api: ApiClient, db: Db) -> None:
    session = api.sign_up()
    booking = insert_booking(db, ObjectId(), id_of(session), status="confirmed")
    answer = api.get(f"/bookings/{booking['_id']}/calendar.ics", token=session["token"])
    (event,) = read_strictly(answer.content).parts
    assert event.values["SUMMARY"] == "Booking"
