"""The worker, in this process: what it sends, what it tries again, what it gives up, and what it says of it."""

from __future__ import annotations

import contextvars
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import time_machine
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from halls.clock import utc_now
from halls.mail.message import Email
from halls.metrics import metrics
from halls.outbox import store, worker
from halls.outbox.store import LONGEST_PAUSE_SECONDS, MAX_TRIES, enqueue, list_entries
from halls.outbox.worker import deliver_next, run_worker
from tests.accounts.concurrency import come_between
from tests.conftest import make_config
from tests.mail.smtp_server import mute_server, running_smtp_server, soon
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bson import ObjectId

    from halls.config import Config
    from halls.mongo.client import Db, Document


def write_news(_db: Db, _config: Config, entry: Document, _now: datetime) -> Email | None:
    """Write a letter to who is named, or to nobody."""
    to = entry["data"].get("email")
    return Email(to, "News", "text", "<p>html</p>") if to else None


WRITERS = {"news": write_news}


def mail_config(port: int, **settings: Any) -> Config:
    """Return settings with that SMTP server of this machine."""
    return make_config(smtp_host="127.0.0.1", smtp_port=port, **settings)


def queue_news(db: Db, **data: Any) -> ObjectId:
    """Queue a letter to somebody."""
    return enqueue(db, "news", {"email": "ayesha@example.com", **data}, utc_now())


