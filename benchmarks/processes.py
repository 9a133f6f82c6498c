"""Sends requests with wrk, and reads the processor time of processes. Linux only: the times come from /proc."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.running import Running

CONNECTIONS = 16
SCRIPT = Path(__file__).parent / "load.lua"
MILLISECONDS = 1000
# The positions of utime, stime, cutime and cstime after the name of the command: proc_pid_stat(5).
TIMES = slice(11, 15)


@dataclass(frozen=True)
class Cost:
    """The processor time of one request in milliseconds, and the 95th percentile of the response times."""

    server: float
    database: float
    p95: float

    @property
    def total(self) -> float:
        """The processor time of server and database."""
        return self.server + self.database


def measure(server: Running, database_pid: int, asked: Path, seconds: int) -> Cost:
    """Return the cost of one request of that file. Stops the run if an order meets a date that is taken."""
    pids = (server.pid, database_pid)
    before = [processor_seconds(pid) for pid in pids]
    counted = press(server, asked, seconds)
    spent = [processor_seconds(pid) - start for pid, start in zip(pids, before, strict=True)]
    is_order = asked.open().read(4) == "POST"
    if counted["conflicts"] or (is_order and counted["ok"] >= len(asked.read_text().splitlines())):
        sys.exit(f"{server.name} had not enough free dates for {asked.name}. Use more --venues or fewer --seconds.")
    in_server, in_database = (one * MILLISECONDS / counted["ok"] for one in spent)
    return Cost(in_server, in_database, counted["p95"])


def press(server: Running, asked: Path, seconds: int) -> dict[str, Any]:
    """Return the counts of wrk. Stops the run at any status other than 200, 201 and 409."""
    counted = run_wrk(server.address, asked, seconds)
    if counted["others"] or not counted["ok"]:
        sys.exit(f"{server.name} returned an unexpected status, or nothing, for {asked.name}: {counted}")
    return counted


def run_wrk(url: str, asked: Path, seconds: int) -> dict[str, Any]:
    """Return the counts and the response times of wrk, with any status."""
    wrk = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--timeout", "20", "--duration", f"{seconds}s"]
    command = [*wrk, "--script", str(SCRIPT), url, "--", str(asked)]
    report = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own arguments
    found = re.search(r"RESULT (.*)", report)
    if found is None:
        sys.exit(f"wrk failed at {url}:\n{report}")
    counted: dict[str, Any] = json.loads(found[1])
    return counted


def processor_seconds(pid: int) -> float:
    """Return the user and system time of a process and its children, including children that have ended."""
    process = Path(f"/proc/{pid}")
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        children = (process / "task" / str(pid) / "children").read_text().split()
    except FileNotFoundError:
        # It ended a moment ago: its parent has its time.
        return 0
    own = sum(map(int, fields[TIMES])) / os.sysconf("SC_CLK_TCK")
    return own + sum(processor_seconds(int(child)) for child in children)
