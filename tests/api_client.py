"""The HTTP client of the tests, with helpers that create accounts, venues and bookings."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers

from tests.factories import booking_body, signup_body, venue_body
from tests.waiting import wait_until

if TYPE_CHECKING:
    from flask.testing import FlaskClient

TIMEOUT_SECONDS = 60
_numbers = itertools.count(1)


@dataclass(frozen=True)
class ApiResponse:
    """A response: its status, its headers and its content."""

    status: int
    headers: Headers
    content: bytes

    @cached_property
    def json(self) -> Any:
        """The JSON body; None if the content is something else."""
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        return json.loads(self.content) if is_json and self.content else None

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()

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
    """Sends requests to the application; `token` is the bearer token of the account that sends them.

    The target is the application in this process, or the URL of a running server. Each request to a server has its own
    connection, so threads can share the client.
    """

    def __init__(self, target: FlaskClient | str) -> None:
        self.target = target

    @property
    def client(self) -> FlaskClient:
        """The client of the application in this process, for requests with its special options."""
        assert not isinstance(self.target, str)
        return self.target

    def send(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> ApiResponse:
        """Send a request with a JSON body, or with the bytes of a file; an underscore in a header is a hyphen."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes | Iterator):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        if isinstance(self.target, str):
            return _send_over_http(self.target, method, path, body, sent)
        response = self.target.open(path, method=method, headers=sent, data=body, buffered=True)
        return ApiResponse(response.status_code, response.headers, response.get_data())

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
        body = signup_body(**{"email": f"p{number}@example.com", "is_venue_owner": owner, **fields})
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

    def make_record(self, path: str, owner: str) -> str:
        """Create a record of the owner that a path such as /feeds/<feed_id> names; return its id."""
        if path.startswith("/feeds/"):
            return str(self.post("/feeds", {"kind": "owner"}, token=owner).data["feed_id"])
        if path.startswith("/webhooks/"):
            return str(self.post("/webhooks", {"url": "http://127.0.0.1:9/"}, token=owner).data["webhook_id"])
        venue_id = self.list_venue(owner)
        if not path.startswith("/bookings/"):
            return venue_id
        date = venue_body()["dates_available"][0]
        return str(self.book(owner, venue_id, date).data["booking_id"])

    def book(self, guest: str, venue_id: str, date: str, **fields: Any) -> ApiResponse:
        """Send POST /bookings."""
        return self.post("/bookings", booking_body(venue_id, date, **fields), token=guest)


def _send_over_http(url: str, method: str, path: str, body: Any, headers: dict[str, str]) -> ApiResponse:
    with closing(HTTPConnection(url.removeprefix("http://"), timeout=TIMEOUT_SECONDS)) as connection:
        # The server may respond and close before it has read a large body: its response is still readable.
        with suppress(BrokenPipeError):
            connection.request(method, path, body, headers)
        response = connection.getresponse()
        return ApiResponse(response.status, Headers(response.getheaders()), response.read())
