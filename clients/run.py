"""Generates clients from openapi.json and runs the main journey with each: `python -m clients.run`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers import running_server

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DOCUMENT = ROOT / "openapi.json"
NODE_BIN = ROOT / "node_modules" / ".bin"
TYPESCRIPT, PYTHON = HERE / "typescript", HERE / "python"


def run(*command: str | Path, folder: Path = ROOT) -> str:
    """Return the output of a command. If the command fails, print its output and exit."""
    result = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - the programs of the lock files
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def build_typescript() -> Path:
    """Generate the types, compile the journey in strict mode, and return the compiled file."""
    build = TYPESCRIPT / "build"
    shutil.rmtree(build, ignore_errors=True)
    run(NODE_BIN / "openapi-typescript", DOCUMENT, "-o", build / "halls.d.ts")
    run(NODE_BIN / "tsc", "-p", TYPESCRIPT)
    return build / "journey.js"


def build_python() -> Path:
    """Generate the package, type-check the journey with it, and return the journey's file."""
    build = PYTHON / "build"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir()
    generator = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    run(*generator, "--config", PYTHON / "generator.yaml", "--path", DOCUMENT, "--output-path", build / "halls_client")
    checker = [sys.executable, "-m", "mypy", "--strict", "--follow-imports", "silent", "--config-file", "/dev/null"]
    journey = build / "journey.py"
    shutil.copy(PYTHON / "journey.py", journey)
    run(*checker, "--cache-dir", build / ".mypy_cache", journey, folder=build)
    return journey


def main() -> None:
    """Build both clients and run both journeys against one new server."""
    if not NODE_BIN.exists():
        sys.exit("The Node.js programs are missing. Run `npm ci` first.")
    typescript, python = build_typescript(), build_python()
    with (
        tempfile.TemporaryDirectory(prefix="halls-clients-", ignore_cleanup_errors=True) as folder,
        running_server(mongo_uri=None, folder=Path(folder), RATE_LIMITS="off") as server,
    ):
        sys.stdout.write(f"TypeScript:\n{run('node', typescript, server.url)}")
        sys.stdout.write(f"Python:\n{run(sys.executable, python, server.url)}")


if __name__ == "__main__":
    main()
