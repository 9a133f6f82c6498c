"""Files that several processes use: exclusive locks, and writes that are visible completely or not at all."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable


PRIVATE_FOLDER = 0o700
OTHER_ACCOUNTS = 0o077


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


def make_private_folder(folder: Path, *content: str) -> None:
    """Create the folder, for this account only. An existing open folder is closed, with the named files and folders.

    A folder that all accounts share, such as /tmp, stays open. So does one that belongs to another account.
    """
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    mode = folder.stat().st_mode
    if mode & stat.S_ISVTX or not mode & OTHER_ACCOUNTS:
        return
    # The folder last: after an interruption, the next start continues.
    for path in (folder / name for name in content):
        for place, folders, files in os.walk(path):
            for name in (*folders, *files):
                _close_to_others(Path(place, name))
        _close_to_others(path)
    _close_to_others(folder)


def _close_to_others(path: Path) -> None:
    # A file may be gone meanwhile, and a mounted folder may belong to another account.
    with suppress(FileNotFoundError, PermissionError):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHER_ACCOUNTS)


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
