"""If-Match (RFC 9110): a change or deletion of a version that is no longer the stored one is 412."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bson import Decimal128, ObjectId

from tests.factories import day, insert_venue

if TYPE_CHECKING:
    from halls.mongo.client import Db
    from tests.api_client import ApiClient

OLD = '"3f786850e387550fdab836ed7e6dc881de23001b"'
CURRENT = ["{tag}", "W/{tag}", f"{OLD}, {{tag}}", f"W/{OLD},W/{{tag}}", "*", "{opaque}"]
STALE = [OLD, f"W/{OLD}", f'{OLD}, "another"', '"*"', '""', "", ",", '"{opaque}x"', "W/", '"{opaque}']


def given(form: str, tag: str) -> str:
    """Return a header with the ETag `tag` in it."""
    return form.format(tag=tag, opaque=tag.strip('"'))


@pytest.mark.parametrize("form", CURRENT)
def test_the_current_version_can_be_changed_and_deleted(api: ApiClient, form: str) -> None:
    owner = api.owner()
    path = f"/venues/{api.list_venue(owner)}"
    changed = api.patch(path, {"capacity": 7}, token=owner, If_Match=given(form, api.get(path).headers["ETag"]))
    assert (changed.status, changed.data["venue"]["capacity"]) == (200, 7)
    assert api.delete(path, token=owner, If_Match=given(form, changed.headers["ETag"])).status == 200


@pytest.mark.parametrize("form", STALE)
def test_another_version_is_412_and_changes_nothing(api: ApiClient, db: Db, form: str) -> None:
    owner = api.owner()
    path = f"/venues/{api.list_venue(owner)}"
    tag, stored = api.get(path).headers["ETag"], db.venues.find_one()
    header = given(form, tag)
    changed = api.patch(path, {"capacity": 7}, token=owner, If_Match=header)
    deleted = api.delete(path, token=owner, If_Match=header)
    assert [(answer.status, answer.code) for answer in (changed, deleted)] == [(412, "precondition_failed")] * 2
    assert "ETag" not in changed.headers
    assert db.venues.find_one() == stored


def test_of_two_tabs_the_second_does_not_lose_the_days_of_the_first(api: ApiClient) -> None:
    owner = api.owner()
    path = f"/venues/{api.list_venue(owner)}"
    tag = api.get(path).headers["ETag"]
    first = api.patch(path, {"dates_available": [day(1), day(2)]}, token=owner, If_Match=tag)
    second = api.patch(path, {"dates_available": [day(1), day(3)]}, token=owner, If_Match=tag)
    assert (first.status, second.status, second.code) == (200, 412, "precondition_failed")
    assert api.get(path).data["venue"]["dates_available"] == [day(1), day(2)]
    assert api.get(path).headers["ETag"] == first.headers["ETag"] != tag


def test_a_change_without_if_match_always_succeeds(api: ApiClient) -> None:
    owner = api.owner()
    path = f"/venues/{api.list_venue(owner)}"
    assert [api.patch(path, {"capacity": capacity}, token=owner).status for capacity in (7, 8)] == [200, 200]


def test_a_booking_does_not_change_the_version_of_the_venue(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    tag = api.get(f"/venues/{venue_id}").headers["ETag"]
    assert api.book(api.guest(), venue_id, day(1)).status == 201
    assert api.patch(f"/venues/{venue_id}", {"capacity": 300}, token=owner, If_Match=tag).status == 200


def test_412_comes_before_the_conflicts_with_bookings(api: ApiClient) -> None:
    owner = api.owner()
    venue_id = api.list_venue(owner)
    api.book(api.guest(), venue_id, day(1))
    path = f"/venues/{venue_id}"
    codes = [
        (
            api.patch(path, {"dates_available": []}, token=owner, If_Match=tag).code,
            api.delete(path, token=owner, If_Match=tag).code,
        )
        for tag in (OLD, "*")
    ]
    assert codes == [("precondition_failed", "precondition_failed"), ("date_booked", "has_bookings")]


def test_a_venue_of_an_external_writer_has_the_same_version_when_it_is_changed(api: ApiClient, db: Db) -> None:
    owner = api.sign_up(owner=True)
    pricing = {"overrides": [{"date": day(5), "price": Decimal128("150000.50")}]}
    venue = insert_venue(db, ObjectId(owner["profile"]["id"]), pricing=pricing, capacity=Decimal128("500"))
    path = f"/venues/{venue['_id']}"
    tag = api.get(path).headers["ETag"]
    assert api.patch(path, {"venue_name": "Ruby"}, token=owner["token"], If_Match=tag).status == 200
    assert api.patch(path, {"venue_name": "Opal"}, token=owner["token"], If_Match=tag).status == 412