@contextmanager
def working(db: Db, config: Config, writers: Any = None) -> Iterator[threading.Thread]:
    """Run a worker in a thread until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(db, config, writers or WRITERS, stop))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten every pause."""
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(worker, "AWAY_SECONDS", 0.02)
    monkeypatch.setattr(store, "LONGEST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr("halls.mail.smtp.STEP_SECONDS", 0.5)


def test_a_letter_is_sent_and_gone(db: Db) -> None:
    name = queue_news(db)
    with running_smtp_server() as office, structlog.testing.capture_logs() as lines:
        assert deliver_next(db, mail_config(office.port), WRITERS)
        assert not deliver_next(db, mail_config(office.port), WRITERS)
    assert [delivery.receivers for delivery in office.deliveries] == [["ayesha@example.com"]]
    assert list_entries(db) == []
    assert lines == [{"event": "e-mail sent", "log_level": "info", "entry": str(name), "tries": 1}]


def test_a_letter_to_nobody_is_gone_without_a_word(db: Db) -> None:
    queue_news(db, email=None)
    with running_smtp_server() as office, structlog.testing.capture_logs() as lines:
        assert deliver_next(db, mail_config(office.port), WRITERS)
    assert (office.tried, list_entries(db)) == (0, [])
    assert lines[0]["event"] == "letter to nobody"


@pytest.mark.parametrize(
    ("error", "reason"),
    [("451 later", "SMTPDataError"), ("550 no", "SMTPDataError"), ("drop", "SMTPServerDisconnected")],
)
def test_a_letter_that_is_not_taken_is_tried_again_and_arrives_once(db: Db, error: str, reason: str) -> None:
    queue_news(db)
    with running_smtp_server() as office:
        office.errors = [error] * 2
        assert deliver_next(db, mail_config(office.port), WRITERS)
        assert [(entry["status"], entry["reason"]) for entry in list_entries(db)] == [("due", reason)]
        with working(db, mail_config(office.port)):
            assert soon(lambda: not list_entries(db))
    assert (office.tried, list(office.copies().values())) == (3, [1])


@pytest.mark.parametrize("greets", [False, True], ids=["before the greeting", "after the greeting"])
def test_a_server_that_hangs_costs_a_try(db: Db, monkeypatch: pytest.MonkeyPatch, *, greets: bool) -> None:
    monkeypatch.setattr("halls.mail.smtp.STEP_SECONDS", 0.1)
    queue_news(db)
    with mute_server(greets=greets) as port:
        assert deliver_next(db, mail_config(port), WRITERS)
    (entry,) = list_entries(db)
    assert (entry["status"], entry["tries"]) == ("due", 1)
    assert entry["reason"] in {"TimeoutError", "SMTPServerDisconnected"}


def test_a_farewell_that_hangs_does_not_send_a_letter_twice(db: Db) -> None:
    queue_news(db)
    with running_smtp_server() as office:
        office.farewell_seconds = 1
        with working(db, mail_config(office.port)):
            assert soon(lambda: not list_entries(db))
    assert list(office.copies().values()) == [1]


def test_when_the_server_is_back_every_letter_arrives_once(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    # In days of outage a letter would be given up, and that is another test.
    monkeypatch.setattr(store, "MAX_TRIES", 10_000)
    names = {str(queue_news(db)) for _ in range(5)}
    port = free_port()
    with working(db, mail_config(port)):
        assert soon(lambda: all(entry["tries"] > 1 for entry in list_entries(db)))
        assert len(list_entries(db)) == 5
        with running_smtp_server(port=port) as office:
            assert soon(lambda: not list_entries(db))
    assert set(office.copies().values()) == {1}
    assert {delivery.id.split("@")[0].strip("<") for delivery in office.deliveries} == names


def test_letters_queued_while_the_server_is_down_for_a_minute_all_arrive_once(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LONGEST_PAUSE_SECONDS", LONGEST_PAUSE_SECONDS)
    port, began = free_port(), utc_now()
    config = mail_config(port)
    for second in range(60):
        with time_machine.travel(began + timedelta(seconds=second), tick=False):
            if second % 3 == 0:
                queue_news(db)
            while deliver_next(db, config, WRITERS):
                pass
    waiting = {str(entry["_id"]) for entry in list_entries(db)}
    assert len(waiting) == 20
    with running_smtp_server(port=port) as office:
        # The pauses have doubled meanwhile: who waited a minute waits at most another, and a little.
        for second in range(60, 130):
            with time_machine.travel(began + timedelta(seconds=second), tick=False):
                while deliver_next(db, config, WRITERS):
                    pass
    assert list_entries(db) == []
    assert {delivery.id.split("@")[0].strip("<") for delivery in office.deliveries} == waiting
    assert set(office.copies().values()) == {1}


def count_dead() -> float:
    """Return how many letters of this kind this process counted as given up."""
    return metrics().mails.labels("news", "dead")._value.get()  # type: ignore[no-any-return] # noqa: SLF001 - the library's own tests read it so


def test_after_the_last_try_a_letter_is_dead_and_log_and_metric_say_so(db: Db) -> None:
    before = count_dead()
    name = queue_news(db)
    db.outbox.update_one({"_id": name}, {"$set": {"tries": MAX_TRIES - 2}})
    config = mail_config(free_port())
    with structlog.testing.capture_logs() as lines:
        assert deliver_next(db, config, WRITERS)
        assert soon(lambda: deliver_next(db, config, WRITERS))
    assert [entry["status"] for entry in list_entries(db)] == ["dead"]
    said = {"event": "e-mail not sent", "entry": str(name), "reason": "ConnectionRefusedError"}
    assert lines == [
        {**said, "log_level": "warning", "tries": MAX_TRIES - 1, "dead": False},
        {**said, "log_level": "error", "tries": MAX_TRIES, "dead": True},
    ]
    assert count_dead() == before + 1
    assert not deliver_next(db, config, WRITERS)


def test_what_a_server_says_is_not_logged_for_it_may_hold_the_address(db: Db) -> None:
    queue_news(db)
    with running_smtp_server() as office, structlog.testing.capture_logs() as lines:
        office.errors = ["550 ayesha@example.com is unknown"]
        deliver_next(db, mail_config(office.port), WRITERS)
    assert "ayesha" not in str(lines)
    assert "ayesha" not in str(list_entries(db)[0]["reason"])


def broken_writer(*_: Any) -> Email:
    """Fail as no writer should."""
    raise AttributeError("'NoneType' object has no attribute 'ayesha@example.com'")


@pytest.mark.parametrize("kind", ["news", "of a newer version"])
def test_a_letter_that_nobody_can_write_stops_no_other(db: Db, kind: str) -> None:
    enqueue(db, kind, {}, utc_now())
    enqueue(db, "good", {"email": "ayesha@example.com"}, utc_now())
    writers = {"news": broken_writer, "good": write_news}
    with running_smtp_server() as office, working(db, mail_config(office.port), writers) as thread:
        assert soon(lambda: office.deliveries)
        assert thread.is_alive()
    (entry,) = list_entries(db)
    assert (entry["kind"], entry["reason"]) == (kind, "AttributeError" if kind == "news" else "KeyError")


@pytest.mark.parametrize("address", ["a@example.com\nBcc: mallory@example.com", " ", "x" * 2_000, "<", 7])
def test_an_address_that_no_letter_can_go_to_is_a_failed_try(db: Db, address: Any) -> None:
    enqueue(db, "news", {"email": address}, utc_now())
    with running_smtp_server() as office:
        office.unknown = {"x" * 2_000}
        assert deliver_next(db, mail_config(office.port), WRITERS)
    assert office.deliveries == []
    assert len(list_entries(db)) == 1


def test_the_worker_waits_while_the_database_is_away_and_goes_on(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    real, away = worker.claim_entry, ["again", "again"]

    def claim(*args: Any) -> Any:
        if away:
            raise ServerSelectionTimeoutError(away.pop())
        return real(*args)

    monkeypatch.setattr(worker, "claim_entry", claim)
    queue_news(db)
    with (
        structlog.testing.capture_logs() as lines,
        running_smtp_server() as office,
        working(db, mail_config(office.port)),
    ):
        assert soon(lambda: not list_entries(db))
    assert [line["event"] for line in lines].count("outbox out of reach") == 2
    assert list(office.copies().values()) == [1]


@contextmanager
def holding(db: Db) -> Iterator[Callable[..., None]]:
    """Yield what holds the entries from then on: to who would change one, the database seems frozen."""
    with db.client.start_session() as session, session.start_transaction():

        def hold(*_: Any) -> None:
            # Without the deadline of who calls it.
            change: Any = {"$set": {"held": True}}
            contextvars.Context().run(db.outbox.update_many, {}, change, session=session)

        yield hold


@pytest.mark.parametrize("step", ["claim_entry", "complete_entry", "retry_later"])
def test_a_database_that_does_not_answer_is_one_that_is_away(
    db: Db, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(worker, "DATABASE_SECONDS", 0.2)
    queue_news(db)
    with running_smtp_server() as office, holding(db) as hold:
        office.errors = ["451 later"] if step == "retry_later" else []
        come_between(monkeypatch, worker, step, hold)
        with pytest.raises(PyMongoError) as late:
            deliver_next(db, mail_config(office.port), WRITERS)
    assert late.value.timeout


def test_no_writer_waits_for_a_database_that_does_not_answer(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "DATABASE_SECONDS", 0.2)
    queue_news(db)
    with holding(db) as hold:

        def write_slowly(*_: Any) -> None:
            hold()
            db.outbox.update_many({}, {"$set": {"asked": True}})

        with pytest.raises(PyMongoError) as late:
            deliver_next(db, mail_config(1), {"news": write_slowly})
    assert late.value.timeout


def test_the_database_being_away_in_the_middle_of_a_letter_costs_no_letter(db: Db) -> None:
    def no_database(*_: Any) -> Email:
        raise ServerSelectionTimeoutError("away")

    queue_news(db)
    with pytest.raises(ServerSelectionTimeoutError):
        deliver_next(db, mail_config(1, mail_lease_seconds=0.1), {"news": no_database})
    with running_smtp_server() as office, working(db, mail_config(office.port)):
        assert soon(lambda: not list_entries(db))
    assert list(office.copies().values()) == [1]


def test_a_worker_that_is_told_to_stop_finishes_the_letter_at_hand(db: Db) -> None:
    stop, sending = threading.Event(), threading.Event()

    def write_slowly(*args: Any) -> Email | None:
        sending.set()
        stop.wait()
        return write_news(*args)

    for _ in range(2):
        queue_news(db)
    with running_smtp_server() as office:
        thread = threading.Thread(target=run_worker, args=(db, mail_config(office.port), {"news": write_slowly}, stop))
        thread.start()
        assert sending.wait(20)
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
    assert len(office.deliveries) == 1
    assert len(list_entries(db)) == 1
