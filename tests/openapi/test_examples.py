"""Each example of a request body can be sent unchanged: it succeeds, or misses data of the example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from halls.http.schema import EXAMPLE_ID
from halls.webhooks import addresses
from tests.factories import day
from tests.openapi.document import current_document, list_operations

if TYPE_CHECKING:
    from tests.api_client import ApiClient

DOCUMENT = current_document()
EXAMPLES = [
    pytest.param(method, path, operation, example["value"], id=f"{operation['operationId']}-{name}")
    for method, path, operation in list_operations(DOCUMENT)
    for name, example in operation.get("requestBody", {})
    .get("content", {})
    .get("application/json", {})
    .get("examples", {})
    .items()
]
# Errors on an empty server: the example's accounts, venues, settings or password do not exist there.
MISSING_DATA = {"bad_credentials", "bad_reset_token", "bad_link", "not_configured", "not_found"}


@pytest.mark.parametrize(("method", "path", "operation", "body"), EXAMPLES)
def test_an_example_can_be_sent_unchanged(
    api: ApiClient,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    operation: dict[str, Any],
    body: dict[str, Any],
) -> None:
    # The tests have no internet.
    monkeypatch.setattr(addresses, "_look_up", lambda *_: ["1.1.1.1"])
    # The guest of the booking is the venue's owner, so that each example of a change is allowed.
    owner = api.owner()
    venue_id = api.list_venue(owner, pricing={"overrides": []})
    booking_id = api.book(owner, venue_id, day(1)).data["booking_id"]
    ids = {"venue_id": venue_id, "booking_id": booking_id, "webhook_id": EXAMPLE_ID}
    response = api.send(method, path.format(**ids), body, token=owner)
    if response.status >= 400:
        assert response.code in MISSING_DATA, response.json
    assert str(response.status) in operation["responses"]


def test_every_body_has_an_example() -> None:
    bodies = {
        operation["operationId"]
        for _, _, operation in list_operations(DOCUMENT)
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert {str(param.id).partition("-")[0] for param in EXAMPLES} == bodies


@pytest.mark.parametrize("path", ["/auth/signup", "/venues/register"])
def test_examples_of_creating_routes_create_a_record(api: ApiClient, path: str) -> None:
    bodies = [param.values[3] for param in EXAMPLES if param.values[1] == path]
    assert [api.post(path, body, token=api.owner()).status for body in bodies] == [201] * len(bodies)
