"""The outbox worker with e-mail as its handler: success, retries, dead entries, logs and metrics."""

from __future__ import annotations

import contextvars
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from halls.clock import utc_now
from halls.mail import handler
from halls.mail.handler import email_handler
from halls.mail.message import Email
from halls.metrics import metrics
from halls.outbox import store, worker
from halls.outbox.store import MAX_TRIES, enqueue, list_entries
from halls.outbox.worker import handle_due_entries, handle_next
from halls.server import tasks
from halls.server.tasks import PeriodicTask, start_tasks
from tests.accounts.concurrency import run_before_first_call
from tests.conftest import make_config
from tests.mail.smtp_server import mute_server, running_smtp_server
from tests.servers import free_port
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bson import ObjectId

    from halls.config import Config
    from halls.mongo.client import Db
    from halls.outbox.entry import Handlers, OutboxEntry


def render_news(_db: Db, _config: Config, entry: OutboxEntry, _now: datetime) -> Email | None:
    """Render an e-mail to the address of the entry, or none without an address."""
    to = entry["data"].get("email")
    return Email(to, "News", "text", "<p>html</p>") if to else None


HANDLERS = {"news": email_handler(render_news)}


def mail_config(port: int, **settings: Any) -> Config:
    """Return settings with the SMTP server at that port of loopback."""
    return make_config(mongo_uri="mongodb://127.0.0.1/halls", smtp_host="127.0.0.1", smtp_port=port, **settings)


def queue_news(db: Db, **data: Any) -> ObjectId:
    """Enqueue an e-mail."""
    return enqueue(db, "news", {"email": "ayesha@example.com", **data}, utc_now())


