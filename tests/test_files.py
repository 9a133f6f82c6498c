"""Locks and atomic writes between processes."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from halls.files import lock_file, unlock_file, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_a_lock_is_exclusive_until_its_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = lock_file(path)
    assert lock is not None
    assert lock_file(path) is None
    lock.close()
    again = lock_file(path)
    assert again is not None
    again.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_unlocked_file_is_free_even_if_another_process_has_a_copy(tmp_path: Path) -> None:
    lock = lock_file(tmp_path / "lock")
    assert lock is not None
    with os.fdopen(os.dup(lock.fileno())):  # like the copy of a forked process
        lock.close()
        assert lock_file(tmp_path / "lock") is None
    with lock_file(tmp_path / "lock") as lock, os.fdopen(os.dup(lock.fileno())):  # type: ignore[union-attr] # it is free
        unlock_file(lock)
        with lock_file(tmp_path / "lock") as again:  # type: ignore[union-attr] # it is free
            assert again is not None


def test_a_file_is_replaced_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def lines() -> Iterator[bytes]:
        yield b"new "
        assert path.read_bytes() == b"old"
        yield b"text"

    write_atomically(path, lines())
    assert path.read_bytes() == b"new text"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_existing_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def lines() -> Iterator[bytes]:
        yield b"new "
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomically(path, lines())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_without_replace_the_first_of_concurrent_writers_decides(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def write(number: int) -> bytes:
        write_atomically(path, [str(number).encode()], replace=False)
        return path.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        contents = set(pool.map(write, range(8)))
    assert len(contents) == 1
    assert list(tmp_path.iterdir()) == [path]
