"""Measures the search mix over many starts of Halls, the literal peer and two upper bounds; prints medians.

Gunicorn distributes the connections of the literal peer over its workers by chance (decision 0023). One start is
therefore not enough. `starts.py 10000 --keep FOLDER` uses the data that compare.py kept in that folder.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.compare import database, describe_machine, prepare, press
from benchmarks.questions import Questions
from benchmarks.running import begin, running
from halls.clock import day_in_karachi, utc_now

SERVERS = ("halls", "literal", "bare", "asking")


def measure(uris: dict[str, str], asked: Path, starts: int, seconds: int) -> dict[str, list[float]]:
    """Return the requests per second of each start. The servers run in turns, one at a time."""
    rates: dict[str, list[float]] = {name: [] for name in uris}
    folder = asked.parent
    for _ in range(starts):
        for name, uri in uris.items():
            with running(name, uri, folder) as server:
                press(server, asked, 2)
                rates[name].append(press(server, asked, seconds)["rate"])
            print(f"  {name:8} {rates[name][-1]:7.0f}/s", flush=True)
    return rates


def describe(count: int, rates: dict[str, list[float]]) -> str:
    """Return a row of the table in RESULTS.md."""
    cells = [f"{median(rates[name]):.0f} ({min(rates[name]):.0f} to {max(rates[name]):.0f})" for name in SERVERS]
    ratios = [f"**{median(rates[name]) / median(rates['literal']):.1f}**" for name in SERVERS if name != "literal"]
    return f"| {' | '.join([str(count), *cells, *ratios])} |"


def main() -> None:
    """Print the table."""
    begin()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000], help="numbers of venues")
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=4, help="how long to measure after each start")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the data for the next run")
    options = parser.parse_args()
    rows = [
        "| venues | Halls /s | literal /s | bare /s | asking /s | Halls : literal | bare : | asking : |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    with tempfile.TemporaryDirectory(prefix="halls-bench-", ignore_cleanup_errors=True) as temporary:
        folder = options.keep or Path(temporary)
        mix = Questions(folder, day_in_karachi(utc_now())).searches()["mix"]
        with database(folder / "mongo") as uri:
            for count in options.sizes:
                db, peer_uri = prepare(uri, count)
                halls_uri = uri.replace("/halls?", f"/{db.name}?")
                uris = {"halls": halls_uri, "literal": peer_uri, "bare": halls_uri, "asking": halls_uri}
                rows.append(describe(count, measure(uris, mix, options.starts, options.seconds)))
    print("\n".join(["", describe_machine(options.seconds), "", *rows]))


if __name__ == "__main__":
    main()
