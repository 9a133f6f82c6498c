"""The memory that reading and importing a file takes does not grow with the file, or with its ranges of dates."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.factories import insert_owner
from tests.processes import run_program

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db

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


# Imports a file and prints the growth of the peak, and the number of faults.
IMPORT = """
import io, resource, sys
from halls.clock import utc_now
from halls.data_transfer.checking import Options
from halls.data_transfer.files import read_rows
from halls.data_transfer.importing import import_rows
from halls.data_transfer.report import Report
from halls.data_transfer.source import Source
from halls.mongo.client import connect

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

db, options, report = connect(sys.argv[1]), Options({"max_video_mb": 25, "service_area": None}), Report()
row = "A,Hall,B,24.8,67.0,300,{0},{0}=1,owner@example.com\\n".format("2000-01-01..2100-12-31")
text = "venue_name,type,address,lat,lng,capacity,dates_available,prices,owner_email\\n" + row * int(sys.argv[2])
db.users.find_one()
start = peak()
import_rows(db, read_rows(Source(io.BytesIO(text.encode()))), report, options, utc_now())
print(peak() - start, report.faults.count, len(text))
"""


def test_a_short_file_of_long_ranges_is_imported_in_bounded_memory(worker_uri: str, db: Db, tmp_path: Path) -> None:
    insert_owner(db, email="owner@example.com")
    # All days of a row would take 12 MB. The 2 000 items that are read of each cell take 700 KB.
    rows = 300
    result = run_program([sys.executable, "-c", IMPORT, worker_uri, str(rows)], tmp_path)
    assert result.returncode == 0, result.stderr
    growth, faults, size = map(int, result.stdout.split())
    assert (faults, size < 40_000) == (2 * rows, True)
    assert growth < MAX_GROWTH
    assert db.venues.count_documents({}) == 0
