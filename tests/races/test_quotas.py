"""Many requests at once never pass a quota of an account: feeds, webhooks, blocks and bytes of uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.accounts.block_store import MAX_BLOCKS
from halls.clock import utc_now
from halls.feeds.feed import MAX_FEEDS
from halls.mongo.client import connect
from halls.uploads.media import MIB
from halls.webhooks.webhook import MAX_WEBHOOKS
from tests.factories import upload_body
from tests.races.conftest import SETTINGS
from tests.races.race_client import Call, RaceClient, over_http
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.races.race_client import Account

REQUESTS, FREE, UPLOAD_MB = 12, 2, 4
# The collection, the field with the account, the most that an account may have, and the body of a request.
QUOTAS: dict[str, tuple[str, str, int, Any]] = {
    "POST /feeds": ("feeds", "user_id", MAX_FEEDS, {"kind": "guest"}),
    "POST /webhooks": ("webhooks", "user_id", MAX_WEBHOOKS, {"url": "http://127.0.0.1:9/"}),
    "PUT /auth/me/blocked/OTHER": ("blocked_accounts", "owner_id", MAX_BLOCKS, None),
    "POST /uploads/sign-s3": ("uploads", "owner_id", UPLOAD_MB, upload_body(size=MIB)),
}


@pytest.fixture(scope="module")
def quota_client(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RaceClient]:
    """A client of a server with two workers, which stores 4 MB of an owner."""
    uri = mongo_uri.replace("/halls?", "/quotas?")
    settings = {**SETTINGS, "MAX_UPLOAD_MB_PER_OWNER": str(UPLOAD_MB)}
    with running_server(mongo_uri=uri, folder=tmp_path_factory.mktemp("quotas"), **settings) as server:
        server.api.wait_until_ready()
        db = connect(uri)
        yield RaceClient(db, over_http(server.port))
        assert "Traceback" not in server.log_text()
    db.client.drop_database(db.name)
    db.client.close()


def fill_up(race_client: RaceClient, row: str, owner: Account) -> None:
    """Insert documents of the account, so that FREE more fit."""
    name, field, most, _ = QUOTAS[row]
    filler = {field: owner.id, "size": MIB, "since": utc_now()}
    documents = [{"_id": ObjectId(), "user_id": ObjectId(), "token": str(n), **filler} for n in range(most - FREE)]
    race_client.db[name].insert_many(documents)


@pytest.mark.parametrize("row", QUOTAS)
def test_many_requests_at_once_stay_within_the_quota(quota_client: RaceClient, row: str) -> None:
    name, field, most, body = QUOTAS[row]
    for _ in range(3):
        owner = quota_client.account(owner=True)
        fill_up(quota_client, row, owner)
        method, path = row.split(" ")
        calls = [Call(method, path.replace("OTHER", str(ObjectId())), owner.token, body) for _ in range(REQUESTS)]
        events = quota_client.at_once(*calls)
        assert quota_client.db[name].count_documents({field: owner.id}) == most
        outcomes = sorted(event.outcome for event in events)
        assert outcomes[FREE:] == ["409 limit_reached"] * (REQUESTS - FREE)
        quota_client.db[name].delete_many({})
