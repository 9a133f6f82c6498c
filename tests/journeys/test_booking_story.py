"""The main workflow over HTTP on a new installation: register, search, book, confirm, cancel, book again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.factories import PASSWORD, day, venue_body
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT_SECONDS = 20


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server with the embedded database, as after an installation."""
    folder: Path = tmp_path_factory.mktemp("story")
    with running_server(mongo_uri=None, folder=folder, LOG_LEVEL="INFO") as server:
        yield server.url


class User:
    """An HTTP client, with or without an account."""

    def __init__(self, address: str, email: str | None = None, *, owner: bool = False) -> None:
        self.address = address
        self.http = requests.Session()
        if email is not None:
            body = {"email": email, "password": PASSWORD, "is_venue_owner": owner, "full_name": email.partition("@")[0]}
            assert self.request("POST", "/auth/signup", body, 201)["profile"]["email"] == email
            # Later requests use the token of a login, not of the sign-up.
            token = self.request("POST", "/auth/login", {"email": email.upper(), "password": PASSWORD})["token"]
            self.http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> User:  # noqa: PYI034 - the class has no subclasses
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.http.close()

    def request(self, method: str, path: str, body: Any = None, expected_status: int = 200, **params: Any) -> Any:
        """Send a request; return the data of a success, or the code of an error response."""
        response = self.http.request(method, self.address + path, json=body, params=params, timeout=TIMEOUT_SECONDS)
        response_body = response.json()
        assert response.status_code == expected_status, response_body
        assert response.headers["X-Request-ID"]
        return response_body["data"] if response_body["ok"] else response_body["code"]


def test_a_venue_is_registered_found_booked_confirmed_cancelled_and_rebooked(address: str) -> None:
    with (
        User(address, "sara@halls.example", owner=True) as sara,
        User(address) as visitor,
        User(address, "ali@halls.example") as ali,
        User(address, "hina@halls.example") as hina,
    ):
        venue_id = sara.request("POST", "/venues/register", venue_body(venue_name="Shahi Hall"), 201)["venue_id"]
        sara.request("PATCH", f"/venues/{venue_id}", {"amenities": {"water": True}})

        # A visitor without an account searches.
        query: dict[str, Any] = {
            "date": day(5),
            "near_lat": 24.87,
            "near_lng": 67.01,
            "price_max": 110_000,
            "sort": "price",
        }
        (result,) = visitor.request("GET", "/venues/search", **query)["venues"]
        assert (result["id"], result["venue_name"], result["price"]) == (venue_id, "Shahi Hall", 105_000)
        availability = f"/venues/{venue_id}/availability"
        assert visitor.request("GET", availability, date=day(5))["available"] is True
        order = {"venue_id": venue_id, "date": day(5), "guests": 150, "notes": "Stage on the left."}
        assert visitor.request("POST", "/bookings", order, 401) == "missing_token"

        # Ali has an account and books.
        booked = ali.request("POST", "/bookings", order, 201)
        path = f"/bookings/{booked['booking_id']}"
        assert (booked["booking"]["status"], booked["booking"]["price_locked"]) == ("pending", 105_000)
        assert visitor.request("GET", availability, date=day(5))["available"] is False
        assert visitor.request("GET", "/venues/search", **query)["venues"] == []
        assert hina.request("POST", "/bookings", order, 409) == "date_taken"
        assert hina.request("GET", path, None, 403) == "not_yours"

        # Sara sees the guest's name and confirms. She can no longer remove the date.
        (listed,) = sara.request("GET", "/bookings", status="pending")["bookings"]
        assert (listed["id"], listed["guest"]["full_name"]) == (booked["booking_id"], "ali")
        assert ali.request("PATCH", path, {"status": "confirmed"}, 403) == "not_yours"
        assert sara.request("PATCH", path, {"status": "confirmed"})["booking"]["status"] == "confirmed"
        assert sara.request("PATCH", f"/venues/{venue_id}", {"dates_available": []}, 409) == "date_booked"
        assert sara.request("DELETE", f"/venues/{venue_id}", None, 409) == "has_bookings"
        assert ali.request("GET", path)["booking"]["status"] == "confirmed"

        # Ali cancels. The date is available for Hina immediately, at the current price.
        sara.request("PATCH", f"/venues/{venue_id}", {"pricing": {"overrides": [{"date": day(5), "price": 99_000}]}})
        assert ali.request("DELETE", path)["cancelled"] is True
        assert visitor.request("GET", availability, date=day(5)) == {
            "venue_id": venue_id,
            "date": day(5),
            "available": True,
            "price": 99_000,
        }
        rebooked = hina.request("POST", "/bookings", order, 201)["booking"]
        assert rebooked["price_locked"] == 99_000
        assert ali.request("DELETE", path)["booking"]["status"] == "cancelled"
        assert hina.request("GET", f"/bookings/{rebooked['id']}")["booking"]["status"] == "pending"

        # A guest lists their own bookings, an owner those of their venues.
        assert [(booking["id"], booking["status"]) for booking in ali.request("GET", "/bookings")["bookings"]] == [
            (booked["booking_id"], "cancelled")
        ]
        assert {booking["status"] for booking in sara.request("GET", "/bookings")["bookings"]} == {
            "cancelled",
            "pending",
        }

        # Sara deletes the venue once it has no active booking. Old bookings keep its name.
        hina.request("DELETE", f"/bookings/{rebooked['id']}")
        sara.request("DELETE", f"/venues/{venue_id}")
        assert visitor.request("GET", f"/venues/{venue_id}", None, 404) == "not_found"
        assert ali.request("GET", path)["booking"]["venue"]["venue_name"] == "Shahi Hall"


def test_a_guest_becomes_an_owner_and_a_password_change_ends_all_sessions(address: str) -> None:
    with User(address, "bilal@halls.example") as bilal, User(address) as second_device:
        second_device.http.headers["Authorization"] = str(bilal.http.headers["Authorization"])
        assert bilal.request("POST", "/venues/register", venue_body(), 403) == "owner_only"
        token = bilal.request("PATCH", "/auth/me", {"is_venue_owner": True})["token"]
        bilal.http.headers["Authorization"] = f"Bearer {token}"
        # In another city: otherwise the search of the other test would find this venue.
        bilal.request("POST", "/venues/register", venue_body(maps_location={"lat": 31.55, "lng": 74.35}), 201)
        assert len(second_device.request("GET", "/venues/mine")["venues"]) == 1
        change = {"password": PASSWORD, "new_password": "another horse 8"}
        token = bilal.request("POST", "/auth/change-password", change)["token"]
        bilal.http.headers["Authorization"] = f"Bearer {token}"
        assert second_device.request("GET", "/venues/mine", None, 401) == "token_revoked"
        assert len(bilal.request("GET", "/venues/mine")["venues"]) == 1
