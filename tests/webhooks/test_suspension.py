"""What operators do with accounts and venues: `venue.changed` for the owner, and nothing for a suspended account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bson import ObjectId

from halls.accounts.suspension import restore_account, suspend_account
from halls.clock import utc_now
from halls.venues.hiding import set_hidden
from tests.factories import PASSWORD

if TYPE_CHECKING:
    from tests.webhooks.world import HookWorld


def id_of(world: HookWorld, token: str) -> ObjectId:
    """Return the id of an account."""
    return ObjectId(world.api.get("/auth/me", token=token).data["profile"]["id"])


def test_hiding_and_showing_tell_the_owner_each_once(world: HookWorld) -> None:
    world.hook(world.owner, "/owner")
    world.hook(world.guest, "/guest")
    for is_hidden in (True, True, False, False):
        set_hidden(world.db, ObjectId(world.venue_id), utc_now(), is_hidden=is_hidden)
    world.run()
    assert world.types("/owner") == ["venue.changed"] * 2
    assert [body["data"]["sequence"] for body in world.received("/owner")] == [1, 2]
    assert world.types("/guest") == []


def test_suspending_and_restoring_insert_an_event_for_each_venue(world: HookWorld) -> None:
    second = world.api.list_venue(world.owner)
    owner_id = id_of(world, world.owner)
    for change in (suspend_account, suspend_account, restore_account, restore_account):
        change(world.db, owner_id, utc_now())
    found = [(str(each["venue_id"]), each["type"]) for each in world.db.venue_events.find().sort("_id")]
    assert found == [(venue_id, "venue_changed") for venue_id in (world.venue_id, second)] * 2


def test_after_the_restoration_the_owner_is_told(world: HookWorld) -> None:
    world.hook(world.owner)
    owner_id = id_of(world, world.owner)
    suspend_account(world.db, owner_id, utc_now())
    world.run()
    assert world.receiver.requests == []
    restore_account(world.db, owner_id, utc_now())
    world.run()
    assert world.types() == ["venue.changed"]


def test_a_suspended_account_gets_no_events_and_the_other_side_does(world: HookWorld) -> None:
    world.hook(world.owner, "/owner")
    world.hook(world.guest, "/guest")
    booking_id = world.book()
    suspend_account(world.db, id_of(world, world.owner), utc_now())
    world.api.delete(f"/bookings/{booking_id}", token=world.guest)
    world.run()
    assert world.types("/guest") == ["booking.requested", "booking.cancelled"]
    assert world.types("/owner") == []


def test_deliveries_that_wait_at_the_suspension_fail_and_can_be_replayed(world: HookWorld) -> None:
    webhook_id = world.hook(world.guest)
    world.book()
    world.dispatch()
    guest_id = id_of(world, world.guest)
    suspend_account(world.db, guest_id, utc_now())
    world.send()
    (stored,) = world.deliveries()
    assert (stored["status"], stored["reason"]) == ("failed", "suspended")
    assert world.receiver.requests == []
    restore_account(world.db, guest_id, utc_now())
    email = world.db.users.find_one({"_id": guest_id})["email"]  # type: ignore[index] # exists
    token = world.api.post("/auth/login", {"email": email, "password": PASSWORD}).data["token"]
    replay = {"event_id": str(stored["event_id"])}
    assert world.api.post(f"/webhooks/{webhook_id}/replay", replay, token=token).data == {"count": 1}
    world.send()
    assert world.types() == ["booking.requested"]


def test_a_test_event_is_not_sent_for_a_suspended_account(world: HookWorld) -> None:
    webhook_id = world.hook(world.guest)
    world.api.post(f"/webhooks/{webhook_id}/test", None, token=world.guest)
    suspend_account(world.db, id_of(world, world.guest), utc_now())
    world.send()
    assert world.receiver.requests == []


def test_a_webhook_of_a_deleted_account_gets_nothing(world: HookWorld) -> None:
    """A web server of an older version deletes an account without its webhooks."""
    world.hook(world.guest, "/guest")
    world.book(3)
    world.dispatch()
    world.book(4)
    world.db.users.delete_one({"_id": id_of(world, world.guest)})
    world.run()
    assert world.receiver.requests == []
    assert [each["reason"] for each in world.deliveries()] == ["suspended"]