@contextmanager
def running_worker(db: Db, config: Config, handlers: Handlers = HANDLERS) -> Iterator[threading.Thread]:
    """Run the outbox task in a thread until the block ends."""
    stop = threading.Event()
    task = PeriodicTask("outbox", 0.02, lambda db, config, stop: handle_due_entries(db, config, stop, handlers))
    (thread,) = start_tasks(db, config, [task], stop)
    try:
        yield thread
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "MIN_ERROR_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(store, "MAX_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(worker, "MAX_OUTAGE_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr("halls.mail.smtp.STEP_SECONDS", 10.0)


def test_an_email_is_sent_and_its_entry_deleted(db: Db) -> None:
    name = queue_news(db)
    with running_smtp_server() as server, structlog.testing.capture_logs() as lines:
        assert handle_next(db, mail_config(server.port), HANDLERS)
        assert not handle_next(db, mail_config(server.port), HANDLERS)
    assert [delivery.receivers for delivery in server.deliveries] == [["ayesha@example.com"]]
    assert list_entries(db) == []
    fields = {"entry": str(name), "kind": "news", "tries": 1, "outcome": "sent"}
    assert lines == [{"event": "outbox entry handled", "log_level": "info", **fields}]


def test_an_email_without_recipient_is_deleted_without_sending(db: Db) -> None:
    queue_news(db, email=None)
    with running_smtp_server() as server, structlog.testing.capture_logs() as lines:
        assert handle_next(db, mail_config(server.port), HANDLERS)
    assert (server.tried, list_entries(db)) == (0, [])
    assert lines[0]["outcome"] == "no_receiver"


@pytest.mark.parametrize(
    ("error", "reason"),
    [("550 no", "SMTPDataError"), ("drop", "SMTPServerDisconnected")],
)
def test_an_error_to_data_uses_up_a_try_and_the_email_arrives_once(db: Db, error: str, reason: str) -> None:
    queue_news(db)
    with running_smtp_server() as server:
        server.errors = [error] * 2
        assert handle_next(db, mail_config(server.port), HANDLERS)
        assert [(one["status"], one["tries"], one["reason"]) for one in list_entries(db)] == [("due", 1, reason)]
        with running_worker(db, mail_config(server.port)):
            wait_until(lambda: not list_entries(db))
    assert (server.tried, list(server.copies().values())) == (3, [1])


@pytest.mark.parametrize("greets", [False, True], ids=["before the greeting", "after the greeting"])
def test_a_server_that_hangs_uses_up_no_try(db: Db, monkeypatch: pytest.MonkeyPatch, *, greets: bool) -> None:
    monkeypatch.setattr("halls.mail.smtp.STEP_SECONDS", 0.1)
    queue_news(db)
    with mute_server(greets=greets) as port:
        assert handle_next(db, mail_config(port), HANDLERS)
    (entry,) = list_entries(db)
    assert (entry["status"], entry["tries"], entry["deferrals"]) == ("due", 0, 1)
    assert entry["reason"] in {"TimeoutError", "SMTPServerDisconnected"}


def test_a_rejected_recipient_is_dead_at_once_and_affects_no_other(db: Db) -> None:
    rejected = queue_news(db, email="gone@example.com")
    queue_news(db)
    with running_smtp_server() as server, structlog.testing.capture_logs() as lines:
        server.recipient_errors = {"gone@example.com": "550 no such mailbox"}
        while handle_next(db, mail_config(server.port), HANDLERS):
            pass
    (entry,) = list_entries(db)
    assert (entry["_id"], entry["status"], entry["tries"]) == (rejected, "dead", 1)
    assert entry["reason"] == "SMTPRecipientsRefused"
    assert [delivery.receivers for delivery in server.deliveries] == [["ayesha@example.com"]]
    assert (lines[0]["log_level"], lines[0]["outcome"]) == ("error", "dead")


def test_a_quit_that_hangs_does_not_send_an_email_twice(db: Db) -> None:
    queue_news(db)
    with running_smtp_server() as server:
        server.quit_seconds = 1
        with running_worker(db, mail_config(server.port)):
            wait_until(lambda: not list_entries(db))
    assert list(server.copies().values()) == [1]


def count_outcome(outcome: str) -> float:
    """Return how often this process counted the outcome for this kind."""
    return metrics().outbox.labels("news", outcome)._value.get()  # type: ignore[no-any-return] # noqa: SLF001 - the library's own tests read it so


def test_after_the_last_try_an_entry_is_dead_in_log_and_metric(db: Db) -> None:
    before = count_outcome("dead"), count_outcome("failed")
    name = queue_news(db)
    db.outbox.update_one({"_id": name}, {"$set": {"tries": MAX_TRIES - 2}})
    with running_smtp_server() as server, structlog.testing.capture_logs() as lines:
        server.errors = ["550 no"] * 2
        assert handle_next(db, mail_config(server.port), HANDLERS)
        wait_until(lambda: handle_next(db, mail_config(server.port), HANDLERS))
    assert [entry["status"] for entry in list_entries(db)] == ["dead"]
    common = {"event": "outbox entry not handled", "entry": str(name), "kind": "news", "reason": "SMTPDataError"}
    assert lines == [
        {**common, "log_level": "warning", "tries": MAX_TRIES - 1, "outcome": "failed"},
        {**common, "log_level": "error", "tries": MAX_TRIES, "outcome": "dead"},
    ]
    assert (count_outcome("dead"), count_outcome("failed")) == (before[0] + 1, before[1] + 1)
    assert not handle_next(db, mail_config(server.port), HANDLERS)


def test_an_unavailable_server_is_counted_as_such(db: Db) -> None:
    before = count_outcome("unavailable")
    queue_news(db)
    with structlog.testing.capture_logs() as lines:
        assert handle_next(db, mail_config(free_port()), HANDLERS)
    assert (lines[0]["outcome"], lines[0]["reason"]) == ("unavailable", "ConnectionRefusedError")
    assert count_outcome("unavailable") == before + 1


def test_the_text_of_a_server_is_not_logged_because_it_may_contain_the_address(db: Db) -> None:
    queue_news(db)
    with running_smtp_server() as server, structlog.testing.capture_logs() as lines:
        server.errors = ["550 ayesha@example.com is unknown"]
        handle_next(db, mail_config(server.port), HANDLERS)
    assert "ayesha" not in str(lines)
    assert "ayesha" not in str(list_entries(db)[0]["reason"])


def broken_renderer(*_: Any) -> Email:
    """Fail with a defect."""
    raise AttributeError("'NoneType' object has no attribute 'ayesha@example.com'")


def test_an_entry_whose_handler_fails_stops_no_other(db: Db) -> None:
    enqueue(db, "broken", {}, utc_now())
    enqueue(db, "news", {"email": "ayesha@example.com"}, utc_now())
    handlers = HANDLERS | {"broken": email_handler(broken_renderer)}
    with running_smtp_server() as server, running_worker(db, mail_config(server.port), handlers) as thread:
        wait_until(lambda: server.deliveries)
        assert thread.is_alive()
    (entry,) = list_entries(db)
    assert (entry["kind"], entry["reason"]) == ("broken", "AttributeError")


def test_an_entry_of_an_unknown_kind_stays_due_for_another_worker(db: Db) -> None:
    enqueue(db, "kind of a newer version", {}, utc_now() - timedelta(minutes=1))
    queue_news(db)
    with running_smtp_server() as server, running_worker(db, mail_config(server.port)):
        wait_until(lambda: server.deliveries)
    (entry,) = list_entries(db)
    assert (entry["status"], entry["tries"]) == ("due", 0)


def test_a_handler_of_another_kind_than_email_is_called_with_the_entry(db: Db) -> None:
    calls: list[Any] = []

    def handle(*args: Any) -> str:
        calls.append(args)
        return "delivered"

    config, entry_id = make_config(), enqueue(db, "webhook", {"url": "x"}, utc_now())
    with structlog.testing.capture_logs() as lines:
        assert handle_next(db, config, {"webhook": handle})
    ((given_db, given_config, entry, _now),) = calls
    assert (given_db is db, given_config is config, entry["_id"], entry["data"]) == (True, True, entry_id, {"url": "x"})
    assert (lines[0]["outcome"], list_entries(db)) == ("delivered", [])


@pytest.mark.parametrize("address", ["a@example.com\nBcc: mallory@example.com", " ", "x" * 2_000, "<", 7])
def test_an_unusable_address_is_a_failure_and_sends_nothing(db: Db, address: Any) -> None:
    enqueue(db, "news", {"email": address}, utc_now())
    with running_smtp_server() as server:
        server.recipient_errors = {"x" * 2_000: "550 no such mailbox"}
        assert handle_next(db, mail_config(server.port), HANDLERS)
    assert server.deliveries == []
    assert len(list_entries(db)) == 1


def test_the_worker_waits_while_the_database_is_away_and_goes_on(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = worker.claim_entry, ["again", "again"]

    def claim(*args: Any) -> Any:
        if failures:
            raise ServerSelectionTimeoutError(failures.pop())
        return real(*args)

    monkeypatch.setattr(worker, "claim_entry", claim)
    queue_news(db)
    with (
        structlog.testing.capture_logs() as lines,
        running_smtp_server() as server,
        running_worker(db, mail_config(server.port)),
    ):
        wait_until(lambda: not list_entries(db))
    # One entry for the whole outage.
    assert [line["event"] for line in lines].count("database unavailable") == 1
    assert list(server.copies().values()) == [1]


@contextmanager
def locked_entries(db: Db) -> Iterator[Callable[..., None]]:
    """Yield a function that locks all entries in a transaction: other writers wait for them."""
    with db.client.start_session() as session, session.start_transaction():

        def lock(*_: Any) -> None:
            # In a new context: without the deadline of the caller.
            change: Any = {"$set": {"locked": True}}
            contextvars.Context().run(db.outbox.update_many, {}, change, session=session)

        yield lock


@pytest.mark.parametrize("step", ["claim_entry", "complete_entry", "retry_later", "mark_dead"])
def test_each_database_step_has_a_deadline(db: Db, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    monkeypatch.setattr(worker, "DATABASE_SECONDS", 0.2)
    queue_news(db)
    with running_smtp_server() as server, locked_entries(db) as lock:
        server.errors = ["451 later"] if step == "retry_later" else []
        server.recipient_errors = {"ayesha@example.com": "550 no"} if step == "mark_dead" else {}
        run_before_first_call(monkeypatch, worker, step, lock)
        with pytest.raises(PyMongoError) as late:
            handle_next(db, mail_config(server.port), HANDLERS)
    assert late.value.timeout


def test_a_renderer_has_a_deadline(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "RENDER_SECONDS", 0.2)
    queue_news(db)
    with locked_entries(db) as lock:

        def render_slowly(*_: Any) -> None:
            lock()
            db.outbox.update_many({}, {"$set": {"rendered": True}})

        with pytest.raises(PyMongoError) as late:
            handle_next(db, mail_config(1), {"news": email_handler(render_slowly)})
    assert late.value.timeout


def test_an_outage_of_the_database_in_a_handler_loses_no_email(db: Db) -> None:
    def fail(*_: Any) -> Email:
        raise ServerSelectionTimeoutError("away")

    queue_news(db)
    with pytest.raises(ServerSelectionTimeoutError):
        handle_next(db, mail_config(1, mail_lease_seconds=0.1), {"news": email_handler(fail)})
    with running_smtp_server() as server, running_worker(db, mail_config(server.port)):
        wait_until(lambda: not list_entries(db))
    assert list(server.copies().values()) == [1]


def test_a_run_ends_after_its_limit_although_entries_are_due(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_RUN_SECONDS", 0.0)
    queue_news(db)
    handle_due_entries(db, make_config(), lambda: False, HANDLERS)
    assert len(list_entries(db)) == 1


def test_a_stopped_worker_finishes_the_entry_at_hand(db: Db) -> None:
    stop, rendering = threading.Event(), threading.Event()

    def render_slowly(*args: Any) -> Email | None:
        rendering.set()
        stop.wait()
        return render_news(*args)

    for _ in range(2):
        queue_news(db)
    with running_smtp_server() as server:
        arguments = (db, mail_config(server.port), stop.is_set, {"news": email_handler(render_slowly)})
        thread = threading.Thread(target=handle_due_entries, args=arguments)
        thread.start()
        assert rendering.wait(20)
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
    assert list(server.copies().values()) == [1]
    assert len(list_entries(db)) == 1
