"""Measures requests per second of what anybody may read, with wrk against a fresh server: `make bench`."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

from halls.clock import day_in_karachi, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 4
CONNECTIONS = 16
START_SECONDS = 60
STOP_SECONDS = 30
WRK = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{SECONDS}s", "--latency"]


@contextmanager
def running_demo(folder: str) -> Iterator[str]:
    """Run `halls serve --demo` on a database and a port of its own; yield its address when it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - for a child
    ours = {"HOST": "127.0.0.1", "PORT": str(port), "DATA_DIR": folder, "LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "halls.cli", "serve", "--demo"]
    with subprocess.Popen(command, env=kept | ours, cwd=folder, stdout=subprocess.DEVNULL) as server:  # noqa: S603
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(server, address)
            yield address
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(STOP_SECONDS)
            server.kill()


def wait_until_ready(server: subprocess.Popen[bytes], address: str) -> None:
    """Return when the server takes writes; stop with a message when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(URLError, ConnectionError):
            read_data(f"{address}/health/ready")
            return
        time.sleep(0.2)
    sys.exit(f"the server did not get ready (exit code {server.poll()})")


def read_data(url: str) -> Any:
    """Return what a GET answers under `data`."""
    with urlopen(url, timeout=5) as response:  # noqa: S310 - the server that we started
        return json.load(response)["data"]


def measure(url: str) -> tuple[str, str, str]:
    """Return requests per second, median and 99th percentile as wrk reports them. Stops at any answer but a 2xx."""
    report = subprocess.run([*WRK, url], capture_output=True, text=True, check=True).stdout  # noqa: S603 - a URL of ours
    if "Non-2xx" in report or "Socket errors" in report:
        sys.exit(f"{url} was not answered well:\n{report}")
    patterns = (r"Requests/sec:\s+(\S+)", r"\n +50%\s+(\S+)", r"\n +99%\s+(\S+)")
    found = [re.search(pattern, report) for pattern in patterns]
    rate, median, slow = (match[1] if match else "?" for match in found)
    return rate, median, slow


def list_requests(address: str) -> dict[str, str]:
    """Return the paths to ask for, by what they are."""
    day = (date.fromisoformat(day_in_karachi(utc_now())) + timedelta(days=30)).isoformat()
    venue_id = read_data(f"{address}/venues/search?limit=1")["venues"][0]["id"]
    search = "/venues/search"
    return {
        "alive": "/health",
        "20 newest venues": search,
        "20 free on a date": f"{search}?date={day}",
        "20 free near a place": f"{search}?near_lat=24.86&near_lng=67.00&near_km=50&date={day}",
        "20 free up to a price, cheapest first": f"{search}?date={day}&price_max=300000&sort=price",
        "one venue, its calendar whole": f"/venues/{venue_id}",
        "30 days of a venue": f"/venues/{venue_id}/availability?from={day_in_karachi(utc_now())}&to={day}",
    }


def describe_machine() -> str:
    """Return on what and when this was measured."""
    cpuinfo = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    processor = model[1] if model else platform.processor()
    runs_on = f"{os.cpu_count()} cores ({processor}), {platform.system()}, Python {platform.python_version()}"
    how = f"Server, MongoDB and wrk share the machine. {CONNECTIONS} connections, {SECONDS} s each."
    return f"{utc_now():%Y-%m-%d}, {runs_on}. {how}"


def main() -> None:
    """Print a table of all figures, as it stands in RESULTS.md."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing. On Debian and Ubuntu: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="halls-bench-", ignore_cleanup_errors=True) as folder:
        print(f"{describe_machine()}\n\n| request | per second | median | 99 % |\n|---|--:|--:|--:|", flush=True)
        with running_demo(folder) as address:
            for name, path in list_requests(address).items():
                rate, median, slow = measure(address + path)
                print(f"| {name} | {float(rate):.0f} | {median} | {slow} |", flush=True)


if __name__ == "__main__":
    main()
