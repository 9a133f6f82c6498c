"""The year of an owner, over HTTP with two workers and on the command line: calendar, walk-in, pause, figures, CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.commands import run_halls
from tests.factories import PASSWORD, day
from tests.servers import running_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api_client import ApiClient

OWNER, GUEST = "owner@example.com", "guest@example.com"
PRICE, SATURDAY_PRICE = 150_000, 180_000
# Each worker answers at least one of so many requests: the kernel chooses the worker.
REQUESTS = 12


def weekdays_of_year(*numbers: int) -> list[str]:
    """Return the days of the coming year that are such weekdays (Monday is 0)."""
    return [day(ahead) for ahead in range(1, 366) if date.fromisoformat(day(ahead)).weekday() in numbers]


def days_after(first: str, count: int) -> list[str]:
    """Return `count` days from `first` on."""
    return [(date.fromisoformat(first) + timedelta(days=number)).isoformat() for number in range(count)]


def change_calendar(api: ApiClient, owner: str, venue_id: str, *changes: Any, dry_run: bool = False) -> Any:
    """Send the changes; return the data of the response."""
    body = {"changes": list(changes), "dry_run": dry_run}
    return api.post(f"/venues/{venue_id}/calendar", body, token=owner).data


def run_json(uri: str, *arguments: str) -> Any:
    """Run a `halls` command with --json; return its output."""
    result = run_halls(uri, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def found_ids(api: ApiClient) -> list[str]:
    """Return the ids of all venues that search shows."""
    return [venue["id"] for venue in api.get("/venues/search").data["venues"]]


def outcomes(api: ApiClient, path: str, token: str | None = None) -> set[str]:
    """Send the request several times; return the outcomes of all workers."""
    answers = [api.get(path, token=token) for _ in range(REQUESTS)]
    return {str(answer.status) if answer.json["ok"] else answer.code for answer in answers}


def offer_weekends(api: ApiClient, owner: str, venue_id: str) -> None:
    """Offer Friday to Sunday of a year in one request, with dearer Saturdays."""
    year = {"from": day(1), "to": day(365)}
    offer = {"do": "offer", **year, "weekdays": ["fri", "sat", "sun"], "price": PRICE}
    dearer = {"do": "adjust", **year, "weekdays": ["sat"], "percent": 20, "round_to": 1_000}
    changed = change_calendar(api, owner, venue_id, offer, dearer)
    assert changed["added"] == changed["venue"]["dates_available"] == weekdays_of_year(4, 5, 6)
    prices = {each["date"]: each["price"] for each in changed["venue"]["pricing"]["overrides"]}
    assert {prices[saturday] for saturday in weekdays_of_year(5)} == {SATURDAY_PRICE}
    assert {prices[other] for other in weekdays_of_year(4, 6)} == {PRICE}


def test_an_owner_runs_a_hall_for_a_year(fresh_uri: str, tmp_path: Path) -> None:
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, WEB_WORKERS="2") as server:
        api = server.api
        owner, guest = api.sign_up(email=OWNER, owner=True)["token"], api.sign_up(email=GUEST)["token"]
        venue_id = api.list_venue(owner, dates_available=[], pricing={"overrides": []})
        offer_weekends(api, owner, venue_id)

        saturday = weekdays_of_year(5)[0]
        walk_in = {"date": saturday, "guests": 120, "guest": {"full_name": "Sana Malik"}}
        entered = api.post(f"/venues/{venue_id}/walk-ins", walk_in, token=owner).data["booking"]
        assert (entered["status"], entered["price_locked"], entered["is_walk_in"]) == (
            "confirmed",
            SATURDAY_PRICE,
            True,
        )

        close = {"do": "close", "from": saturday, "to": days_after(saturday, 14)[-1], "keep_booked": True}
        planned = change_calendar(api, owner, venue_id, close, dry_run=True)
        closed = change_calendar(api, owner, venue_id, close)
        weekend_days = set(days_after(saturday, 14)) & set(weekdays_of_year(4, 5, 6))
        assert closed["kept"] == [saturday]
        assert closed["removed"] == planned["removed"] == sorted(weekend_days - {saturday})

        month = api.get(f"/venues/{venue_id}/calendar?month={saturday[:7]}", token=owner).data["days"]
        [booked] = [each for each in month if each["bookings"]]
        assert (booked["date"], booked["available"], booked["bookings"][0]["guest"]["full_name"]) == (
            saturday,
            False,
            "Sana Malik",
        )

        free_day = weekdays_of_year(6)[-1]
        requested = api.book(guest, venue_id, free_day).data["booking_id"]
        assert api.patch(f"/venues/{venue_id}", {"is_listed": False}, token=owner).status == 200
        assert venue_id not in found_ids(api)
        assert api.book(guest, venue_id, weekdays_of_year(6)[-2]).code == "date_not_offered"
        assert api.patch(f"/bookings/{requested}", {"status": "confirmed"}, token=owner).status == 200
        assert api.patch(f"/venues/{venue_id}", {"is_listed": True}, token=owner).status == 200
        assert venue_id in found_ids(api)

        span = f"from={day(0)}&to={day(365)}"
        figures = api.get(f"/statistics?{span}", token=owner).data
        assert (figures["total"]["booked"], figures["total"]["revenue_locked"]) == (2, SATURDAY_PRICE + PRICE)
        assert figures["total"]["offered"] == len(weekdays_of_year(4, 5, 6)) - len(weekend_days - {saturday})
        table = api.get(f"/exports/bookings.csv?{span}", token=owner).content.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(table)))
        assert [(row["date"], row["status"]) for row in rows] == [(saturday, "confirmed"), (free_day, "confirmed")]
        assert sum(float(row["price_locked"]) for row in rows) == figures["total"]["revenue_locked"]


def test_an_operator_suspends_and_restores_an_owner_on_all_workers(fresh_uri: str, tmp_path: Path) -> None:
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, WEB_WORKERS="2") as server:
        api = server.api
        owner, guest = api.sign_up(email=OWNER, owner=True)["token"], api.sign_up(email=GUEST)["token"]
        paused, venue_id = api.list_venue(owner, is_listed=False), api.list_venue(owner)
        booking_id = api.book(guest, venue_id, day(3)).data["booking_id"]
        assert outcomes(api, "/auth/me", owner) == {"200"}

        run_json(fresh_uri, "account", "suspend", OWNER)
        assert outcomes(api, "/auth/me", owner) == {"token_revoked"}
        assert api.post("/auth/login", {"email": OWNER, "password": PASSWORD}).code == "suspended"
        assert api.post("/auth/login", {"email": OWNER, "password": "a wrong one 7"}).code == "bad_credentials"
        assert found_ids(api) == []
        assert api.book(guest, venue_id, day(4)).code == "date_not_offered"
        assert api.get(f"/bookings/{booking_id}", token=guest).data["booking"]["status"] == "pending"

        run_json(fresh_uri, "account", "restore", OWNER)
        again = api.post("/auth/login", {"email": OWNER, "password": PASSWORD}).data["token"]
        assert outcomes(api, "/auth/me", again) == {"200"}
        assert found_ids(api) == [venue_id]
        assert api.get(f"/venues/{paused}").data["venue"]["is_listed"] is False

        run_json(fresh_uri, "booking", "cancel", booking_id, "--reason", "The hall was sold.", "--yes")
        history = api.get(f"/bookings/{booking_id}/history", token=guest).data["history"]
        assert [(entry["type"], entry["by"]) for entry in history] == [("placed", "guest"), ("cancelled", "operator")]
        run_json(fresh_uri, "venue", "hide", venue_id)
        assert outcomes(api, f"/venues/{venue_id}") == {"not_found"}
        assert api.patch(f"/venues/{venue_id}", {"is_listed": True}, token=again).code == "suspended"
        run_json(fresh_uri, "venue", "show", venue_id)
        assert outcomes(api, f"/venues/{venue_id}") == {"200"}
        assert run_halls(fresh_uri, "check").exit_code == 0
