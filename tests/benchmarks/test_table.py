"""The table of `make bench`, and the requests that it sends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchmarks.compare import MANY_ROWS, ROWS, write_rounds
from benchmarks.data import fill, insert_accounts
from benchmarks.processes import Cost
from benchmarks.questions import Questions
from benchmarks.table import describe

from halls.clock import day_in_karachi, utc_now

if TYPE_CHECKING:
    from pathlib import Path

    from halls.mongo.client import Db


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    costs = {
        "one venue": {
            "new": [Cost(1, 1, 5), Cost(2, 1, 6), Cost(3, 1, 7)],
            "old": [Cost(2, 2, 5), Cost(1, 0.5, 5), Cost(3, 1, 5)],
        }
    }
    table = describe({"one venue": {"new": "1.6 ms", "old": "0.9"}}, costs).splitlines()
    assert table[2:] == [
        "| one venue | new | 3.00 (2.00 + 1.00) | 6 |  | 1.6 ms |",
        "|  | old | 4.00 (2.00 + 1.00) | 5 | **1.00** (0.50 to 2.00) | 0.9 |",
    ]


def test_every_row_has_requests_and_no_date_is_ordered_twice(db: Db, tmp_path: Path) -> None:
    today = day_in_karachi(utc_now())
    fill(db, 5, today)
    rounds = write_rounds(Questions(tmp_path, today), db, insert_accounts(db, 3), 2)
    orders: list[str] = []
    for files in rounds:
        assert files.keys() == ROWS.keys() | MANY_ROWS.keys()
        for kind, file in files.items():
            lines = file.read_text().splitlines()
            # As load.lua reads them: method, path, token, key and body.
            assert all(re.fullmatch(r"(GET \S+ - -|POST /bookings \S+ \S+ \{.*\})", line) for line in lines)
            orders += [line for line in lines if "order" in kind]
    bodies = [line.split(" ", 4)[4] for line in orders]
    keys = [line.split(" ")[3] for line in orders if " - {" not in line]
    assert len(set(bodies)) == len(bodies) == 24
    assert len(set(keys)) == len(keys) == 12
