"""Conditional requests: a request with the current ETag gets a 304 response without a body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bson import ObjectId

from halls.server.startup import make_server_app
from tests.conftest import make_config
from tests.factories import day

if TYPE_CHECKING:
    from tests.api_client import ApiClient

PATHS = ["/venues/search?date={day}&near_lat=24.86&near_lng=67.0", "/venues/{id}"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("if_none_match", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_a_request_with_the_current_etag_gets_304(api: ApiClient, path: str, if_none_match: str) -> None:
    path = path.format(id=api.list_venue(api.owner()), day=day(1))
    first = api.get(path)
    assert (first.status, first.headers["Cache-Control"]) == (200, "no-cache")
    second = api.get(path, If_None_Match=if_none_match.format(tag=first.headers["ETag"]))
    assert (second.status, second.content) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["Cache-Control"] == "no-cache"
    assert "Content-Type" not in second.headers
    assert len(second.headers["X-Request-ID"]) > 0


@pytest.mark.parametrize("path", PATHS)
def test_a_request_with_another_etag_gets_the_full_response(api: ApiClient, path: str) -> None:
    path = path.format(id=api.list_venue(api.owner()), day=day(1))
    response = api.get(path, If_None_Match='"another"')
    assert (response.status, response.json["ok"]) == (200, True)


def test_a_booking_changes_the_etag_of_the_search_at_once(api: ApiClient) -> None:
    venue_id = api.list_venue(api.owner())
    path = f"/venues/search?date={day(1)}"
    tag = api.get(path).headers["ETag"]
    api.book(api.guest(), venue_id, day(1))
    response = api.get(path, If_None_Match=tag)
    assert (response.status, response.data["venues"]) == (200, [])


def test_a_change_of_a_venue_changes_its_etag(api: ApiClient) -> None:
    owner = api.owner()
    path = f"/venues/{api.list_venue(owner)}"
    tag = api.get(path).headers["ETag"]
    api.patch(path, {"capacity": 77}, token=owner)
    response = api.get(path, If_None_Match=tag)
    assert (response.status, response.data["venue"]["capacity"]) == (200, 77)


def test_an_error_response_has_no_etag(api: ApiClient) -> None:
    assert "ETag" not in api.get(f"/venues/{ObjectId()}").headers
    assert api.get("/venues/search?limit=0", If_None_Match="*").status == 422


def test_a_response_to_an_authenticated_request_is_not_stored(api: ApiClient) -> None:
    assert api.get("/venues/search", token=api.guest()).headers["Cache-Control"] == "no-store"


def test_a_web_page_may_read_the_etag_over_cors(api: ApiClient, worker_uri: str) -> None:
    venue_id = api.list_venue(api.owner())
    app = make_server_app(make_config(mongo_uri=worker_uri, cors_origins="https://app.example"))
    headers = {"Origin": "https://app.example"}
    first = app.test_client().get(f"/venues/{venue_id}", headers=headers)
    second = app.test_client().get(f"/venues/{venue_id}", headers={**headers, "If-None-Match": first.headers["ETag"]})
    app.extensions["halls"].db.client.close()
    assert second.status_code == 304
    for response in (first, second):
        assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "ETag" in response.headers["Access-Control-Expose-Headers"].split(", ")
