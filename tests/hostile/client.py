"""The client of the hostile requests: it checks each response against the contract, and that errors change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halls.search.candidates import radius_cache
from tests.api_client import ApiClient, ApiResponse
from tests.factories import PASSWORD
from tests.hostile.contract import find_violations, outcome_of
from tests.hostile.world import D1, D2, RESET_TOKEN, U1_MAIL, V1, hash_documents, put_back_world

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from halls.mongo.client import Db

# Valid bodies. A test changes one member of them.
SIGNUP = {
    "full_name": "Ali Khan",
    "email": "new@example.com",
    "password": PASSWORD,
    "contact_number": "+923001234567",
    "is_venue_owner": False,
}
LOGIN = {"email": U1_MAIL, "password": PASSWORD}
RESET = {"token": RESET_TOKEN, "new_password": "new horse battery 8"}
VENUE = {
    "venue_name": "Pearl Hall",
    "type": "Hall",
    "address": "1 Main Road",
    "maps_location": {"lat": 24.86, "lng": 67.0},
    "capacity": 200,
    "dates_available": [D1, D2],
    "pricing": {"overrides": [{"date": D1, "price": 100_000}, {"date": D2, "price": 120_000}]},
    "space_sqft": 4000,
    "amenities": {"water": True},
    "additional_description": "",
    "pictures": [],
    "videos": [],
}
BOOKING = {"venue_id": V1, "date": D1, "guests": 100}
UPLOAD = {"filename": "a.jpg", "content_type": "image/jpeg", "size_bytes": 1000}


class HostileClient(ApiClient):
    """Sends requests to the application in this process, on a database with the documents of the world."""

    def __init__(self, client: FlaskClient, db: Db) -> None:
        super().__init__(client)
        self.db = db
        self.pristine: object = None

    def put_back_world(self) -> None:
        """Replace the documents by those of the world, if a request has changed them."""
        if self.pristine is None or self.hash_documents() != self.pristine:
            put_back_world(self.db)
            radius_cache.clear()
            self.pristine = self.hash_documents()

    def hash_documents(self) -> object:
        """Return a value that is different after each change of a stored document."""
        return hash_documents(self.db)

    def send(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> ApiResponse:
        """Send a request as ApiClient does; fails if the response breaks the contract."""
        before = self.hash_documents()
        response = super().send(method, path, body, token=token, **headers)
        self._check(response, before, with_token=token is not None)
        return response

    def send_bytes(
        self, method: str, path: str, data: bytes, *, token: str | None = None, content_type: str = "application/json"
    ) -> ApiResponse:
        """Send a body as it is; fails if the response breaks the contract."""
        return self.send(method, path, data, token=token, Content_Type=content_type)

    def _check(self, response: ApiResponse, before: object, *, with_token: bool) -> None:
        assert find_violations(response, with_token=with_token) == []
        assert response.status < 500, response.json
        assert response.status < 400 or self.hash_documents() == before, "an error response that changed documents"


def changed(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a body with other members; `...` leaves a member out."""
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def assert_outcome(response: ApiResponse, outcome: str, *fields: str) -> None:
    """Fail unless the response has this status and code, and names each field or a part of it."""
    assert outcome_of(response) == outcome, response.json
    for field in fields:
        assert any(name == field or name.startswith(f"{field}.") for name in response.fields), response.json


def assert_invalid(response: ApiResponse, *fields: str) -> None:
    """Fail unless the response is a validation error that names each field or a part of it."""
    assert_outcome(response, "422 validation_error", *fields)


def short_id(value: object) -> str:
    """Return the test id of a parameter: its beginning."""
    return repr(value)[:40]
