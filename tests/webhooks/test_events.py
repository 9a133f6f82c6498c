"""Which events are delivered to whom, and what their bodies contain. An independent library verifies each signature."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bson import ObjectId
from standardwebhooks import Webhook, WebhookVerificationError

from halls.bookings.holds import expire_holds
from halls.clock import utc_now
from halls.venues.service import change_venue
from halls.webhooks import dispatch
from halls.webhooks.sender import send_due_deliveries
from halls.webhooks.signing import make_secret
from tests.conftest import make_config
from tests.factories import day, insert_booking

if TYPE_CHECKING:
    from tests.webhooks.world import HookWorld


def test_owner_and_guest_get_the_events_of_a_booking(world: HookWorld) -> None:
    world.hook(world.owner, "/owner")
    world.hook(world.guest, "/guest")
    booking_id = world.book()
    world.api.patch(f"/bookings/{booking_id}", {"guests": 50}, token=world.guest)
    world.api.patch(f"/bookings/{booking_id}", {"status": "confirmed"}, token=world.owner)
    world.api.patch(f"/bookings/{booking_id}", {"notes": "Two stages"}, token=world.guest)
    world.api.delete(f"/bookings/{booking_id}", token=world.guest)
    world.run()
    expected = [
        ("booking.requested", None, "pending", "guest", 1),
        ("booking.changed", "pending", "pending", "guest", 2),
        ("booking.confirmed", "pending", "confirmed", "owner", 3),
        ("booking.changed", "confirmed", "confirmed", "guest", 4),
        ("booking.cancelled", "confirmed", "cancelled", "guest", 5),
    ]
    for path in ("/owner", "/guest"):
        bodies = world.received(path)
        names = ("previous_status", "status", "by", "sequence")
        assert [(body["type"], *(body["data"][name] for name in names)) for body in bodies] == expected
        for body, request in zip(bodies, [each for each in world.receiver.requests if each.path == path], strict=True):
            assert body.keys() == {"type", "timestamp", "data"}
            assert body["data"]["event_id"] == request.headers["webhook-id"]
            assert (body["data"]["booking_id"], body["data"]["venue_id"]) == (booking_id, world.venue_id)
            assert body["data"]["date"] == day(3)
            assert "Ali" not in str(body)


def test_declined_and_expired_have_their_own_types(world: HookWorld) -> None:
    world.hook(world.owner, events=["booking.declined", "booking.expired"])
    world.api.patch(f"/bookings/{world.book(3)}", {"status": "cancelled"}, token=world.owner)
    world.book(4)
    world.db.bookings.update_many({"status": "pending"}, {"$set": {"hold_until": utc_now() - timedelta(hours=1)}})
    expire_holds(world.db, utc_now(), lambda: False)
    world.run()
    assert sorted(world.types()) == ["booking.declined", "booking.expired"]


def test_a_walk_in_is_confirmed_and_only_the_owner_is_told(world: HookWorld) -> None:
    world.hook(world.owner)
    booking_id = ObjectId(world.book())
    owner_id = world.db.venues.find_one()["owner_id"]  # type: ignore[index] # exists
    walk_in = {"is_walk_in": True, "user_id": owner_id, "status": "confirmed"}
    world.db.bookings.update_one({"_id": booking_id}, {"$set": walk_in})
    world.run()
    (body,) = world.received()
    assert (body["type"], body["data"]["status"]) == ("booking.confirmed", "confirmed")


def test_an_owner_gets_an_event_of_the_own_booking_once(world: HookWorld) -> None:
    world.hook(world.owner)
    world.api.book(world.owner, world.venue_id, day(3))
    world.run()
    assert world.types() == ["booking.requested"]


def test_changes_of_a_venue_go_to_its_owner_only(world: HookWorld) -> None:
    world.hook(world.owner, "/owner")
    world.hook(world.guest, "/guest")
    path = f"/venues/{world.venue_id}"
    world.api.patch(path, {"capacity": 300}, token=world.owner)
    world.api.patch(path, {"is_listed": False}, token=world.owner)
    world.api.delete(path, token=world.owner)
    world.run()
    assert world.types("/owner") == ["venue.changed", "venue.changed", "venue.removed"]
    assert world.types("/guest") == []
    data = [body["data"] for body in world.received("/owner")]
    assert [each["sequence"] for each in data] == [1, 2, 3]
    assert {each["venue_id"] for each in data} == {world.venue_id}
    assert {each["booking_id"] for each in data} == {None}


def test_a_change_that_was_rolled_back_has_no_event(world: HookWorld) -> None:
    world.hook(world.owner)
    world.book(3)
    assert world.api.patch(f"/venues/{world.venue_id}", {"dates_available": []}, token=world.owner).status == 409
    world.run()
    assert world.types() == ["booking.requested"]


def test_full_events_have_the_booking_as_the_account_reads_it(world: HookWorld) -> None:
    world.hook(world.owner, "/owner", payload="full")
    world.hook(world.guest, "/guest", payload="full")
    booking_id = world.book()
    world.run()
    for path, token in (("/owner", world.owner), ("/guest", world.guest)):
        shown = world.api.get(f"/bookings/{booking_id}", token=token).data["booking"]
        assert world.received(path)[0]["data"]["booking"] == shown
    assert world.received("/owner")[0]["data"]["booking"]["guest"]["full_name"] == "Ali Khan"


def test_a_full_event_tells_nothing_to_an_account_that_lost_the_venue(world: HookWorld) -> None:
    world.hook(world.owner, "/owner", payload="full")
    world.hook(world.guest, "/guest", payload="full")
    world.book()
    world.dispatch()
    world.db.venues.update_many({}, {"$set": {"owner_id": ObjectId()}})
    world.send()
    assert world.received("/owner")[0]["data"]["booking"] is None
    assert world.received("/guest")[0]["data"]["booking"] is not None


def test_a_full_event_of_a_deleted_booking_has_no_booking(world: HookWorld) -> None:
    world.hook(world.guest, payload="full")
    world.book()
    world.dispatch()
    world.db.bookings.delete_many({})
    world.send()
    assert world.received()[0]["data"]["booking"] is None


def test_a_webhook_gets_only_the_events_that_it_wants(world: HookWorld) -> None:
    world.hook(world.owner, "/a", events=["booking.cancelled"])
    off = world.hook(world.owner, "/b")
    world.api.patch(f"/webhooks/{off}", {"is_active": False}, token=world.owner)
    world.api.delete(f"/bookings/{world.book()}", token=world.guest)
    world.run()
    assert world.types("/a") == ["booking.cancelled"]
    assert world.types("/b") == []


def test_a_test_event_goes_also_to_a_webhook_that_is_off(world: HookWorld) -> None:
    path = f"/webhooks/{world.hook(world.owner, events=['venue.changed'], payload='full')}"
    world.api.patch(path, {"is_active": False}, token=world.owner)
    sent = world.api.post(f"{path}/test", None, token=world.owner)
    assert sent.status == 202
    world.run()
    (body,) = world.received()
    assert (body["type"], body["data"]["event_id"]) == ("webhook.test", sent.data["event_id"])


def test_a_repeated_dispatch_makes_no_second_delivery(world: HookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.hook(world.owner)
    world.book()
    world.api.patch(f"/venues/{world.venue_id}", {"capacity": 300}, token=world.owner)
    with monkeypatch.context() as patch:
        patch.setattr(dispatch.notification_store, "mark_event_dispatched", lambda *_: None)
        patch.setattr(dispatch.venue_events, "mark_venue_event_dispatched", lambda *_: None)
        world.dispatch()
    world.dispatch()
    world.dispatch()
    assert len(world.deliveries()) == 2
    assert world.db.events.count_documents({"undispatched": True}) == 0
    assert world.db.venue_events.count_documents({"undispatched": True}) == 0


def test_a_worker_that_stops_leaves_the_events_to_the_next_one(world: HookWorld) -> None:
    world.hook(world.owner)
    world.book()
    dispatch.dispatch_events(world.db, make_config(), lambda: True)
    assert world.deliveries() == []
    world.run()
    assert world.types() == ["booking.requested"]


def test_an_event_without_a_webhook_is_dispatched(world: HookWorld) -> None:
    world.book()
    world.run()
    assert world.db.events.count_documents({"undispatched": True}) == 0


def test_more_events_than_a_batch_are_dispatched(world: HookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "BATCH", 2)
    world.hook(world.owner)
    for ahead in range(2, 7):
        world.book(ahead)
    world.run()
    assert world.types() == ["booking.requested"] * 5


@pytest.mark.parametrize("fields", [{"type": 7, "by": [], "date": None, "venue_id": 1, "at": "now", "changes": 3}])
def test_an_event_with_odd_values_is_delivered(world: HookWorld, fields: Any) -> None:
    world.hook(world.guest)
    world.book()
    world.db.events.update_many({}, {"$set": fields})
    world.run()
    assert world.types() == ["booking.changed"]


def test_an_event_of_a_booking_that_an_external_writer_deleted_is_dropped(world: HookWorld) -> None:
    world.hook(world.guest)
    world.book()
    world.db.bookings.delete_many({})
    world.run()
    assert world.types() == []
    assert world.db.events.count_documents({"undispatched": True}) == 0


def test_a_changed_venue_of_an_external_writer_has_an_event(world: HookWorld) -> None:
    world.hook(world.owner)
    world.db.venues.update_many({}, {"$set": {"rev": "old"}})
    venue: Any = world.db.venues.find_one()
    change_venue(world.db, venue, {"capacity": 5}, utc_now())
    insert_booking(world.db, venue["_id"], ObjectId())
    world.run()
    assert world.types() == ["venue.changed"]


def test_after_a_rotation_both_secrets_sign_for_a_day(world: HookWorld) -> None:
    path = f"/webhooks/{world.hook(world.owner)}"
    first = world.secrets["/"]
    second = world.api.post(f"{path}/rotate-secret", None, token=world.owner).data["secret"]
    third = world.api.post(f"{path}/rotate-secret", None, token=world.owner).data["secret"]
    assert len({first, second, third}) == 3
    world.api.post(f"{path}/test", None, token=world.owner)
    world.run()
    (request,) = world.receiver.requests
    for secret in (first, second, third):
        Webhook(secret).verify(request.body, request.headers)
    world.receiver.requests.clear()
    with time_machine.travel(utc_now() + timedelta(hours=24, minutes=1), tick=False):
        world.api.post(f"{path}/test", None, token=world.owner)
        world.run()
        (request,) = world.receiver.requests
        Webhook(third).verify(request.body, request.headers)
        for secret in (first, second):
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(request.body, request.headers)


def test_a_secret_outlives_a_new_jwt_secret(world: HookWorld) -> None:
    path = f"/webhooks/{world.hook(world.owner)}"
    world.api.post(f"{path}/test", None, token=world.owner)
    # The list is separated by blanks, and the secret of the tests contains blanks.
    old, webhook = "o" * 40, world.stored(path.rpartition("/")[2])
    world.secrets["/"] = make_secret(old, webhook["_id"], 1)
    send_due_deliveries(world.db, make_config(jwt_secret="n" * 40, jwt_old_secrets=old), lambda: False)
    assert world.types() == ["webhook.test"]
