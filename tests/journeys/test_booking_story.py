"""The story that Halls is for, over real HTTP on a fresh machine: list, search, book, confirm, cancel, book again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.api_client import PASSWORD, day, venue_body
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT_SECONDS = 20


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve on the embedded database, as after a first install."""
    folder: Path = tmp_path_factory.mktemp("story")
    with running_server(mongo_uri=None, folder=folder, LOG_LEVEL="INFO") as server:
        yield server.url


class Person:
    """Somebody at a computer, who may have an account."""

    def __init__(self, address: str, email: str | None = None, *, owner: bool = False) -> None:
        self.address = address
        self.http = requests.Session()
        if email is not None:
            body = {"email": email, "password": PASSWORD, "is_venue_owner": owner, "full_name": email.partition("@")[0]}
            assert self.ask("POST", "/auth/signup", body, 201)["profile"]["email"] == email
            # Comes back another day: by logging in.
            token = self.ask("POST", "/auth/login", {"email": email.upper(), "password": PASSWORD})["token"]
            self.http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Person:  # noqa: PYI034 - nobody is derived from a person
        """Sit down."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave, hanging up."""
        self.http.close()

    def ask(self, method: str, path: str, body: Any = None, wanted: int = 200, **params: Any) -> Any:
        """Send a request; return what its success holds, or the code of its refusal."""
        answer = self.http.request(method, self.address + path, json=body, params=params, timeout=TIMEOUT_SECONDS)
        said = answer.json()
        assert answer.status_code == wanted, said
        assert answer.headers["X-Request-ID"]
        return said["data"] if said["ok"] else said["code"]


def test_a_hall_is_listed_found_booked_confirmed_cancelled_and_booked_by_another(address: str) -> None:
    with (
        Person(address, "sara@halls.example", owner=True) as sara,
        Person(address) as visitor,
        Person(address, "ali@halls.example") as ali,
        Person(address, "hina@halls.example") as hina,
    ):
        venue_id = sara.ask("POST", "/venues/register", venue_body(venue_name="Shahi Hall"), 201)["venue_id"]
        sara.ask("PATCH", f"/venues/{venue_id}", {"amenities": {"water": True}})

        # A visitor looks around, without an account.
        asked: dict[str, Any] = {
            "date": day(5),
            "near_lat": 24.87,
            "near_lng": 67.01,
            "price_max": 110_000,
            "sort": "price",
        }
        (found,) = visitor.ask("GET", "/venues/search", **asked)["venues"]
        assert (found["id"], found["venue_name"], found["price"]) == (venue_id, "Shahi Hall", 105_000)
        availability = f"/venues/{venue_id}/availability"
        assert visitor.ask("GET", availability, date=day(5))["available"] is True
        order = {"venue_id": venue_id, "date": day(5), "guests": 150, "notes": "Stage on the left."}
        assert visitor.ask("POST", "/bookings", order, 401) == "missing_token"

        # Ali has an account, and books.
        booked = ali.ask("POST", "/bookings", order, 201)
        path = f"/bookings/{booked['booking_id']}"
        assert (booked["booking"]["status"], booked["booking"]["price_locked"]) == ("pending", 105_000)
        assert visitor.ask("GET", availability, date=day(5))["available"] is False
        assert visitor.ask("GET", "/venues/search", **asked)["venues"] == []
        assert hina.ask("POST", "/bookings", order, 409) == "date_taken"
        assert hina.ask("GET", path, None, 403) == "not_yours"

        # Sara sees who it is, confirms, and can't take the date away any more.
        (seen,) = sara.ask("GET", "/bookings", status="pending")["bookings"]
        assert (seen["id"], seen["guest"]["full_name"]) == (booked["booking_id"], "ali")
        assert ali.ask("PATCH", path, {"status": "confirmed"}, 403) == "not_yours"
        assert sara.ask("PATCH", path, {"status": "confirmed"})["booking"]["status"] == "confirmed"
        assert sara.ask("PATCH", f"/venues/{venue_id}", {"dates_available": []}, 409) == "date_booked"
        assert sara.ask("DELETE", f"/venues/{venue_id}", None, 409) == "has_bookings"
        assert ali.ask("GET", path)["booking"]["status"] == "confirmed"

        # The wedding is off; the date is free for Hina at once, at the price of now.
        sara.ask("PATCH", f"/venues/{venue_id}", {"pricing": {"overrides": [{"date": day(5), "price": 99_000}]}})
        assert ali.ask("DELETE", path)["cancelled"] is True
        assert visitor.ask("GET", availability, date=day(5)) == {
            "venue_id": venue_id,
            "date": day(5),
            "available": True,
            "price": 99_000,
        }
        hers = hina.ask("POST", "/bookings", order, 201)["booking"]
        assert hers["price_locked"] == 99_000
        assert ali.ask("DELETE", path)["booking"]["status"] == "cancelled"
        assert hina.ask("GET", f"/bookings/{hers['id']}")["booking"]["status"] == "pending"

        # Everybody's own list.
        assert [(one["id"], one["status"]) for one in ali.ask("GET", "/bookings")["bookings"]] == [
            (booked["booking_id"], "cancelled")
        ]
        assert {one["status"] for one in sara.ask("GET", "/bookings")["bookings"]} == {"cancelled", "pending"}

        # Sara gives up the hall once nobody counts on it; what was keeps its name.
        hina.ask("DELETE", f"/bookings/{hers['id']}")
        sara.ask("DELETE", f"/venues/{venue_id}")
        assert visitor.ask("GET", f"/venues/{venue_id}", None, 404) == "not_found"
        assert ali.ask("GET", path)["booking"]["venue"]["venue_name"] == "Shahi Hall"


def test_a_guest_becomes_an_owner_and_a_lost_password_ends_all_sessions(address: str) -> None:
    with Person(address, "bilal@halls.example") as bilal, Person(address) as elsewhere:
        elsewhere.http.headers["Authorization"] = str(bilal.http.headers["Authorization"])
        assert bilal.ask("POST", "/venues/register", venue_body(), 403) == "owner_only"
        token = bilal.ask("PATCH", "/auth/me", {"is_venue_owner": True})["token"]
        bilal.http.headers["Authorization"] = f"Bearer {token}"
        # Elsewhere, so that nobody in the other story finds it.
        bilal.ask("POST", "/venues/register", venue_body(maps_location={"lat": 31.55, "lng": 74.35}), 201)
        assert len(elsewhere.ask("GET", "/venues/mine")["venues"]) == 1
        change = {"password": PASSWORD, "new_password": "another horse 8"}
        token = bilal.ask("POST", "/auth/change-password", change)["token"]
        bilal.http.headers["Authorization"] = f"Bearer {token}"
        assert elsewhere.ask("GET", "/venues/mine", None, 401) == "token_revoked"
        assert len(bilal.ask("GET", "/venues/mine")["venues"]) == 1
