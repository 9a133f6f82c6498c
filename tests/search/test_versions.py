"""Conditional requests: who names the version that he has is told in a word that it is still the one."""

from __future__ import annotations

import pytest
from bson import ObjectId

from halls.server.startup import make_server_app
from tests.api_client import Api, day
from tests.conftest import make_config

PATHS = ["/venues/search?date={day}&near_lat=24.86&near_lng=67.0", "/venues/{id}"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("sent", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_the_version_that_the_client_has_is_not_sent_again(api: Api, path: str, sent: str) -> None:
    path = path.format(id=api.list_venue(api.owner()), day=day(1))
    first = api.get(path)
    assert (first.status, first.headers["Cache-Control"]) == (200, "no-cache")
    again = api.client.get(path, headers={"If-None-Match": sent.format(tag=first.headers["ETag"])})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "no-cache"
    assert "Content-Type" not in again.headers
    assert len(again.headers["X-Request-ID"]) > 0


@pytest.mark.parametrize("path", PATHS)
def test_another_version_is_sent_whole(api: Api, path: str) -> None:
    path = path.format(id=api.list_venue(api.owner()), day=day(1))
    answer = api.get(path, If_None_Match='"another"')
    assert (answer.status, answer.json["ok"]) == (200, True)


def test_a_booking_makes_another_version_of_the_search_at_once(api: Api) -> None:
    venue_id = api.list_venue(api.owner())
    path = f"/venues/search?date={day(1)}"
    tag = api.get(path).headers["ETag"]
    api.book(api.guest(), venue_id, day(1))
    answer = api.get(path, If_None_Match=tag)
    assert (answer.status, answer.data["venues"]) == (200, [])


def test_a_change_makes_another_version_of_the_venue(api: Api) -> None:
    owner = api.owner()
    path = f"/venues/{api.list_venue(owner)}"
    tag = api.get(path).headers["ETag"]
    api.patch(path, {"capacity": 77}, as_=owner)
    answer = api.get(path, If_None_Match=tag)
    assert (answer.status, answer.data["venue"]["capacity"]) == (200, 77)


def test_a_refusal_has_no_version(api: Api) -> None:
    assert "ETag" not in api.get(f"/venues/{ObjectId()}").headers
    assert api.get("/venues/search?limit=0", If_None_Match="*").status == 422


def test_with_a_token_nothing_is_kept(api: Api) -> None:
    assert api.get("/venues/search", as_=api.guest()).headers["Cache-Control"] == "no-store"


def test_a_web_page_may_read_the_version(api: Api, worker_uri: str) -> None:
    venue_id = api.list_venue(api.owner())
    app = make_server_app(make_config(mongo_uri=worker_uri, cors_origins="https://app.example"))
    headers = {"Origin": "https://app.example"}
    first = app.test_client().get(f"/venues/{venue_id}", headers=headers)
    again = app.test_client().get(f"/venues/{venue_id}", headers={**headers, "If-None-Match": first.headers["ETag"]})
    app.extensions["halls"].db.client.close()
    assert again.status_code == 304
    for answer in (first, again):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"].split(", ")
