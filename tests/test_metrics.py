"""Metrics: every process of the machine counts along, and strangers do not get to see what was counted."""

from __future__ import annotations

import functools
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, values

from halls import config, metrics
from halls.app import create_app
from halls.clock import utc_now
from halls.outbox.store import enqueue
from tests.api_client import Api, day
from tests.conftest import make_config
from tests.servers import running_server
from tests.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db

TOKEN = "a token for Prometheus"


def value_of(text: str, sample: str) -> float:
    """Return the value of a sample, 0 where it was not counted yet."""
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def scrape(api: Api, **options: str) -> str:
    """Return what /metrics shows to this machine."""
    response = api.client.get("/metrics", environ_overrides={"REMOTE_ADDR": "127.0.0.1"}, headers=options)
    assert response.content_type.startswith("text/plain; version=0.0.4")
    return response.text


def test_requests_are_counted_by_the_template_of_their_route_and_never_by_what_strangers_make_up(api: Api) -> None:
    before = scrape(api)
    for path in ("/venues/0123456789abcdef01234567", "/venues/zzz", "/made-up-1", "/made-up-2"):
        api.get(path)
    api.client.open("/made-up-3", method="MADEUP")
    found = scrape(api)
    for status in ("404", "400"):
        sample = f'halls_requests_total{{method="GET",route="/venues/<venue_id>",status="{status}"}}'
        assert value_of(found, sample) == value_of(before, sample) + 1
    unknown = 'halls_requests_total{method="other",route="none",status="404"}'
    assert value_of(found, unknown) == value_of(before, unknown) + 3
    assert "made-up" not in found.lower()
    assert 'halls_request_seconds_bucket{le="0.25",route="/venues/<venue_id>"}' in found


def test_bookings_are_counted_by_how_they_ended(api: Api) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner, dates_available=[day(30)])
    before = scrape(api)
    booked = api.book(guest, venue_id, day(30))
    api.book(guest, venue_id, day(30))
    api.send("DELETE", f"/bookings/{booked.data['booking_id']}", as_=guest)
    found = scrape(api)
    for outcome in ("placed", "date_taken", "cancelled"):
        sample = f'halls_bookings_total{{outcome="{outcome}"}}'
        assert value_of(found, sample) == value_of(before, sample) + 1, outcome


def test_the_outbox_is_asked_about_at_each_scrape(api: Api, db: Db) -> None:
    assert value_of(scrape(api), 'halls_outbox_letters{status="due"}') == 0
    assert "\nhalls_outbox_oldest_seconds" not in scrape(api)
    enqueue(db, "password_reset", {}, utc_now())
    found = scrape(api)
    assert value_of(found, "halls_database_up") == 1
    assert value_of(found, 'halls_outbox_letters{status="due"}') == 1
    assert "\nhalls_outbox_oldest_seconds" in found


def test_without_a_database_what_was_counted_is_shown_all_the_same(
    mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halls.http.health.ASKING_SECONDS", 0.1)
    app = create_app(make_config(mongo_uri=TcpProxy(mongo_uri).uri))
    with closing(app.extensions["halls"].db.client):
        for is_prepared in (False, True):
            app.extensions["halls"].is_prepared = is_prepared
            found = scrape(Api(app.test_client()))
            assert value_of(found, "halls_database_up") == 0
            assert "halls_database_up 0.0" in found
            assert "halls_requests_total" in found


@pytest.mark.parametrize(
    ("token", "address", "headers", "status"),
    [
        (None, "127.0.0.1", {}, 200),
        (None, "::1", {}, 200),
        (None, "203.0.113.9", {}, 404),
        (None, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        (None, "127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 404),
        (TOKEN, "203.0.113.9", {"Authorization": f"Bearer {TOKEN}"}, 200),
        (TOKEN, "127.0.0.1", {}, 404),
        (TOKEN, "127.0.0.1", {"Authorization": "Bearer another"}, 404),
        (TOKEN, "127.0.0.1", {"Authorization": "Bearer café"}, 404),
    ],
)
def test_only_this_machine_or_who_has_the_token_sees_them(
    mongo_uri: str, token: str | None, address: str, headers: dict[str, str], status: int
) -> None:
    app = create_app(make_config(mongo_uri=mongo_uri, metrics_token=token))
    with closing(app.extensions["halls"].db.client):
        client = app.test_client()
        response = client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})
        assert response.status_code == status


def test_all_workers_count_together_and_one_that_is_replaced_loses_nothing(fresh_uri: str, tmp_path: Path) -> None:
    alive = 'halls_requests_total{method="GET",route="/health",status="200"}'
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, WEB_WORKERS="2") as server:
        api = server.ask
        before = value_of(api("/metrics"), alive)
        for _ in range(40):
            api("/health")
        assert value_of(api("/metrics"), alive) == before + 40
        assert 'halls_database_connections{state="open"}' in api("/metrics")
        files = len(list((tmp_path / "metrics").iterdir()))
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, WEB_WORKERS="2") as server:
        assert value_of(server.ask("/metrics"), alive) >= before + 40
        # The files of those that have ended are taken over, or they would pile up with each replaced worker.
        assert len(list((tmp_path / "metrics").iterdir())) <= files + 1


