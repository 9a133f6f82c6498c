"""Log lines of several processes at once are whole: in a file, and in a pipe that is read slowly."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from halls.logs import LineStream

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES, LINES = 4, 30
# Longer than Python's buffer (8 KiB), and than what a pipe takes at once (64 KiB).
SIZES = [100, 20_000, 200_000]
PROGRAM = """
import logging, os, sys, threading
import structlog
from halls.logs import configure_logging

configure_logging("INFO")

def log_lines(name, size):
    for number in range({lines}):
        structlog.get_logger().info("said", name=name, number=number, value=name * size)
        logging.getLogger("library").warning(name * size)

children = []
for name in "abcd"[:{processes}]:
    pid = os.fork()
    if not pid:
        threads = [threading.Thread(target=log_lines, args=(name, {size})) for _ in range(2)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        os._exit(0)
    children.append(pid)
for pid in children:
    os.waitpid(pid, 0)
"""


def check_lines(text: str) -> None:
    """Check that each line is JSON and that none is missing."""
    entries = [json.loads(line) for line in text.splitlines()]
    assert len(entries) == 2 * 2 * PROCESSES * LINES


@pytest.mark.parametrize("size", SIZES)
def test_lines_of_several_processes_are_whole_in_a_file(size: int, tmp_path: Path) -> None:
    program = PROGRAM.format(lines=LINES, processes=PROCESSES, size=size)
    with (tmp_path / "log").open("wb") as log:
        subprocess.run([sys.executable, "-c", program], check=True, stderr=log)
    check_lines((tmp_path / "log").read_text())


@pytest.mark.parametrize("size", SIZES)
def test_lines_of_several_processes_are_whole_in_a_slow_pipe(size: int) -> None:
    program = PROGRAM.format(lines=LINES, processes=PROCESSES, size=size)
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        # Until then the pipe is full, and all processes wait in the middle of their lines.
        time.sleep(0.5)
        text = process.stderr.read().decode()
    check_lines(text)


def test_a_line_is_one_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    writes: list[int] = []
    write = os.write

    def count(descriptor: int, data: bytes) -> int:
        writes.append(len(data))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", count)
    with (tmp_path / "log").open("w") as file:
        LineStream(file).write("é" * 50_000 + "\n")
    assert writes == [100_001]
    assert (tmp_path / "log").stat().st_size == 100_001


def test_a_stream_without_a_descriptor_gets_its_lines() -> None:
    text = io.StringIO()
    stream = LineStream(text)
    threads = [threading.Thread(target=stream.write, args=("a\n",)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stream.flush()
    assert text.getvalue() == "a\n" * 10
