"""Metrics: all processes of a machine count together, and only authorized clients can read the result."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from bson import ObjectId, Timestamp
from prometheus_client import CollectorRegistry, values

from halls import config, metrics
from halls.app import create_app
from halls.clock import utc_now
from halls.mongo.heartbeats import save_heartbeat
from halls.outbox.store import enqueue
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.factories import PASSWORD, day, insert_booking
from tests.servers import running_server
from tests.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from halls.mongo.client import Db

TOKEN = "a token for Prometheus"


def value_of(text: str, sample: str) -> float:
    """Return the value of a sample, 0 if it is missing."""
    match = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(match[1]) if match else 0.0


def scrape(api: ApiClient, **options: str) -> str:
    """Return the text of /metrics for a request from this machine."""
    response = api.client.get("/metrics", environ_overrides={"REMOTE_ADDR": "127.0.0.1"}, headers=options)
    assert response.content_type.startswith("text/plain; version=0.0.4")
    return response.text


def test_requests_are_counted_by_route_template_and_not_by_path(api: ApiClient) -> None:
    before = scrape(api)
    for path in ("/venues/0123456789abcdef01234567", "/venues/zzz", "/made-up-1", "/made-up-2"):
        api.get(path)
    api.client.open("/made-up-3", method="MADEUP")
    after = scrape(api)
    for status in ("404", "400"):
        sample = f'halls_requests_total{{method="GET",route="/venues/<venue_id>",status="{status}"}}'
        assert value_of(after, sample) == value_of(before, sample) + 1
    unknown = 'halls_requests_total{method="other",route="none",status="404"}'
    assert value_of(after, unknown) == value_of(before, unknown) + 3
    assert "made-up" not in after.lower()
    assert 'halls_request_seconds_bucket{le="0.25",route="/venues/<venue_id>"}' in after


def test_bookings_are_counted_by_outcome(api: ApiClient) -> None:
    owner, guest = api.owner(), api.guest()
    venue_id = api.list_venue(owner, dates_available=[day(30)])
    before = scrape(api)
    booked = api.book(guest, venue_id, day(30))
    api.book(guest, venue_id, day(30))
    api.send("DELETE", f"/bookings/{booked.data['booking_id']}", token=guest)
    after = scrape(api)
    for outcome in ("placed", "date_taken", "cancelled"):
        sample = f'halls_bookings_total{{outcome="{outcome}"}}'
        assert value_of(after, sample) == value_of(before, sample) + 1, outcome


def test_outbox_entries_are_counted_at_each_scrape(api: ApiClient, db: Db) -> None:
    assert value_of(scrape(api), 'halls_outbox_entries{status="due"}') == 0
    assert "\nhalls_outbox_oldest_seconds" not in scrape(api)
    now = utc_now()
    enqueue(db, "password_reset", {}, now - timedelta(hours=1), due_at=now + timedelta(hours=1))
    after = scrape(api)
    assert value_of(after, 'halls_outbox_entries{status="scheduled"}') == 1
    assert "\nhalls_outbox_oldest_seconds" not in after
    enqueue(db, "password_reset", {}, now - timedelta(minutes=1))
    after = scrape(api)
    assert value_of(after, "halls_database_up") == 1
    assert value_of(after, 'halls_outbox_entries{status="due"}') == 1
    assert value_of(after, 'halls_outbox_entries{status="dead"}') == 0
    assert 60 <= value_of(after, "halls_outbox_oldest_seconds") < 120


def test_the_age_of_each_heartbeat_is_shown(api: ApiClient, db: Db) -> None:
    save_heartbeat(db, "metrics test", utc_now() - timedelta(minutes=5))
    assert 300 <= value_of(scrape(api), 'halls_task_heartbeat_age_seconds{task="metrics test"}') < 360


def test_holds_that_ran_out_a_minute_ago_are_counted(api: ApiClient, db: Db) -> None:
    for seconds in (30, 90):
        hold_until = utc_now() - timedelta(seconds=seconds)
        insert_booking(db, ObjectId(), ObjectId(), hold_until=hold_until)
    assert value_of(scrape(api), "halls_overdue_holds") == 1


def test_deleted_accounts_that_are_not_cleared_are_counted(api: ApiClient) -> None:
    api.send("DELETE", "/auth/me", {"password": PASSWORD}, token=api.owner())
    assert value_of(scrape(api), "halls_account_deletions") == 1


def test_pending_deliveries_to_webhooks_are_counted(api: ApiClient, db: Db) -> None:
    assert "\nhalls_webhook_oldest_seconds" not in scrape(api)
    now, ids = utc_now(), {"webhook_id": ObjectId(), "status": "pending"}
    for tries, minutes in ((0, 1), (3, 60)):
        delivery = {**ids, "event_id": ObjectId(), "tries": tries, "due_at": now - timedelta(minutes=minutes)}
        db.webhook_deliveries.insert_one(delivery)
    after = scrape(api)
    assert value_of(after, "halls_webhook_deliveries") == 2
    assert 60 <= value_of(after, "halls_webhook_oldest_seconds") < 120


def test_the_lag_of_the_search_index_is_shown(api: ApiClient, db: Db) -> None:
    two_minutes_ago = Timestamp(int(utc_now().timestamp()) - 120, 1)
    db.search_state.update_one({"_id": "followed"}, {"$set": {"until": two_minutes_ago}})
    assert 120 <= value_of(scrape(api), "halls_search_index_lag_seconds") < 180


def test_an_index_that_was_never_filled_has_no_lag(api: ApiClient, db: Db) -> None:
    position = db.search_state.find_one_and_delete({"_id": "followed"})
    assert position is not None
    assert "\nhalls_search_index_lag_seconds " not in scrape(api)
    db.search_state.insert_one(position)


def test_metrics_are_shown_without_a_database(mongo_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halls.http.health.SCRAPE_SECONDS", 0.1)
    app = create_app(make_config(mongo_uri=TcpProxy(mongo_uri).uri))
    metrics.metrics()
    with closing(app.extensions["halls"].db.client):
        for is_prepared in (False, True):
            app.extensions["halls"].is_prepared = is_prepared
            text = scrape(ApiClient(app.test_client()))
            assert value_of(text, "halls_database_up") == 0
            assert "halls_database_up 0.0" in text
            assert "halls_requests_total" in text


@pytest.mark.parametrize(
    ("token", "address", "headers", "status"),
    [
        (None, "127.0.0.1", {}, 200),
        (None, "::1", {}, 200),
        (None, "::ffff:127.0.0.1", {}, 200),
        (None, "::ffff:203.0.113.9", {}, 404),
        (None, "203.0.113.9", {}, 404),
        (None, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        (None, "127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 404),
        (TOKEN, "203.0.113.9", {"Authorization": f"Bearer {TOKEN}"}, 200),
        (TOKEN, "203.0.113.9", {"Authorization": f"bearer   {TOKEN}"}, 200),
        (TOKEN, "203.0.113.9", {"Authorization": f"Basic {TOKEN}"}, 404),
        (TOKEN, "127.0.0.1", {}, 404),
        (TOKEN, "127.0.0.1", {"Authorization": "Bearer another"}, 404),
        (TOKEN, "127.0.0.1", {"Authorization": "Bearer café"}, 404),
    ],
)
def test_only_this_machine_or_a_client_with_the_token_can_read_metrics(
    mongo_uri: str, token: str | None, address: str, headers: dict[str, str], status: int
) -> None:
    app = create_app(make_config(mongo_uri=mongo_uri, metrics_token=token))
    with closing(app.extensions["halls"].db.client):
        client = app.test_client()
        response = client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})
        assert response.status_code == status


def test_workers_count_together_and_a_replaced_worker_loses_no_counts(fresh_uri: str, tmp_path: Path) -> None:
    sample = 'halls_requests_total{method="GET",route="/health",status="200"}'
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, WEB_WORKERS="2") as server:
        before = value_of(server.api.get("/metrics").text, sample)
        for _ in range(40):
            server.api.get("/health")
        assert value_of(server.api.get("/metrics").text, sample) == before + 40
        files = len(list((tmp_path / "metrics").iterdir()))
    with running_server(mongo_uri=fresh_uri, folder=tmp_path, WEB_WORKERS="2") as server:
        assert value_of(server.api.get("/metrics").text, sample) >= before + 40
        # New processes reuse the files of ended ones. Otherwise each replaced worker would leave files behind.
        assert len(list((tmp_path / "metrics").iterdir())) <= files + 1


def test_concurrent_first_requests_use_the_same_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    created: list[int] = []

    class SlowMetrics(metrics.Metrics):
        def __init__(self, registry: CollectorRegistry) -> None:
            created.append(1)
            time.sleep(0.05)
            super().__init__(registry)

    monkeypatch.setattr(metrics, "Metrics", SlowMetrics)
    monkeypatch.setattr(metrics, "_registry", CollectorRegistry())
    monkeypatch.setattr(metrics, "_make_metrics", functools.cache(metrics._make_metrics.__wrapped__))  # noqa: SLF001 - empty cache
    with ThreadPoolExecutor(8) as pool:
        instances = {id(each) for each in pool.map(lambda _: metrics.metrics(), range(8))}
    assert (len(instances), created) == (1, [1])


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the metrics of this process until the test ends."""
    folder = tmp_path / "metrics"
    monkeypatch.setattr(metrics._Shared, "folder", None)  # noqa: SLF001 - to restore it
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "set here, so that pytest restores it")
    config.name_metrics_folder(folder)
    metrics.share_metrics(folder)
    yield folder
    release_slot(folder)


