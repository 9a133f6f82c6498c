"""Creating, changing, rotating and deleting webhooks: their limits, secrets and access."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from halls.accounts.clearing import clear_deleted_accounts
from halls.clock import utc_now
from halls.server.startup import make_server_app
from halls.webhooks import service, store
from halls.webhooks.webhook import EVENTS, WebhookNotFound
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.contract_routes import NO_ID
from tests.factories import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db
    from tests.webhooks.world import HookWorld

FIELDS = {"id", "url", "events", "payload", "is_active", "description", "created_at"}


def test_a_new_webhook_tells_its_secret_once(world: HookWorld) -> None:
    url = world.receiver.url("/halls")
    made = world.api.post("/webhooks", {"url": url, "description": "Our ERP"}, token=world.owner)
    assert made.status == 201
    assert made.data.keys() == {"webhook_id", "secret", "webhook"}
    assert made.data["secret"].startswith("whsec_")
    shown = made.data["webhook"]
    assert shown.keys() == FIELDS
    assert (shown["url"], shown["events"], shown["payload"], shown["is_active"]) == (url, list(EVENTS), "ids", True)
    listed = world.api.get("/webhooks", token=world.owner)
    assert listed.data == {"webhooks": [shown]}
    secret = made.data["secret"].removeprefix("whsec_")
    assert secret not in listed.text + str(list(world.db.webhooks.find()))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": "https://127.0.0.1/" + "a" * 1_000}, "url"),
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "https://u:p@127.0.0.1/"}, "url"),
        ({"url": "https://no-such-name.invalid/"}, "url"),
        ({"url": "http://127.0.0.1/", "events": []}, "events"),
        ({"url": "http://127.0.0.1/", "events": ["booking.paid"]}, "events.0"),
        ({"url": "http://127.0.0.1/", "events": ["webhook.test"]}, "events.0"),
        ({"url": "http://127.0.0.1/", "events": ["venue.changed", "venue.changed"]}, "events"),
        ({"url": "http://127.0.0.1/", "payload": "all"}, "payload"),
        ({"url": "http://127.0.0.1/", "description": "x" * 201}, "description"),
        ({"url": "http://127.0.0.1/", "secret": "x"}, "secret"),
    ],
)
def test_an_invalid_webhook_is_rejected_and_the_field_is_named(world: HookWorld, body: Any, field: str) -> None:
    answer = world.api.post("/webhooks", body, token=world.owner)
    assert (answer.status, answer.fields) == (422, [field])


def test_an_account_has_at_most_five_webhooks(world: HookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        world.hook(world.owner)
    full = world.api.post("/webhooks", {"url": world.receiver.url()}, token=world.owner)
    assert (full.status, full.code) == (409, "limit_reached")
    # A slow name server of an account without room takes no thread.
    monkeypatch.setattr(service, "check_url", lambda *_, **__: pytest.fail("looked up"))
    assert world.api.post("/webhooks", {"url": "https://slow.example/"}, token=world.owner).code == "limit_reached"


def test_a_change_replaces_only_the_given_fields(world: HookWorld) -> None:
    path = f"/webhooks/{world.hook(world.owner, description='A')}"
    change = {"events": ["venue.changed"], "payload": "full", "is_active": False, "url": world.receiver.url("/b")}
    changed = world.api.patch(path, change, token=world.owner).data["webhook"]
    assert {name: changed[name] for name in change} == change
    assert changed["description"] == "A"
    assert world.api.patch(path, {"description": None}, token=world.owner).data["webhook"]["description"] is None
    assert world.api.patch(path, {}, token=world.owner).status == 422
    for name in ("url", "events", "payload", "is_active"):
        assert world.api.patch(path, {name: None}, token=world.owner).fields == [name]
    assert world.api.patch(path, {"url": "https://10.0.0.1/"}, token=world.owner).fields == ["url"]


def test_only_its_account_has_access_to_a_webhook(world: HookWorld) -> None:
    path = f"/webhooks/{world.hook(world.owner)}"
    requests: list[tuple[str, str, Any]] = [
        ("PATCH", "", {"is_active": False}),
        ("DELETE", "", None),
        ("POST", "/rotate-secret", None),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
        ("POST", "/replay", {"event_id": NO_ID}),
    ]
    for method, action, body in requests:
        answer = world.api.send(method, path + action, body, token=world.guest)
        assert (answer.status, answer.code) == (403, "not_yours"), (method, action)
        unknown = world.api.send(method, f"/webhooks/{NO_ID}{action}", body, token=world.owner)
        assert (unknown.status, unknown.code) == (404, "not_found"), (method, action)
    assert world.api.get("/webhooks", token=world.guest).data == {"webhooks": []}


def test_a_deleted_webhook_and_its_deliveries_are_gone(world: HookWorld) -> None:
    path = f"/webhooks/{world.hook(world.owner)}"
    world.api.post(f"{path}/test", None, token=world.owner)
    assert world.api.delete(path, token=world.owner).data == {"deleted": True}
    assert world.api.delete(path, token=world.owner).code == "not_found"
    assert world.deliveries() == []


def test_webhooks_and_deliveries_end_with_their_account(world: HookWorld, tmp_path: Path) -> None:
    world.hook(world.owner)
    kept = world.hook(world.guest)
    world.book()
    world.dispatch()
    assert len(world.deliveries()) == 2
    (delivery,) = [each for each in world.deliveries() if str(each["webhook_id"]) == kept]
    world.api.delete(f"/bookings/{delivery['data']['booking_id']}", token=world.guest)
    assert world.api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=world.owner).status == 200
    clear_deleted_accounts(world.db, make_config(data_dir=tmp_path), lambda: False)
    assert [str(each["_id"]) for each in world.db.webhooks.find()] == [kept]
    assert {str(each["webhook_id"]) for each in world.deliveries()} == {kept}


def test_of_two_concurrent_rotations_the_second_fails(world: HookWorld) -> None:
    webhook = world.stored(world.hook(world.owner))
    assert store.replace_secret(world.db, webhook, utc_now()) == 2
    with pytest.raises(WebhookNotFound):
        store.replace_secret(world.db, webhook, utc_now())
    with pytest.raises(WebhookNotFound):
        store.update_webhook(world.db, world.db.users.find_one()["_id"], {"is_active": True})  # type: ignore[index] # exists


def test_many_rotations_keep_few_old_secrets(world: HookWorld) -> None:
    webhook_id = world.hook(world.owner)
    for _ in range(30):
        world.secrets["/"] = world.api.post(f"/webhooks/{webhook_id}/rotate-secret", None, token=world.owner).data[
            "secret"
        ]
    assert [old["version"] for old in world.stored(webhook_id)["old_secrets"]] == [27, 28, 29, 30]
    world.api.post(f"/webhooks/{webhook_id}/test", None, token=world.owner)
    world.send()
    (request,) = world.receiver.requests
    world.verify(request)
    assert len(request.headers["webhook-signature"]) < 300


def test_rotations_are_limited(worker_uri: str, db: Db) -> None:  # noqa: ARG001 - empties the database
    app = make_server_app(make_config(mongo_uri=worker_uri, rate_limits="on", rate_limit_storage_uri="memory://"))
    api = ApiClient(app.test_client())
    token = api.guest()
    webhook_id = api.post("/webhooks", {"url": "http://127.0.0.1:9/"}, token=token).data["webhook_id"]
    statuses = [api.post(f"/webhooks/{webhook_id}/rotate-secret", None, token=token).status for _ in range(20)]
    assert statuses == [200] * 19 + [429]
    app.extensions["halls"].db.client.close()


def test_deliveries_are_listed_by_page_and_status(world: HookWorld) -> None:
    path = f"/webhooks/{world.hook(world.owner)}"
    events = [world.api.post(f"{path}/test", None, token=world.owner).data["event_id"] for _ in range(3)]
    first = world.api.get(f"{path}/deliveries?limit=2", token=world.owner).data
    rest = world.api.get(f"{path}/deliveries?limit=2&cursor={first['next_cursor']}", token=world.owner).data
    listed = first["deliveries"] + rest["deliveries"]
    assert [each["event_id"] for each in listed] == events[::-1]
    assert rest["next_cursor"] is None
    fields = ("id", "event_id", "type", "status", "tries", "last_status", "last_ms", "reason", "next_at", "created_at")
    assert listed[0].keys() == set(fields)
    assert (listed[0]["status"], listed[0]["tries"]) == ("pending", 0)
    world.send()
    assert world.api.get(f"{path}/deliveries?status=pending", token=world.owner).data["deliveries"] == []
    done = world.api.get(f"{path}/deliveries?status=delivered", token=world.owner).data["deliveries"]
    assert [(each["last_status"], each["reason"], each["next_at"]) for each in done] == [(204, None, None)] * 3
    assert world.api.get(f"{path}/deliveries?status=lost", token=world.owner).fields == ["status"]
    cursor = first["next_cursor"]
    assert world.api.get(f"{path}/deliveries?status=failed&cursor={cursor}", token=world.owner).fields == ["cursor"]
