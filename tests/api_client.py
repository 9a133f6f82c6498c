"""The HTTP client of the tests, with helpers that create accounts, venues and bookings."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from halls.clock import day_in_karachi, utc_now
from tests.waiting import wait_until

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

PASSWORD = "correct horse 7"
_numbers = itertools.count(1)


def day(ahead: int) -> str:
    """Return the date `ahead` days from today in Karachi."""
    return (date.fromisoformat(day_in_karachi(utc_now())) + timedelta(days=ahead)).isoformat()


@dataclass(frozen=True)
class ApiResponse:
    """A response: its status, its JSON body and its headers."""

    status: int
    json: Any
    headers: Any

    @property
    def data(self) -> Any:
        """The data of a success; fails for an error response."""
        assert self.json["ok"], self.json
        return self.json["data"]

    @property
    def code(self) -> str:
        """The machine-readable code of an error response."""
        code: str = self.json["code"]
        return code

    @property
    def fields(self) -> list[str]:
        """The fields that an error response names."""
        return [detail["field"] for detail in self.json["details"]]


class ApiClient:
    """Sends requests to the application; `token` is the bearer token of the account that sends them."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def send(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> ApiResponse:
        """Send a request; an underscore in a header's name stands for a hyphen."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        kwargs = {} if body is None else {"json": body}
        response: TestResponse = self.client.open(path, method=method, headers=sent, **kwargs)
        return ApiResponse(response.status_code, response.get_json(silent=True), response.headers)

    def get(self, path: str, **kwargs: Any) -> ApiResponse:
        """Send a GET."""
        return self.send("GET", path, **kwargs)

    def post(self, path: str, body: Any, **kwargs: Any) -> ApiResponse:
        """Send a POST."""
        return self.send("POST", path, body, **kwargs)

    def patch(self, path: str, body: Any, **kwargs: Any) -> ApiResponse:
        """Send a PATCH."""
        return self.send("PATCH", path, body, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> ApiResponse:
        """Send a DELETE."""
        return self.send("DELETE", path, **kwargs)

    def wait_until_ready(self) -> None:
        """Wait until the database is reachable; the probe thread notices a passed failure within a second."""
        wait_until(lambda: self.get("/health/ready").status == 200)

    def sign_up(self, *, owner: bool = False, **fields: Any) -> Any:
        """Create an account; return its session."""
        number = next(_numbers)
        body = {"email": f"p{number}@example.com", "password": PASSWORD, "is_venue_owner": owner, **fields}
        return self.post("/auth/signup", body).data

    def owner(self) -> str:
        """Create an owner; return the token."""
        token: str = self.sign_up(owner=True)["token"]
        return token

    def guest(self) -> str:
        """Create a guest; return the token."""
        token: str = self.sign_up()["token"]
        return token

    def list_venue(self, owner: str, **fields: Any) -> str:
        """Register a venue offered for the next 9 days, at 101 000 … 109 000 PKR; return its id."""
        venue_id: str = self.post("/venues/register", venue_body(**fields), token=owner).data["venue_id"]
        return venue_id

    def book(self, guest: str, venue_id: str, date: str, **fields: Any) -> ApiResponse:
        """Send POST /bookings."""
        body = {"venue_id": venue_id, "date": date, "guests": 100, **fields}
        return self.post("/bookings", body, token=guest)


def venue_body(**fields: Any) -> dict[str, Any]:
    """Return a body of POST /venues/register; `fields` replace the defaults."""
    dates = [day(ahead) for ahead in range(1, 10)]
    return {
        "venue_name": "Pearl Hall",
        "type": "Hall",
        "address": "1 Main Road, Saddar, Karachi",
        "maps_location": {"lat": 24.86, "lng": 67.0},
        "capacity": 200,
        "dates_available": dates,
        "pricing": {"overrides": [{"date": date, "price": 100_000 + 1_000 * n} for n, date in enumerate(dates, 1)]},
        **fields,
    }
