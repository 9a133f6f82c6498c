"""With the demonstration data, each route succeeds with the examples of the document, as "Try it out" sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from halls.api_docs.document import EXAMPLE_ID
from halls.bookings.schemas import BookingChange
from halls.clock import utc_now
from halls.demo.load import PASSWORD, load_demo
from halls.demo.world import SAMPLE_ID
from halls.server.startup import make_server_app
from halls.webhooks import addresses
from tests.api_client import ApiClient
from tests.conftest import make_config, new_database
from tests.openapi.document import current_document, list_operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halls.mongo.client import Db, Document
    from tests.api_client import ApiResponse

# They need a token of Google, a token from an e-mail, settings, or a venue without bookings.
# A guest and an owner may make different changes of a booking, and no change follows a cancellation.
NOT_TRIED = {
    *("change_booking", "sign_in_with_google", "reset_password", "disown_email", "sign_cloudinary", "take_down_venue"),
}
# To load the data again for each route would take a second each.
RESTORED = ("users", "venues", "bookings", "feeds", "webhooks")
ACCOUNTS = ("owner1@halls.example", "guest1@halls.example")


def can_be_tried(operation: dict[str, Any]) -> bool:
    """Return whether the document has an example of everything that the route needs. Files have none."""
    missing = [each for each in operation["parameters"] if each["required"] and "example" not in each]
    content = operation.get("requestBody", {}).get("content", {"application/json": {}})
    return not missing and "application/json" in content and operation["operationId"] not in NOT_TRIED


OPERATIONS = [
    pytest.param(method, path, operation, id=operation["operationId"])
    for method, path, operation in list_operations(current_document())
    if can_be_tried(operation)
]


@pytest.fixture(scope="module")
def loaded(mongo_uri: str) -> Iterator[tuple[ApiClient, Db, dict[str, list[Document]]]]:
    """A client of an application with the demonstration data, its database, and the documents that requests change."""
    for uri in new_database(mongo_uri):
        app = make_server_app(make_config(mongo_uri=uri))
        db: Db = app.extensions["halls"].db
        assert load_demo(db, utc_now())
        yield ApiClient(app.test_client()), db, {name: list(db[name].find()) for name in RESTORED}
        db.client.close()


@pytest.fixture
def demo(loaded: tuple[ApiClient, Db, dict[str, list[Document]]], monkeypatch: pytest.MonkeyPatch) -> ApiClient:
    """Return the client, after the requests of earlier tests are undone."""
    api, db, documents = loaded
    # The tests have no internet.
    monkeypatch.setattr(addresses, "_look_up", lambda *_: ["1.1.1.1"])
    for name, stored in documents.items():
        db[name].delete_many({})
        db[name].insert_many(stored)
    return api


def log_in(api: ApiClient, email: str) -> str:
    """Return a token of a demonstration account."""
    token: str = api.post("/auth/login", {"email": email, "password": PASSWORD}).data["token"]
    return token


def send_examples(api: ApiClient, method: str, path: str, operation: dict[str, Any], token: str) -> list[ApiResponse]:
    """Send the examples of the parameters, with each example of the body in turn; return the responses."""
    examples = {each["name"]: each["example"] for each in operation["parameters"] if "example" in each}
    query = {name: value for name, value in examples.items() if f"{{{name}}}" not in path}
    address = path.format(**examples) + (f"?{urlencode(query)}" if query else "")
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    bodies = [example["value"] for example in content.get("examples", {}).values()] or [None]
    return [api.send(method, address, body, token=token) for body in bodies]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_the_examples_of_a_route_succeed(demo: ApiClient, method: str, path: str, operation: dict[str, Any]) -> None:
    failures = []
    # Only a guest can delete the account, because the owner has bookings.
    for email in ACCOUNTS:
        responses = send_examples(demo, method, path, operation, log_in(demo, email))
        if all(response.status < 300 for response in responses):
            return
        failures += [response.json for response in responses]
    pytest.fail(str(failures))


@pytest.mark.parametrize("number", range(4))
def test_each_change_of_the_sample_booking_succeeds_for_guest_or_owner(demo: ApiClient, number: int) -> None:
    body = BookingChange.model_config["json_schema_extra"]["examples"][number]  # type: ignore[index] # a dict
    statuses = {demo.patch(f"/bookings/{EXAMPLE_ID}", body, token=log_in(demo, email)).status for email in ACCOUNTS}
    assert 200 in statuses


def test_the_samples_name_a_venue_and_a_booking_of_the_demonstration_data(demo: ApiClient) -> None:
    assert str(SAMPLE_ID) == EXAMPLE_ID
    owner, guest = (demo.get("/auth/me", token=log_in(demo, email)).data["profile"]["id"] for email in ACCOUNTS)
    assert demo.get(f"/venues/{EXAMPLE_ID}").data["venue"]["owner_id"] == owner
    booking = demo.get(f"/bookings/{EXAMPLE_ID}", token=log_in(demo, ACCOUNTS[1])).data["booking"]
    assert (booking["user_id"], booking["venue_id"], booking["status"]) == (guest, EXAMPLE_ID, "pending")
