"""Tests of MAX_UPLOAD_MB_PER_OWNER, which is counted when an upload address is signed."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from halls.clock import utc_now
from halls.uploads import cleanup, service, store
from tests.accounts.concurrency import at_once
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.factories import upload_body
from tests.uploads.files import make_file, put, sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from bson import ObjectId
    from flask import Flask

    from halls.mongo.client import Db, Session

MIB = 1024 * 1024


def ask(api: ApiClient, owner: str, size: int) -> int:
    """Ask for an upload address. Return the status."""
    return api.post("/uploads/sign-s3", upload_body(size=size), token=owner).status


def test_addresses_above_the_quota_are_409_and_the_message_says_what_to_do(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(max_upload_mb_per_owner=20)
    owner, other = api.owner(), api.owner()
    assert [ask(api, owner, 10 * MIB) for _ in range(2)] == [200, 200]
    answer = api.post("/uploads/sign-s3", upload_body(size=1), token=owner)
    assert (answer.status, answer.code) == (409, "limit_reached")
    assert answer.json["error"].startswith("Your pictures and videos take 20 of the 20 MB that an account may use")
    assert "Remove some from your venues" in answer.json["error"]
    assert ask(api, other, 10 * MIB) == 200


def test_many_tiny_files_count_as_64_kib_each(make_api: Callable[..., ApiClient], db: Db) -> None:
    api = make_api(max_upload_mb_per_owner=1)
    owner = api.owner()
    assert [ask(api, owner, 1) for _ in range(20)] == [200] * 16 + [409] * 4
    assert db.uploads.count_documents({}) == 16


def test_zero_is_no_limit(make_api: Callable[..., ApiClient]) -> None:
    api = make_api(max_upload_mb_per_owner=0)
    owner = api.owner()
    assert {ask(api, owner, 10 * MIB) for _ in range(60)} == {200}


def test_the_default_is_500_mb() -> None:
    assert make_config().max_upload_mb_per_owner == 500


def test_a_file_counts_until_the_cleanup_deletes_it(make_api: Callable[..., ApiClient], db: Db, tmp_path: Path) -> None:
    api = make_api(max_upload_mb_per_owner=1)
    owner, config, now = api.owner(), make_config(data_dir=tmp_path), utc_now()
    file = make_file("video/mp4", MIB)
    address = sign(api, owner, "video/mp4", MIB)
    assert put(api, address["upload_url"], file, "video/mp4").status == 200
    venue_id = api.list_venue(owner, videos=[{"url": address["public_url"], "size_mb": 1}])
    for hours in (30, 60):
        cleanup.clean_up_uploads(db, config, now + timedelta(hours=hours))
        assert ask(api, owner, 1) == 409
    api.patch(f"/venues/{venue_id}", {"videos": []}, token=owner)
    cleanup.clean_up_uploads(db, config, now + timedelta(hours=61))
    assert ask(api, owner, 1) == 409
    cleanup.clean_up_uploads(db, config, now + timedelta(hours=86))
    cleanup.clean_up_uploads(db, config, now + timedelta(hours=87))
    assert ask(api, owner, 1) == 200


def test_an_address_that_was_not_used_counts_for_an_hour(
    make_api: Callable[..., ApiClient], db: Db, tmp_path: Path
) -> None:
    api = make_api(max_upload_mb_per_owner=1)
    owner, config, now = api.owner(), make_config(data_dir=tmp_path), utc_now()
    assert ask(api, owner, MIB) == 200
    for minutes, status in ((59, 409), (61, 200)):
        cleanup.clean_up_uploads(db, config, now + timedelta(minutes=minutes))
        assert ask(api, owner, 1) == status


def sign_at_once(app: Flask, api: ApiClient) -> list[int]:
    """Ask for ten addresses at once, of which one fits. Return the statuses."""
    owner = api.owner()
    return sorted(at_once([lambda: ask(ApiClient(app.test_client()), owner, MIB)] * 10))


def test_of_concurrent_requests_only_as_many_as_fit_get_an_address(
    app: Flask, make_api: Callable[..., ApiClient]
) -> None:
    assert sign_at_once(app, make_api(max_upload_mb_per_owner=1)) == [200, *[409] * 9]


def test_control_without_locking_the_account_several_get_an_address(
    app: Flask, make_api: Callable[..., ApiClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    count_bytes, all_have_counted = store.count_bytes, threading.Barrier(10, timeout=30)

    def count_together(db: Db, owner_id: ObjectId, session: Session) -> int:
        used = count_bytes(db, owner_id, session)
        all_have_counted.wait()
        return used

    monkeypatch.setattr(service, "lock_account", lambda *_: None)
    monkeypatch.setattr(store, "count_bytes", count_together)
    assert sign_at_once(app, make_api(max_upload_mb_per_owner=1)) == [200] * 10
