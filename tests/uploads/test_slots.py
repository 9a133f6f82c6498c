"""Tests of upload slots: a few slow senders cannot take all request threads."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from bson import ObjectId

from halls.uploads import slots
from halls.uploads.local_storage import UploadTicket
from halls.uploads.media import new_key
from halls.uploads.slots import TooManyUploads, hold_slots
from tests.uploads.files import make_file, put, sign

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.api_client import ApiClient

OWNER_ID = "0123456789abcdef01234567"
HOLDER = """
import sys, time
from pathlib import Path
from halls.uploads.local_storage import UploadTicket
from halls.uploads.slots import hold_slots
with hold_slots(Path(sys.argv[1]), UploadTicket(sys.argv[2], 1)):
    print("held", flush=True)
    time.sleep(60)
"""


def ticket(owner_id: str = OWNER_ID) -> UploadTicket:
    """Return the ticket of a new address."""
    return UploadTicket(new_key(owner_id, "image/jpeg"), 1)


def test_an_address_takes_one_upload_at_a_time(tmp_path: Path) -> None:
    one = ticket()
    with hold_slots(tmp_path, one), pytest.raises(TooManyUploads), hold_slots(tmp_path, one):
        pass
    with hold_slots(tmp_path, one):
        pass


def test_an_owner_sends_two_files_at_a_time_and_others_are_free(tmp_path: Path) -> None:
    with hold_slots(tmp_path, ticket()), hold_slots(tmp_path, ticket()):
        with pytest.raises(TooManyUploads), hold_slots(tmp_path, ticket()):
            pass
        with hold_slots(tmp_path, ticket(str(ObjectId()))):
            pass
    assert list((tmp_path / slots.SLOTS).iterdir()) == []


def test_slots_count_over_processes_and_end_with_a_killed_one(tmp_path: Path) -> None:
    one = ticket()
    command = [sys.executable, "-c", HOLDER, str(tmp_path), one.key]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(TooManyUploads), hold_slots(tmp_path, one):
            pass
        holder.kill()
    with hold_slots(tmp_path, one):
        pass


def test_a_slot_whose_file_was_deleted_meanwhile_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = slots.lock_file
    deleted: list[Path] = []

    def delete_after_the_first_lock(path: Path) -> object:
        file = real(path)
        if not deleted:
            deleted.append(path)
            path.unlink()
        return file

    monkeypatch.setattr(slots, "lock_file", delete_after_the_first_lock)
    one = ticket()
    with hold_slots(tmp_path, one):
        monkeypatch.setattr(slots, "lock_file", real)
        with pytest.raises(TooManyUploads), hold_slots(tmp_path, one):
            pass


def test_ten_slow_uploads_of_one_address_hold_one_thread(api: ApiClient, owner: str) -> None:
    address, go_on, arrived = sign(api, owner, "video/mp4", 2_000), threading.Event(), threading.Event()
    file = make_file("video/mp4", 2_000)

    def send_slowly() -> Iterator[bytes]:
        yield file[:1_000]
        arrived.set()
        go_on.wait(60)
        yield file[1_000:]

    from halls.uploads import routes  # noqa: PLC0415 - its stream of the body is replaced

    real = routes.read_pieces
    statuses: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "read_pieces", lambda _: send_slowly())
        slow = threading.Thread(
            target=lambda: statuses.append(put(api, address["upload_url"], file, "video/mp4").status)
        )
        slow.start()
        assert arrived.wait(60)
        patch.setattr(routes, "read_pieces", real)
        answers = [put(api, address["upload_url"], file, "video/mp4") for _ in range(9)]
        assert {(answer.status, answer.code, answer.headers["Retry-After"]) for answer in answers} == {
            (429, "rate_limited", "5")
        }
        go_on.set()
        slow.join()
    assert statuses == [200]
