"""Upload slots: how many uploads run at once, over all processes of this machine. A few slow ones must not take all."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, BinaryIO

from halls.errors import RateLimited
from halls.files import lock_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from halls.uploads.local_storage import UploadTicket

SLOTS = "slots"
SLOTS_OF_OWNER = 2


class TooManyUploads(RateLimited):
    """The owner sends two files already, or this one."""

    message = "You can send two files at once, and each upload address one. Send this file when another has arrived."
    headers = {"Retry-After": "5"}  # noqa: RUF012 - declared a ClassVar by ApiError


@contextmanager
def hold_slots(folder: Path, ticket: UploadTicket) -> Iterator[None]:
    """Hold the slot of the upload address and one of its owner's. Raises TooManyUploads.

    The slots are locked files. So the system frees them when a process is killed.
    """
    slots = folder / SLOTS
    slots.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        _take_one(held, [slots / ticket.key.replace("/", ".")])
        _take_one(held, [slots / f"{ticket.owner_id}.{number}" for number in range(SLOTS_OF_OWNER)])
        yield


def _take_one(held: ExitStack, paths: Iterable[Path]) -> None:
    for path in paths:
        if (file := _lock(path)) is not None:
            held.callback(_release, path, file)
            return
    raise TooManyUploads


def _lock(path: Path) -> BinaryIO | None:
    while (file := lock_file(path)) is not None:
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        # Its last holder deleted the file after it was opened here. Another process may lock a new one.
        file.close()
    return None


def _release(path: Path, file: BinaryIO) -> None:
    # Deleted while it is locked. Otherwise the file of the next holder could be deleted.
    path.unlink(missing_ok=True)
    file.close()
