"""The outbox: who may send a letter and when, how long it is tried, and what becomes of it in the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.clock import utc_now
from halls.mongo.client import in_transaction
from halls.outbox import store
from halls.outbox.store import (
    LONGEST_PAUSE_SECONDS,
    MAX_TRIES,
    claim_entry,
    complete_entry,
    delete_entries_to,
    enqueue,
    list_entries,
    requeue_entries,
    retry_later,
)
from tests.accounts.concurrency import at_once

if TYPE_CHECKING:
    from halls.mongo.client import Db, Document, Session

LEASE = 60.0


def claimed(db: Db, now: datetime) -> Document:
    """Claim the letter that is due."""
    entry = claim_entry(db, now, LEASE)
    assert entry is not None
    return entry


def only(db: Db) -> Document:
    """Return the one letter there is."""
    (entry,) = list_entries(db)
    return entry


def test_a_letter_waits_until_it_is_claimed_and_is_gone_when_it_is_finished(db: Db) -> None:
    now = utc_now()
    entry_id = enqueue(db, "news", {"email": "a@example.com"}, now)
    entry = claimed(db, now)
    assert {name: entry[name] for name in ("_id", "kind", "data", "tries")} == {
        "_id": entry_id,
        "kind": "news",
        "data": {"email": "a@example.com"},
        "tries": 1,
    }
    complete_entry(db, entry)
    assert list_entries(db) == []


def test_nothing_is_claimed_when_nothing_is_due(db: Db) -> None:
    now = utc_now()
    assert claim_entry(db, now, LEASE) is None
    enqueue(db, "news", {}, now + timedelta(seconds=1))
    assert claim_entry(db, now, LEASE) is None


def test_the_letter_that_waits_longest_goes_first(db: Db) -> None:
    now = utc_now()
    ids = [enqueue(db, "news", {}, now - timedelta(seconds=seconds)) for seconds in (1, 3, 2)]
    assert [claimed(db, now)["_id"] for _ in ids] == [ids[1], ids[2], ids[0]]


def test_a_letter_is_queued_if_and_only_if_its_cause_takes_effect(db: Db) -> None:
    def fail(session: Session) -> None:
        enqueue(db, "news", {}, utc_now(), session)
        raise LookupError

    with pytest.raises(LookupError):
        in_transaction(db, fail)
    assert list_entries(db) == []
    in_transaction(db, lambda session: enqueue(db, "news", {}, utc_now(), session))
    assert len(list_entries(db)) == 1


def test_a_claimed_letter_is_hidden_for_the_lease_and_due_again_by_itself(db: Db) -> None:
    now = utc_now()
    enqueue(db, "news", {}, now)
    first = claimed(db, now)
    assert claim_entry(db, now + timedelta(seconds=LEASE - 1), LEASE) is None
    second = claimed(db, now + timedelta(seconds=LEASE))
    assert (second["_id"], second["tries"]) == (first["_id"], 2)


def test_of_many_workers_at_once_each_letter_has_one(db: Db) -> None:
    now = utc_now()
    ids = {enqueue(db, "news", {}, now) for _ in range(10)}
    entries = at_once([lambda: claim_entry(db, now, LEASE)] * 12)
    found = [entry["_id"] for entry in entries if entry]
    assert sorted(found) == sorted(ids)


def test_who_was_too_slow_does_not_undo_the_work_of_the_next(db: Db) -> None:
    now = utc_now()
    enqueue(db, "news", {}, now)
    slow = claimed(db, now)
    quick = claimed(db, now + timedelta(seconds=LEASE))
    retry_later(db, slow, now, "SlowError")
    assert only(db) == quick
    complete_entry(db, slow)
    assert only(db) == quick
    complete_entry(db, quick)
    assert list_entries(db) == []
    # And a letter that is gone does not come back.
    assert retry_later(db, slow, now, "SlowError")
    assert list_entries(db) == []


def test_the_pauses_grow_up_to_a_quarter_of_an_hour_and_then_the_letter_is_dead(db: Db) -> None:
    now = utc_now()
    enqueue(db, "news", {}, now)
    pauses = []
    for number in range(1, MAX_TRIES):
        entry = claimed(db, now)
        assert entry["tries"] == number
        assert retry_later(db, entry, now, "SMTPConnectError")
        pauses.append((only(db)["due_at"] - now).total_seconds())
        assert claim_entry(db, now + timedelta(seconds=pauses[-1] - 0.5), LEASE) is None
        now += timedelta(seconds=pauses[-1])
    assert pauses[:9] == [2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert set(pauses[9:]) == {LONGEST_PAUSE_SECONDS}
    assert 3600 < sum(pauses) < 3 * 3600
    assert not retry_later(db, claimed(db, now), now, "SMTPDataError")
    dead = only(db)
    assert (dead["status"], dead["reason"], dead["tries"]) == ("dead", "SMTPDataError", MAX_TRIES)
    assert claim_entry(db, now + timedelta(days=30), LEASE) is None


def put_dead(db: Db, **fields: Any) -> ObjectId:
    """Write a letter that was given up."""
    entry_id = enqueue(db, "news", {}, utc_now())
    db.outbox.update_one({"_id": entry_id}, {"$set": {"status": "dead", "tries": MAX_TRIES, **fields}})
    return entry_id


def test_dead_letters_are_tried_again_when_told_so(db: Db) -> None:
    dead = [put_dead(db) for _ in range(3)]
    now = utc_now()
    waiting = enqueue(db, "news", {}, now + timedelta(hours=1))
    assert requeue_entries(db, now, dead[:1]) == 1
    assert requeue_entries(db, now, []) == 0
    assert requeue_entries(db, now, [waiting, ObjectId()]) == 0
    entry = claimed(db, now)
    assert (entry["_id"], entry["tries"]) == (dead[0], 1)
    assert claim_entry(db, now, LEASE) is None
    assert requeue_entries(db, now) == 2
    assert {claimed(db, now)["_id"] for _ in range(2)} == set(dead[1:])


def test_letters_are_listed_from_the_oldest_and_no_more_than_asked_for(db: Db) -> None:
    ids = [enqueue(db, "news", {}, utc_now()) for _ in range(2)]
    ids.append(put_dead(db))
    assert [entry["_id"] for entry in list_entries(db)] == ids
    assert [entry["_id"] for entry in list_entries(db, 2)] == ids[:2]


@pytest.mark.parametrize("typed", ["ali@example.com", "ALI@Example.com"])
def test_what_waits_for_an_address_is_forgotten_however_it_was_typed(db: Db, typed: str) -> None:
    enqueue(db, "news", {"email": typed}, utc_now())
    kept = enqueue(db, "news", {"email": "another@example.com"}, utc_now())
    in_transaction(db, lambda session: delete_entries_to(db, "ali@example.com", session))
    assert only(db)["_id"] == kept


def test_the_due_letter_is_found_by_an_index(db: Db) -> None:
    enqueue(db, "news", {}, utc_now())
    plan = db.outbox.find({"status": "due", "due_at": {"$lte": utc_now()}}).sort("due_at").explain()
    assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"])
    assert "'SORT'" not in str(plan["queryPlanner"]["winningPlan"])
    assert store.COLLECTION.name == "outbox"
