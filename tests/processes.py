"""Runs programs as child processes, without the settings of the developer's shell."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 30.0
RUN_SECONDS = 60.0


def child_environment(*inherited: str, **settings: str) -> dict[str, str]:
    """Return the environment of a child process: the settings, PATH, HOME, and the inherited variables."""
    names = ("PATH", "HOME", *inherited)
    return {name: os.environ[name] for name in names if name in os.environ} | settings  # noqa: TID251 - for a child


def run_program(
    command: Sequence[str | Path], folder: Path, stdin: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` until it ends; return its exit code and output."""
    return subprocess.run(
        command,
        # With this variable, coverage measures the child process, too.
        env=child_environment("COVERAGE_PROCESS_CONFIG", **settings),
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


@contextmanager
def running_process(
    command: Sequence[str | Path],
    log: Path,
    is_ready: Callable[[], object] = lambda: True,
    *,
    seconds: float = START_SECONDS,
    end: Callable[[subprocess.Popen[bytes]], None] = subprocess.Popen.terminate,
    **options: Any,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block ends, with its output in `log`; yield the process when it is ready.

    Fails with the log if the process ends before it is ready, or is not ready within `seconds`.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(command, **{"stdout": output, "stderr": output, **options})

    def describe(problem: str) -> str:
        return f"{' '.join(map(str, command))} {problem}:\n{log.read_text(errors='replace')}"

    def is_up() -> bool:
        assert process.poll() is None, describe(f"ended with code {process.returncode}")
        return bool(is_ready())

    try:
        wait_until(is_up, seconds, lambda: describe(f"is not ready after {seconds:g} s"))
        yield process
    finally:
        end(process)
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
