"""`halls serve` reports an address that it can't listen on in one sentence, before it starts MongoDB."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.api_client import ApiClient
from tests.commands import run_halls
from tests.conftest import SECRET
from tests.processes import run_program
from tests.servers import HALLS, free_port, responds, running_halls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.config import Config


@contextmanager
def occupied_port() -> Iterator[int]:
    """Listen on a port of this machine while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_in_use_is_reported_before_anything_starts(tmp_path: Path) -> None:
    with occupied_port() as port:
        completed = run_program([*HALLS, "serve"], tmp_path, PORT=str(port), JWT_SECRET=SECRET)
    free = f"PORT={port + 1}"
    message = f"Port {port} on 127.0.0.1 is in use. Choose another: {free} make run, or {free} halls serve."
    assert (completed.returncode, completed.stdout, completed.stderr) == (1, "", f"Error: {message}\n")
    assert list(tmp_path.iterdir()) == []


def test_the_port_after_the_last_one_is_not_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(*_: object) -> None:
        raise OSError(errno.EADDRINUSE, "Address already in use")

    monkeypatch.setattr("socket.socket.bind", bind)
    result = run_halls("mongodb://127.0.0.1:1/halls", "serve", HOST="127.0.0.1", PORT="65535")
    assert "PORT=65534 make run" in result.output


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "2001:db8::1"])
def test_an_address_of_another_machine_is_reported(host: str) -> None:
    result = run_halls("mongodb://127.0.0.1:1/halls", "serve", HOST=host, PORT="5000")
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: Halls can't listen on port 5000 of {host}: ")
    assert result.output.endswith(". Check HOST and PORT.\n")


@pytest.mark.parametrize("variable", ["LISTEN_PID", "GUNICORN_FD"])
def test_a_port_that_the_parent_process_holds_open_is_not_checked(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    served: list[int] = []
    monkeypatch.setattr("halls.server.cli.serve", lambda config, *_: served.append(config.port))
    with occupied_port() as port:
        result = run_halls("mongodb://127.0.0.1:1/halls", "serve", PORT=str(port), **{variable: str(os.getpid())})
        assert (result.exit_code, served) == (0, [port])


def test_the_check_leaves_a_free_port_free(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(config: Config, *_: object) -> None:
        socket.create_server((config.host, config.port)).close()

    monkeypatch.setattr("halls.server.cli.serve", serve)
    with occupied_port() as port:
        pass
    assert run_halls("mongodb://127.0.0.1:1/halls", "serve", PORT=str(port)).exit_code == 0


@pytest.mark.parametrize(("host", "shown"), [("::1", "[::1]"), ("[::1]", "[::1]"), ("::", "localhost")])
def test_the_server_listens_on_an_ipv6_address(mongo_uri: str, tmp_path: Path, host: str, shown: str) -> None:
    port, log = free_port(), tmp_path / "server.log"
    api = ApiClient(f"http://[::1]:{port}")
    with running_halls("serve", mongo_uri, log, lambda: responds(api), HOST=host, PORT=str(port)):
        assert api.get("/health").status == 200
        assert f"Halls listens on http://{shown}:{port}\n" in log.read_text()
