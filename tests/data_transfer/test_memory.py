"""The memory that reading a file takes does not grow with the file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.processes import run_program

if TYPE_CHECKING:
    from pathlib import Path

# Bytes. Contract: about 150 MB above the start.
MAX_GROWTH = 100 << 20
# Writes `head`, then `text` until there are 400 MB, and reads it as an import does. Prints the growth of the peak.
READ = """
import io, resource, sys
from contextlib import suppress
from halls.data_transfer.files import read_rows
from halls.data_transfer.rows import UnreadableFile
from halls.data_transfer.source import Source

class Endless(io.RawIOBase):
    def __init__(self, head, text, size):
        self.ready, self.text, self.left = head, text * (65_536 // len(text) + 1), size
    def read(self, size):
        if not self.ready and self.left > 0:
            self.ready, self.left = self.text, self.left - len(self.text)
        piece, self.ready = self.ready[:size], self.ready[size:]
        return piece

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

head, text, size = (eval(argument) for argument in sys.argv[1:])
list(read_rows(Source(io.BytesIO(b"venue_name\\nA\\n"))))
start = peak()
with suppress(UnreadableFile):
    for row in read_rows(Source(Endless(head, text, size))):
        pass
print(peak() - start)
"""
HEADER = b"venue_name,type,prices\n"


@pytest.mark.parametrize(
    ("head", "text", "size"),
    [
        (b"", b"x", 400 << 20),
        (b"", b"venue_name,", 400 << 20),
        (HEADER, b"x", 400 << 20),
        (HEADER, b",", 400 << 20),
        (HEADER, b'"\n",', 400 << 20),
        (HEADER + b'A,"', b"x\n", 400 << 20),
        (HEADER + b"A,Hall,", b"2000-01-01..2100-12-31=1;", 1_000_000),
        (HEADER, b'A,Hall,"2027-01-01..2027-12-31=1"\n', 30_000),
        (HEADER.decode().encode("utf-16"), "A,Hall,\n".encode("utf-16-le"), 2 << 20),
        (b"", b'{"venue_name": "A"}\n', 2 << 20),
        (b'{"venue_name": "', b"x", 400 << 20),
        (b"[", b'{"venue_name": "A"},', 2 << 20),
        (b'{"venues":[', b"[", 400 << 20),
    ],
    ids=range(13),
)
def test_reading_takes_bounded_memory(tmp_path: Path, head: bytes, text: bytes, size: int) -> None:
    result = run_program([sys.executable, "-c", READ, repr(head), repr(text), repr(size)], tmp_path)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) < MAX_GROWTH
