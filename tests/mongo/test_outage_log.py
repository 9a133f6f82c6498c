"""The outage of the database is logged at its start, rarely during it, and at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from pymongo.errors import AutoReconnect, ServerSelectionTimeoutError

from halls.mongo import outage_log
from halls.mongo.outage_log import OutageLog, StateFilter
from tests.conftest import make_config

if TYPE_CHECKING:
    import pytest

ERROR = ServerSelectionTimeoutError("text of the driver")


def test_an_outage_is_logged_once_with_address_and_advice_and_its_end() -> None:
    outages = OutageLog("halls at db.example:27017")
    with structlog.testing.capture_logs() as lines:
        outages.record_success()
        for error in (ERROR, AutoReconnect("other text"), ERROR):
            outages.record_failure(error)
        for _ in range(2):
            outages.record_success()
    assert lines == [
        {
            "event": "database unavailable",
            "log_level": "warning",
            "database": "halls at db.example:27017",
            "error": "ServerSelectionTimeoutError",
            "advice": "Check that MongoDB runs there, and MONGO_URI. Halls retries and needs no restart.",
        },
        {"event": "database available", "log_level": "info", "database": "halls at db.example:27017"},
    ]


def test_a_long_outage_is_repeated_but_not_a_long_availability(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage_log, "REPEAT_SECONDS", 0)
    outages = OutageLog("halls at db.example:27017")
    with structlog.testing.capture_logs() as lines:
        outages.record_failure(ERROR)
        outages.record_failure(ERROR)
        outages.record_success()
        outages.record_success()
    assert [line["event"] for line in lines] == ["database unavailable"] * 2 + ["database available"]


def test_a_changed_reason_is_due_at_once() -> None:
    reasons = StateFilter("")
    assert [reasons.is_due(reason) for reason in ("a", "a", "b", "a", "a")] == [True, False, True, True, False]


def test_all_parts_of_a_process_share_the_log_of_a_database() -> None:
    first, second = (make_config(mongo_uri=f"mongodb://{name}.example/halls") for name in ("a", "b"))
    assert outage_log.outage_log(first) is outage_log.outage_log(first.model_copy())
    assert outage_log.outage_log(first) is not outage_log.outage_log(second)
