"""Tests of uploads to the local storage: it stores only the file that its URL was signed for."""

from __future__ import annotations

import io
import os
import resource
import shutil
from collections import namedtuple
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from halls.clock import utc_now
from halls.http.body_stream import PIECE_BYTES
from halls.uploads import local_storage
from halls.uploads.local_storage import UploadTicket, sign_local_put
from halls.uploads.media import CONTENT_TYPES, is_picture, new_key
from halls.uploads.pictures import clean_picture
from tests.conftest import make_config
from tests.uploads.files import make_file, path_of, put, sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.api_client import ApiClient

MIB = 1024 * 1024
OWNER_ID = "0123456789abcdef01234567"
DiskUsage = namedtuple("DiskUsage", "total used free")  # noqa: PYI024 - the type that shutil.disk_usage returns


def stored_files(store: Path) -> list[Path]:
    """Return all files in the storage folder, including unfinished uploads."""
    return [path for path in store.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_file_of_each_type_is_uploaded_and_served(api: ApiClient, owner: str, store: Path, content_type: str) -> None:
    file = make_file(content_type, 3 * PIECE_BYTES + 5)
    address = sign(api, owner, content_type, len(file))
    answer = put(api, address["upload_url"], file, content_type)
    assert answer.status == 200
    assert answer.data == {"public_url": address["public_url"]}
    response = api.get(path_of(address["public_url"]))
    assert (response.status, response.headers["Content-Type"]) == (200, content_type)
    assert response.content == (clean_picture(file, content_type) if is_picture(content_type) else file)
    assert len(stored_files(store)) == 1


def test_venue_accepts_the_public_url(api: ApiClient, owner: str) -> None:
    picture, video = sign(api, owner)["public_url"], sign(api, owner, "video/mp4")["public_url"]
    venue_id = api.list_venue(owner, pictures=[picture], videos=[{"url": video, "size_mb": 0.1}])
    assert api.get(f"/venues/{venue_id}").data["venue"]["pictures"] == [picture]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"),
        lambda url: url.replace("/1000/", "/1001/"),
        lambda url: url.replace("/1000/", "/01000/"),
        lambda url: url.replace(".jpg/", ".png/"),
        lambda url: url.replace("/venues/", "/venues/../venues/"),
        lambda url: url.replace("/venues/", "/venues/f"),
        lambda url: url.rpartition("/")[0],
        lambda url: url.rpartition("/")[0] + "/" + "٣" * 64,
        lambda url: url + "/",
        lambda url: url[:36] + "x",
    ],
)
def test_tampered_url_is_rejected(api: ApiClient, owner: str, store: Path, tamper: Callable[[str], str]) -> None:
    answer = put(api, tamper(sign(api, owner)["upload_url"]), make_file())
    assert (answer.status, answer.code) == (403, "bad_signature")
    assert stored_files(store) == []


def test_changed_owner_or_expiry_invalidates_the_signature(api: ApiClient, owner: str) -> None:
    *start, owner_id, name, size, expires, signature = sign(api, owner)["upload_url"].split("/")
    for forged in (
        [*start, OWNER_ID, name, size, expires, signature],
        [*start, owner_id, name, size, str(int(expires) + 1), signature],
    ):
        assert put(api, "/".join(forged), make_file()).code == "bad_signature"


def test_signature_requires_the_secret_of_the_server(api: ApiClient, owner: str) -> None:
    owner_id = api.get("/auth/me", token=owner).data["profile"]["id"]
    key, later = new_key(owner_id, "image/jpeg"), utc_now() + timedelta(minutes=5)
    address, _ = sign_local_put(
        make_config(jwt_secret="another secret, as long as it is"), UploadTicket(key, 1_000), later
    )
    assert put(api, address, make_file()).code == "bad_signature"
    address, _ = sign_local_put(make_config(), UploadTicket(key, 1_000), later)
    assert put(api, address, make_file()).status == 200


def test_expired_url_is_rejected(api: ApiClient, store: Path) -> None:
    key, now = new_key(OWNER_ID, "image/jpeg"), utc_now()
    address, _ = sign_local_put(make_config(), UploadTicket(key, 1_000), now - timedelta(seconds=1))
    answer = put(api, address, make_file())
    assert (answer.status, answer.code) == (403, "bad_signature")
    assert stored_files(store) == []


@pytest.mark.parametrize("content_type", ["image/jpeg", "video/mp4"])
def test_same_file_may_be_sent_again_and_a_different_file_is_rejected(
    api: ApiClient, owner: str, store: Path, content_type: str
) -> None:
    address = sign(api, owner, content_type)
    file, other = make_file(content_type), make_other_file(content_type)
    assert put(api, address["upload_url"], file, content_type).status == 200
    # A client sends the file again after a lost response.
    assert put(api, address["upload_url"], file, content_type).data == {"public_url": address["public_url"]}
    stored = [path.read_bytes() for path in stored_files(store)]
    answer = put(api, address["upload_url"], other, content_type)
    assert (answer.status, answer.code) == (403, "bad_signature")
    assert [path.read_bytes() for path in stored_files(store)] == stored


def make_other_file(content_type: str) -> bytes:
    """Return another file of the size of `make_file`."""
    if content_type == "video/mp4":
        return make_file(content_type)[:-1] + b"!"
    file = io.BytesIO()
    Image.new("RGB", (16, 14), "red").save(file, "jpeg")
    return file.getvalue().ljust(1_000)