def test_the_first_requests_count_together_though_they_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class Slow(metrics.Metrics):
        def __init__(self, registry: CollectorRegistry) -> None:
            made.append(1)
            time.sleep(0.05)
            super().__init__(registry)

    monkeypatch.setattr(metrics, "Metrics", Slow)
    monkeypatch.setattr(metrics, "_registry", functools.cache(CollectorRegistry))
    monkeypatch.setattr(metrics, "_make_metrics", functools.cache(metrics._make_metrics.__wrapped__))  # noqa: SLF001 - anew
    with ThreadPoolExecutor(8) as pool:
        found = {id(one) for one in pool.map(lambda _: metrics.metrics(), range(8))}
    assert (len(found), made) == (1, [1])


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which this process counts, as the first of several, until the test is over."""
    folder = tmp_path / "metrics"
    for name in ("folder", "slot", "owner", "lock"):
        monkeypatch.setattr(metrics._Shared, name, getattr(metrics._Shared, name))  # noqa: SLF001 - to put it back
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "set here, so that it is put back")
    config.name_metrics_folder(folder)
    metrics.share_metrics(folder)
    yield folder
    os.close(metrics._Shared.lock)  # noqa: SLF001 - or its number would be taken for as long as the tests run


def test_a_process_takes_the_number_of_a_dead_one_and_its_gauges_end_with_it(shared: Path) -> None:
    counted = metrics.Metrics(CollectorRegistry())
    counted.mails.labels("hello", "sent").inc(3)
    counted.connections.labels("open").inc()
    shown = metrics.render_metrics(CollectorRegistry()).decode()
    assert value_of(shown, 'halls_mails_total{kind="hello",outcome="sent"}') == 3
    assert value_of(shown, 'halls_database_connections{state="open"}') == 1
    # As after a fork, which finds its parent's number while that lives: it counts under the next one.
    first = metrics._Shared.lock  # noqa: SLF001 - what the system keeps for a process
    metrics._Shared.owner = os.getppid()  # noqa: SLF001 - whose number it is
    counted.mails.labels("hello", "sent").inc(2)
    assert metrics._Shared.slot == 1  # noqa: SLF001 - its number
    shown = metrics.render_metrics(CollectorRegistry()).decode()
    assert value_of(shown, 'halls_mails_total{kind="hello",outcome="sent"}') == 5
    os.close(first)
    shown = metrics.render_metrics(CollectorRegistry()).decode()
    assert value_of(shown, 'halls_mails_total{kind="hello",outcome="sent"}') == 5
    assert value_of(shown, 'halls_database_connections{state="open"}') == 0
    assert {path.name for path in shared.glob("counter_*")} == {"counter_0.db", "counter_1.db"}


def test_the_disk_for_the_counts_is_taken_before_others_have_filled_it(shared: Path) -> None:
    counted = metrics.Metrics(CollectorRegistry())
    counted.seconds.labels("/health").observe(1)
    counted.connections.labels("open").inc()
    for path in shared.glob("*.db"):
        # Of a file with holes fewer blocks are there than its size says.
        assert path.stat().st_blocks * 512 >= path.stat().st_size >= metrics.ROOM_BYTES


def test_what_breaks_a_booking_is_counted_as_failed(api: Api) -> None:
    @metrics.counts_bookings(str)
    def fail() -> None:
        raise RuntimeError

    sample = 'halls_bookings_total{outcome="failed"}'
    before = value_of(scrape(api), sample)
    with pytest.raises(RuntimeError):
        fail()
    assert value_of(scrape(api), sample) == before + 1
