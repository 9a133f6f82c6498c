"""Files that several processes use: exclusive locks, and writes that are visible completely or not at all."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def lock_file(path: Path) -> BinaryIO | None:
    """Return the locked file, or None while another process has the lock. The lock ends when the file is closed.

    The system closes the file when a process ends, however it ends. A forked process has a copy, which keeps the lock.
    """
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def unlock_file(file: BinaryIO) -> None:
    """Release the lock of `file`, also if a forked process has a copy of the open file."""
    fcntl.flock(file, fcntl.LOCK_UN)


def write_atomically(path: Path, lines: Iterable[bytes], *, replace: bool = True) -> None:
    """Write a file that only its owner may read. Other processes never see an incomplete file.

    Without `replace` an existing file stays, so that the first of several writers decides.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(lines)
        publish = os.replace if replace else os.link
        with suppress(FileExistsError):
            publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)