def release_slot(folder: Path) -> None:
    """Release the slot of this process, as the system does when a process ends."""
    metrics._take_slot(folder, os.getpid())[1].close()  # noqa: SLF001 - the lock
    metrics._take_slot.cache_clear()  # noqa: SLF001 - see above


COUNT_AND_WAIT = """
import sys
from pathlib import Path
from prometheus_client import CollectorRegistry
from halls import config, metrics

config.name_metrics_folder(Path(sys.argv[1]))
metrics.share_metrics(Path(sys.argv[1]))
metrics.Metrics(CollectorRegistry()).outbox.labels("hello", "sent").inc(2)
print("counted", flush=True)
sys.stdin.read()
"""


@contextmanager
def counting_process(folder: Path) -> Iterator[None]:
    """Run a process that counts 2 in `folder`, and kill it when the block ends."""
    command = [sys.executable, "-c", COUNT_AND_WAIT, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"counted\n"
        yield
        process.kill()


def test_counters_of_killed_processes_stay_and_their_files_are_reused(shared: Path) -> None:
    metrics.Metrics(CollectorRegistry()).outbox.labels("hello", "sent").inc(3)
    for round_number in (1, 2):
        with counting_process(shared), counting_process(shared):
            pass
        text = metrics.render_metrics(CollectorRegistry()).decode()
        sample = 'halls_outbox_attempts_total{kind="hello",outcome="sent"}'
        assert value_of(text, sample) == 3 + 4 * round_number
        assert {path.name for path in shared.glob("counter_*")} == {f"counter_{slot}.db" for slot in (0, 1, 2)}


def test_a_restarted_process_continues_its_counters(shared: Path) -> None:
    for _ in range(2):
        metrics.Metrics(CollectorRegistry()).outbox.labels("hello", "sent").inc(3)
        release_slot(shared)
        metrics.share_metrics(shared)
    text = metrics.render_metrics(CollectorRegistry()).decode()
    assert value_of(text, 'halls_outbox_attempts_total{kind="hello",outcome="sent"}') == 6
    assert [path.name for path in shared.glob("counter_*")] == ["counter_0.db"]


def test_the_disk_space_for_metrics_is_allocated_in_advance(shared: Path) -> None:
    process_metrics = metrics.Metrics(CollectorRegistry())
    process_metrics.seconds.labels("/health").observe(1)
    assert len(list(shared.glob("*.db"))) == 2
    for path in shared.glob("*.db"):
        # A file with holes has fewer blocks than its size.
        assert path.stat().st_blocks * 512 >= path.stat().st_size >= metrics.ROOM_BYTES


def test_an_unexpected_error_of_a_booking_is_counted_as_failed(api: ApiClient) -> None:
    @metrics.counts_bookings(str)
    def fail() -> None:
        raise RuntimeError

    sample = 'halls_bookings_total{outcome="failed"}'
    before = value_of(scrape(api), sample)
    with pytest.raises(RuntimeError):
        fail()
    assert value_of(scrape(api), sample) == before + 1
