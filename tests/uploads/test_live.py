"""Tests of the local storage with a real `halls serve`: memory, concurrency, broken connections."""

from __future__ import annotations

import io
import socket
import struct
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from halls.mongo.client import connect
from tests.conftest import uri_of
from tests.servers import RunningServer, running_server
from tests.uploads.files import make_file, path_of, put, sign
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024 * 1024
SIDEWAYS = Image.Exif()
SIDEWAYS[0x0112] = 6


class LiveOwner:
    """An owner account on a running server."""

    def __init__(self, server: RunningServer, folder: Path) -> None:
        self.server, self.api, self.store = server, server.api, folder / "uploads"
        self.api.wait_until_ready()
        self.token = self.api.owner()

    def sign(self, content_type: str, size: int) -> Any:
        """Return the data of POST /uploads/sign-s3."""
        return sign(self.api, self.token, content_type, size)

    def upload(self, content_type: str, file: bytes) -> str:
        """Upload a file, again while the owner sends two others; return the path of its public URL."""
        address = self.sign(content_type, len(file))
        while (response := put(self.api, address["upload_url"], file, content_type)).status == 429:
            assert response.headers["Retry-After"] == "5"
        assert response.data == {"public_url": address["public_url"]}
        return path_of(address["public_url"])

    def upload_patiently(self, file: bytes) -> int:
        """Upload a JPEG, again while the server handles other pictures; return the status of the last response."""
        url = self.sign("image/jpeg", len(file))["upload_url"]
        while (response := put(self.api, url, file)).status == 429:
            assert response.headers["Retry-After"] == "5"
        return response.status

    def incomplete_files(self) -> list[Path]:
        """Return the files of unfinished uploads."""
        return list((self.store / "incoming").glob("*"))


@contextmanager
def live_owner(mongo_uri: str, folder: Path) -> Iterator[LiveOwner]:
    """Yield an owner on a new server with its own database."""
    uri = uri_of(mongo_uri, f"test_{uuid.uuid4().hex[:12]}")
    with running_server(mongo_uri=uri, folder=folder, RATE_LIMITS="off") as server:
        yield LiveOwner(server, folder)
    db = connect(uri)
    db.client.drop_database(db.name)
    db.client.close()


@pytest.fixture(scope="module")
def live(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveOwner]:
    """Yield an owner on the server that the tests of this file share."""
    with live_owner(mongo_uri, tmp_path_factory.mktemp("live")) as owner:
        yield owner


def list_worker_pids(server: RunningServer) -> list[int]:
    """Return the process ids of the server's workers."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text(encoding="ascii")
    return [int(pid) for pid in children.split()]


def sum_memory(pids: list[int], field: str) -> int:
    """Return the sum of one field of /proc/PID/status over the processes, in bytes."""
    texts = [Path(f"/proc/{pid}/status").read_text(encoding="ascii") for pid in pids]
    return sum(int(text.split(f"{field}:")[1].split()[0]) * 1024 for text in texts)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_large_video_is_streamed_with_little_memory(mongo_uri: str, tmp_path: Path) -> None:
    # A server that already handled concurrent uploads has allocated the memory, and hides an increase.
    with live_owner(mongo_uri, tmp_path) as live:
        for _ in range(20):
            live.upload("video/mp4", make_file("video/mp4", MIB))
        workers = list_worker_pids(live.server)
        for pid in workers:
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")  # resets VmHWM to the current VmRSS
        before = sum_memory(workers, "VmRSS")
        video = make_file("video/mp4", 25 * MIB)
        path = live.upload("video/mp4", video)
        assert live.api.get(path).content == video
        assert sum_memory(workers, "VmHWM") - before < 8 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_large_pictures_sent_at_once_need_the_memory_of_one_in_each_process(mongo_uri: str, tmp_path: Path) -> None:
    with live_owner(mongo_uri, tmp_path) as live:
        workers = list_worker_pids(live.server)
        for pid in workers:
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
        before = sum_memory(workers, "VmRSS")
        file = io.BytesIO()
        # 24 megapixels are 192 MB while the picture is turned.
        Image.linear_gradient("L").convert("RGB").resize((6_000, 4_000)).save(file, "jpeg", exif=SIDEWAYS)
        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(lambda _: live.upload_patiently(file.getvalue()), range(6))) == [200] * 6
        assert sum_memory(workers, "VmHWM") - before < 280 * MIB * len(workers)


def test_twenty_concurrent_uploads_are_stored(live: LiveOwner) -> None:
    files = [make_file("video/webm", 3 * MIB + number) for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        paths = list(pool.map(lambda file: live.upload("video/webm", file), files))
    assert len(set(paths)) == 20
    for path, file in zip(paths, files, strict=True):
        assert live.api.get(path).content == file
    assert live.incomplete_files() == []


@pytest.mark.parametrize("reset", [True, False])
def test_interrupted_upload_leaves_no_file(live: LiveOwner, *, reset: bool) -> None:
    address = live.sign("video/mp4", 4 * MIB)
    path = path_of(address["upload_url"])
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\nContent-Length: {4 * MIB}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", live.server.port)) as connection:
        connection.sendall(head.encode() + make_file("video/mp4", 2 * MIB))
        wait_until(lambda: len(live.incomplete_files()) == 1)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: live.incomplete_files() == [])
    assert live.api.get(path_of(address["public_url"])).status == 404
    # The upload URL stays valid for a retry.
    assert put(live.api, address["upload_url"], make_file("video/mp4", 4 * MIB), "video/mp4").status == 200
    assert '"defect"' not in live.server.log_text()


@pytest.mark.parametrize(("extra", "status"), [(b"", 200), (b"!", 413)])
def test_chunked_body_is_limited_to_the_signed_length(live: LiveOwner, extra: bytes, status: int) -> None:
    file = make_file("video/mp4", 2 * MIB)
    address = live.sign("video/mp4", len(file))
    pieces = iter([file[:10], file[10:MIB], file[MIB:], extra])
    response = put(live.api, address["upload_url"], (piece for piece in pieces if piece), "video/mp4")
    assert response.status == status
    assert live.api.get(path_of(address["public_url"])).status == (200 if status == 200 else 404)


def test_large_body_with_a_bad_signature_gets_the_error_response(live: LiveOwner) -> None:
    file = make_file("video/mp4", 25 * MIB)
    address = live.sign("video/mp4", len(file))
    response = put(live.api, address["upload_url"][:-1], file, "video/mp4")
    assert (response.status, response.code) == (403, "bad_signature")


def test_range_request_returns_part_of_a_video(live: LiveOwner) -> None:
    file = make_file("video/mp4", 2 * MIB)
    response = live.api.get(live.upload("video/mp4", file), Range=f"bytes={MIB}-{MIB + 999}")
    assert (response.status, response.content) == (206, file[MIB : MIB + 1_000])
    assert response.headers["X-Content-Type-Options"] == "nosniff"