@pytest.mark.parametrize("sent_type", ["image/png", "image/jpeg; charset=utf-8", "text/html", ""])
def test_different_content_type_is_rejected(api: ApiClient, owner: str, store: Path, sent_type: str) -> None:
    answer = put(api, sign(api, owner)["upload_url"], make_file(), sent_type)
    assert (answer.status, answer.code) == (415, "not_json")
    assert stored_files(store) == []


def test_compressed_body_is_rejected(api: ApiClient, owner: str) -> None:
    answer = put(api, sign(api, owner)["upload_url"], make_file(), Content_Encoding="gzip")
    assert (answer.status, answer.code) == (415, "not_json")


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a\x01\x00\x01\x00",
        make_file("image/jpeg"),
    ],
)
def test_content_of_a_different_type_is_rejected(api: ApiClient, owner: str, store: Path, content: bytes) -> None:
    content = content.ljust(1_000)
    answer = put(api, sign(api, owner, "image/png", 1_000)["upload_url"], content, "image/png")
    assert (answer.status, answer.code) == (415, "not_json")
    assert stored_files(store) == []


@pytest.mark.parametrize("states_length", [True, False])
@pytest.mark.parametrize(
    ("size", "status", "code"),
    [
        (0, 422, "validation_error"),
        (5, 415, "not_json"),
        (999, 422, "validation_error"),
        (1_000, 200, None),
        (1_001, 413, "body_too_large"),
        (PIECE_BYTES + 1_000, 413, "body_too_large"),
    ],
)
def test_only_the_signed_length_is_accepted(
    api: ApiClient, owner: str, store: Path, size: int, status: int, code: str | None, *, states_length: bool
) -> None:
    url = sign(api, owner, "image/webp")["upload_url"]
    file = make_file("image/webp", size) if size != 5 else b"RIFF "
    if states_length:
        answer = put(api, url, file, "image/webp")
        # A wrong Content-Length is rejected before the body is read.
        status, code = (422, "validation_error") if size == 5 else (status, code)
        assert (answer.status, answer.json.get("code")) == (status, code)
    else:
        # WSGI servers set these keys for a chunked body.
        chunked = {"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(file), "CONTENT_TYPE": "image/webp"}
        response = api.client.put(path_of(url), environ_overrides=chunked)
        assert (response.status_code, response.get_json().get("code")) == (status, code)
    assert len(stored_files(store)) == (status == 200)


def test_truncated_body_leaves_no_file(api: ApiClient, owner: str, store: Path) -> None:
    url = sign(api, owner, size=2 * PIECE_BYTES)["upload_url"]
    truncated = {"CONTENT_LENGTH": str(2 * PIECE_BYTES), "wsgi.input": io.BytesIO(make_file(size=PIECE_BYTES + 5))}
    response = api.client.put(path_of(url), environ_overrides={**truncated, "CONTENT_TYPE": "image/jpeg"})
    assert (response.status_code, response.get_json()["code"]) == (400, "bad_json")
    assert stored_files(store) == []


@pytest.mark.parametrize("spare_bytes", [-1, 0])
def test_upload_is_rejected_if_the_disk_is_nearly_full(
    api: ApiClient, owner: str, store: Path, monkeypatch: pytest.MonkeyPatch, spare_bytes: int
) -> None:
    url = sign(api, owner)["upload_url"]
    free = 5_000_000 + 1_000 + spare_bytes
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(100_000_000, 0, free))
    answer = put(api, url, make_file())
    assert answer.status == (200 if spare_bytes == 0 else 503)
    assert answer.json.get("code") == (None if spare_bytes == 0 else "not_configured")
    assert len(stored_files(store)) == (spare_bytes == 0)


@pytest.mark.parametrize("size", [2 * 64 * 1024, 2 * 64 * 1024 + 1])
def test_a_picture_that_grows_without_its_metadata_is_rejected(
    api: ApiClient, owner: str, store: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(local_storage, "clean_picture", lambda *_: bytes(size))
    answer = put(api, sign(api, owner)["upload_url"], make_file())
    is_small = size == 2 * 64 * 1024
    assert (answer.status, len(stored_files(store))) == ((200, 1) if is_small else (422, 0))


def test_disk_error_during_an_upload_returns_503_and_leaves_no_file(api: ApiClient, owner: str, store: Path) -> None:
    url = sign(api, owner, "video/mp4", 8 * MIB)["upload_url"]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MIB, hard))
    try:
        answer = put(api, url, make_file("video/mp4", 8 * MIB), "video/mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (answer.status, answer.code) == (503, "not_configured")
    assert "disk" in answer.json["error"]
    assert stored_files(store) == []


def test_file_is_synced_before_it_is_renamed(
    api: ApiClient, owner: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = sign(api, owner)
    renamed_files_at_fsync = []
    fsync = os.fsync

    def record_fsync(descriptor: int) -> None:
        renamed_files_at_fsync.append(len(list((store / "venues").rglob("*.jpg"))))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record_fsync)
    assert put(api, address["upload_url"], make_file()).status == 200
    assert renamed_files_at_fsync == [0, 1]


def test_upload_without_the_database_is_503_because_the_account_is_unknown(
    tmp_path: Path, owner: str, api: ApiClient
) -> None:
    from halls.app import create_app  # noqa: PLC0415 - an application whose database is never prepared

    address = sign(api, owner)
    app = create_app(make_config(mongo_uri="mongodb://127.0.0.1:9/halls", data_dir=tmp_path))
    response = app.test_client().put(
        path_of(address["upload_url"]), data=make_file(), headers={"Content-Type": "image/jpeg"}
    )
    assert (response.status_code, response.get_json()["code"]) == (503, "database_unavailable")
    app.extensions["halls"].db.client.close()
