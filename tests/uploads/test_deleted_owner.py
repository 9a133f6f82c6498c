"""Deleting an account deletes its uploads and makes its upload addresses invalid."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests
import time_machine

from halls.accounts.clearing import clear_deleted_accounts
from halls.clock import utc_now
from halls.uploads import cleanup
from tests.conftest import make_config
from tests.factories import PASSWORD
from tests.uploads.files import make_file, path_of, put, sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from halls.mongo.client import Db
    from tests.api_client import ApiClient
    from tests.uploads.seaweed import Seaweed


def upload(api: ApiClient, owner: str) -> Any:
    """Upload a picture to S3 or to this server. Return the response to the request for the address."""
    address = sign(api, owner)
    if path_of(address["upload_url"]).startswith("/uploads/local/"):
        assert put(api, address["upload_url"], make_file()).status == 200
    else:
        response = requests.put(address["upload_url"], data=make_file(), headers=address["headers"], timeout=30)
        assert response.status_code == 200
    return address


def delete(api: ApiClient, owner: str) -> None:
    """Delete an account."""
    assert api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=owner).status == 200


def test_the_files_of_a_deleted_account_are_deleted_from_this_server(
    api: ApiClient, owner: str, db: Db, tmp_path: Path
) -> None:
    other = api.owner()
    gone, kept = upload(api, owner), upload(api, other)
    delete(api, owner)
    clear_deleted_accounts(db, make_config(data_dir=tmp_path), lambda: False)
    assert api.get(path_of(gone["public_url"])).status == 404
    assert api.get(path_of(kept["public_url"])).status == 200
    assert db.uploads.count_documents({}) == 1


def test_a_signed_address_of_a_deleted_account_is_invalid(api: ApiClient, owner: str, store: Path) -> None:
    address = sign(api, owner)
    delete(api, owner)
    answer = put(api, address["upload_url"], make_file())
    assert (answer.status, answer.code) == (403, "bad_signature")
    assert not list(store.rglob("*.jpg"))


def test_a_signed_address_of_a_suspended_account_is_invalid(api: ApiClient, owner: str, db: Db) -> None:
    address = sign(api, owner)
    db.users.update_many({}, {"$set": {"suspended_at": utc_now()}})
    assert put(api, address["upload_url"], make_file()).code == "bad_signature"


@pytest.mark.parametrize(
    "ends_tokens",
    [
        lambda api, owner: api.post("/auth/logout", {"everywhere": True}, token=owner),
        lambda api, owner: api.post(
            "/auth/change-password", {"password": PASSWORD, "new_password": "another horse 8"}, token=owner
        ),
    ],
    ids=["logout everywhere", "new password"],
)
def test_a_signed_address_is_invalid_after_the_tokens_of_its_account_ended(
    api: ApiClient, owner: str, store: Path, ends_tokens: Callable[..., Any]
) -> None:
    old = sign(api, owner)
    assert ends_tokens(api, owner).status == 200
    answer = put(api, old["upload_url"], make_file())
    assert (answer.status, answer.code) == (403, "bad_signature")
    assert not list(store.rglob("*.jpg"))


def test_an_account_whose_tokens_have_ended_uploads_with_a_new_token(api: ApiClient, owner: str) -> None:
    passwords = {"password": PASSWORD, "new_password": "another horse 8"}
    upload(api, api.post("/auth/change-password", passwords, token=owner).data["token"])


def test_a_file_that_arrives_after_the_first_deletion_is_deleted_an_hour_later(
    api: ApiClient, owner: str, db: Db, store: Path, tmp_path: Path
) -> None:
    address, config = upload(api, owner), make_config(data_dir=tmp_path)
    delete(api, owner)
    clear_deleted_accounts(db, config, lambda: False)
    late = store / path_of(address["public_url"]).removeprefix("/media/")
    late.parent.mkdir()
    late.write_bytes(b"an upload that was running")
    with time_machine.travel(utc_now() + timedelta(minutes=61)):
        clear_deleted_accounts(db, config, lambda: False)
    assert not late.exists()
    assert db.account_deletions.count_documents({}) == 0


def test_the_files_of_a_deleted_account_are_deleted_from_s3(
    make_api: Callable[..., ApiClient], seaweed: Seaweed, db: Db, tmp_path: Path
) -> None:
    api = make_api(**seaweed.settings)
    owner, other = api.owner(), api.owner()
    gone, kept, late = upload(api, owner), upload(api, other), sign(api, owner)
    delete(api, owner)
    config = make_config(data_dir=tmp_path, **seaweed.settings)
    clear_deleted_accounts(db, config, lambda: False)
    assert requests.get(gone["public_url"], timeout=30).status_code == 404
    # S3 knows no accounts: the address works until it expires. The file is deleted an hour after the account.
    assert requests.put(late["upload_url"], data=make_file(), headers=late["headers"], timeout=30).status_code == 200
    # Not a jump of the clock: S3 rejects requests with another time.
    earlier = utc_now() - timedelta(minutes=61)
    db.account_deletions.update_many({}, {"$set": {"deleted_at": earlier, "due_at": earlier}})
    clear_deleted_accounts(db, config, lambda: False)
    assert requests.get(late["public_url"], timeout=30).status_code == 404
    assert requests.get(kept["public_url"], timeout=30).status_code == 200


def test_a_venue_of_another_owner_keeps_no_file_alive(api: ApiClient, owner: str, db: Db, tmp_path: Path) -> None:
    other, address = api.owner(), upload(api, owner)
    api.list_venue(other, pictures=[address["public_url"]])
    config, now = make_config(data_dir=tmp_path), utc_now()
    assert cleanup.clean_up_uploads(db, config, now + timedelta(hours=25)) == 1
    assert api.get(path_of(address["public_url"])).status == 404


@pytest.mark.parametrize("hours", [23, 25])
def test_an_unused_file_on_s3_is_deleted_after_a_day(
    make_api: Callable[..., ApiClient], seaweed: Seaweed, db: Db, tmp_path: Path, hours: int
) -> None:
    api = make_api(**seaweed.settings)
    owner = api.owner()
    unused, used = upload(api, owner), upload(api, owner)
    venue_id = api.list_venue(owner, pictures=[used["public_url"]])
    config, now = make_config(data_dir=tmp_path, **seaweed.settings), utc_now()
    cleanup.clean_up_uploads(db, config, now + timedelta(hours=hours))
    assert requests.get(unused["public_url"], timeout=30).status_code == (200 if hours == 23 else 404)
    assert requests.get(used["public_url"], timeout=30).status_code == 200
    # Its day begins when no venue has it.
    api.patch(f"/venues/{venue_id}", {"pictures": []}, token=owner)
    for later, status in ((hours, 200), (hours + 23, 200), (hours + 25, 404)):
        cleanup.clean_up_uploads(db, config, now + timedelta(hours=later))
        assert requests.get(used["public_url"], timeout=30).status_code == status
