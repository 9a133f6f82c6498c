"""The outbox collection: leases, pauses between tries, scheduled and dead entries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from halls.clock import utc_now
from halls.mongo.client import in_transaction
from halls.outbox import store
from halls.outbox.entry import state_of
from halls.outbox.store import (
    MAX_PAUSE_SECONDS,
    MAX_TRIES,
    MAX_UNAVAILABLE,
    claim_entry,
    complete_entry,
    count_entries,
    delete_entries_to,
    enqueue,
    enqueue_once,
    list_entries,
    mark_dead,
    release_entry,
    requeue_entries,
    retry_later,
)
from tests.accounts.concurrency import at_once

if TYPE_CHECKING:
    from halls.mongo.client import Db, Session
    from halls.outbox.entry import OutboxEntry

LEASE = 60.0
KINDS = {"news"}


def claim(db: Db, now: datetime) -> OutboxEntry:
    """Claim the entry that is due."""
    entry = claim_entry(db, KINDS, now, LEASE)
    assert entry is not None
    return entry


def only(db: Db) -> OutboxEntry:
    """Return the only entry."""
    (entry,) = list_entries(db)
    return entry


def test_an_entry_waits_until_it_is_claimed_and_is_deleted_when_completed(db: Db) -> None:
    now = utc_now()
    entry_id = enqueue(db, "news", {"email": "a@example.com"}, now)
    entry = claim(db, now)
    assert {name: value for name, value in entry.items() if name in {"_id", "kind", "data", "tries"}} == {
        "_id": entry_id,
        "kind": "news",
        "data": {"email": "a@example.com"},
        "tries": 1,
    }
    complete_entry(db, entry, now)
    assert list_entries(db) == []


def test_nothing_is_claimed_while_nothing_is_due(db: Db) -> None:
    now = utc_now()
    assert claim_entry(db, KINDS, now, LEASE) is None
    enqueue(db, "news", {}, now, due_at=now + timedelta(seconds=1))
    assert claim_entry(db, KINDS, now, LEASE) is None
    assert claim_entry(db, KINDS, now + timedelta(seconds=1), LEASE) is not None


def test_only_the_given_kinds_are_claimed(db: Db) -> None:
    now = utc_now()
    enqueue(db, "kind of a newer version", {}, now - timedelta(seconds=5))
    expected = enqueue(db, "news", {}, now)
    assert claim(db, now)["_id"] == expected
    assert claim_entry(db, KINDS, now, LEASE) is None
    (left,) = (entry for entry in list_entries(db) if entry["_id"] != expected)
    assert (left["status"], left["tries"]) == ("due", 0)


def test_the_entry_that_has_been_due_longest_is_claimed_first(db: Db) -> None:
    now = utc_now()
    ids = [enqueue(db, "news", {}, now - timedelta(seconds=seconds)) for seconds in (1, 3, 2)]
    assert [claim(db, now)["_id"] for _ in ids] == [ids[1], ids[2], ids[0]]


def test_an_entry_is_stored_only_if_its_transaction_commits(db: Db) -> None:
    def fail(session: Session) -> None:
        enqueue(db, "news", {}, utc_now(), session)
        raise LookupError

    with pytest.raises(LookupError):
        in_transaction(db, fail)
    assert list_entries(db) == []
    in_transaction(db, lambda session: enqueue(db, "news", {}, utc_now(), session))
    assert len(list_entries(db)) == 1


def test_a_claimed_entry_is_hidden_for_the_lease_and_then_due_again(db: Db) -> None:
    now = utc_now()
    enqueue(db, "news", {}, now)
    first = claim(db, now)
    assert claim_entry(db, KINDS, now + timedelta(seconds=LEASE - 1), LEASE) is None
    second = claim(db, now + timedelta(seconds=LEASE))
    assert (second["_id"], second["tries"]) == (first["_id"], 2)


def test_concurrent_workers_claim_each_entry_once(db: Db) -> None:
    now = utc_now()
    ids = {enqueue(db, "news", {}, now) for _ in range(10)}
    entries = at_once([lambda: claim_entry(db, KINDS, now, LEASE)] * 12)
    found = [entry["_id"] for entry in entries if entry]
    assert sorted(found) == sorted(ids)


def test_a_worker_whose_lease_expired_changes_nothing(db: Db) -> None:
    now = utc_now()
    enqueue(db, "news", {}, now)
    slow = claim(db, now)
    quick = claim(db, now + timedelta(seconds=LEASE))
    retry_later(db, slow, now, "SlowError")
    mark_dead(db, slow, "SlowError")
    complete_entry(db, slow, now)
    assert only(db) == quick
    complete_entry(db, quick, now)
    assert list_entries(db) == []
    assert retry_later(db, slow, now, "SlowError") == "due"
    assert list_entries(db) == []


def test_a_returned_try_does_not_revive_an_expired_lease(db: Db) -> None:
    now = utc_now()
    enqueue(db, "news", {}, now)
    slow = claim(db, now)
    quick = claim(db, now + timedelta(seconds=LEASE))
    retry_later(db, quick, now, "ServerUnavailable", is_temporary=True)
    assert only(db)["tries"] == slow["tries"]
    complete_entry(db, slow, now)
    assert only(db)["_id"] == quick["_id"]


def test_pauses_grow_to_a_quarter_of_an_hour_and_the_last_failure_is_final(db: Db) -> None:
    now = utc_now()
    enqueue(db, "news", {}, now)
    pauses = []
    for number in range(1, MAX_TRIES):
        entry = claim(db, now)
        assert entry["tries"] == number
        assert retry_later(db, entry, now, "SMTPDataError") == "due"
        pauses.append((only(db)["due_at"] - now).total_seconds())
        assert claim_entry(db, KINDS, now + timedelta(seconds=pauses[-1] - 0.5), LEASE) is None
        now += timedelta(seconds=pauses[-1])
    assert pauses[:9] == [2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert set(pauses[9:]) == {MAX_PAUSE_SECONDS}
    assert 3600 < sum(pauses) < 3 * 3600
    assert retry_later(db, claim(db, now), now, "SMTPDataError") == "dead"
    dead = only(db)
    assert (dead["status"], dead["reason"], dead["tries"]) == ("dead", "SMTPDataError", MAX_TRIES)
    assert claim_entry(db, KINDS, now + timedelta(days=30), LEASE) is None


def test_a_temporary_failure_uses_up_no_tries_for_three_days(db: Db) -> None:
    began = now = utc_now()
    enqueue(db, "news", {}, now)
    while now - began < MAX_UNAVAILABLE:
        assert retry_later(db, claim(db, now), now, "ServerUnavailable", is_temporary=True) == "due"
        entry = only(db)
        assert entry["tries"] == 0
        assert timedelta(0) < entry["due_at"] - now <= timedelta(seconds=MAX_PAUSE_SECONDS)
        now = entry["due_at"]
    tries = 1
    while retry_later(db, claim(db, now), now, "ServerUnavailable", is_temporary=True) == "due":
        tries += 1
        now = only(db)["due_at"]
    assert (tries, only(db)["status"]) == (MAX_TRIES, "dead")


def test_the_three_days_of_a_scheduled_entry_begin_when_it_is_due(db: Db) -> None:
    now = utc_now()
    due_at = now + timedelta(days=30)
    enqueue(db, "news", {}, now, due_at=due_at)
    retry_later(db, claim(db, due_at), due_at, "ServerUnavailable", is_temporary=True)
    assert only(db)["tries"] == 0


def insert_dead_entry(db: Db, **fields: Any) -> ObjectId:
    """Insert a dead entry."""
    entry_id = enqueue(db, "news", {}, utc_now())
    db.outbox.update_one({"_id": entry_id}, {"$set": {"status": "dead", "tries": MAX_TRIES, **fields}})
    return entry_id


def test_dead_entries_are_due_again_after_a_requeue(db: Db) -> None:
    dead = [insert_dead_entry(db) for _ in range(3)]
    now = utc_now()
    scheduled = enqueue(db, "news", {}, now, due_at=now + timedelta(hours=1))
    assert requeue_entries(db, now, dead[:1]) == 1
    assert requeue_entries(db, now, []) == 0
    assert requeue_entries(db, now, [scheduled, ObjectId()]) == 0
    entry = claim(db, now)
    assert (entry["_id"], entry["tries"]) == (dead[0], 1)
    assert claim_entry(db, KINDS, now, LEASE) is None
    assert requeue_entries(db, now) == 2
    assert {claim(db, now)["_id"] for _ in range(2)} == set(dead[1:])


def test_entries_are_listed_oldest_first_up_to_the_limit(db: Db) -> None:
    ids = [enqueue(db, "news", {}, utc_now()) for _ in range(2)]
    ids.append(insert_dead_entry(db))
    assert [entry["_id"] for entry in list_entries(db)] == ids
    assert [entry["_id"] for entry in list_entries(db, 2)] == ids[:2]


def test_due_scheduled_and_dead_entries_are_told_apart(db: Db) -> None:
    now = utc_now()
    enqueue(db, "news", {}, now - timedelta(hours=2))
    enqueue(db, "news", {}, now - timedelta(hours=1))
    enqueue(db, "news", {}, now - timedelta(hours=3), due_at=now + timedelta(days=1))
    insert_dead_entry(db)
    # A failed entry is due, also during the pause before its next try.
    retry_later(db, claim(db, now), now, "SMTPDataError")
    assert [state_of(entry, now) for entry in list_entries(db)] == ["due", "due", "scheduled", "dead"]
    counts = count_entries(db, now)
    assert counts.by_state == {"due": 2, "scheduled": 1, "dead": 1}
    assert counts.oldest_due_at == list_entries(db)[0]["queued_at"]


def test_a_scheduled_entry_is_not_late(db: Db) -> None:
    now = utc_now()
    enqueue(db, "news", {}, now - timedelta(days=9), due_at=now + timedelta(hours=1))
    assert count_entries(db, now).oldest_due_at is None


def test_entries_of_version_0_1_are_handled(db: Db) -> None:
    now = utc_now()
    old = {"_id": ObjectId(), "kind": "news", "data": {}, "status": "due", "tries": 0, "due_at": now, "queued_at": now}
    db.outbox.insert_one(dict(old))
    assert count_entries(db, now).by_state == {"due": 1}
    assert retry_later(db, claim(db, now), now, "ServerUnavailable", is_temporary=True) == "due"
    now = only(db)["due_at"]
    complete_entry(db, claim(db, now), now)
    assert list_entries(db) == []


@pytest.mark.parametrize("typed", ["ali@example.com", "ALI@Example.com"])
def test_entries_for_an_address_are_deleted_in_any_case(db: Db, typed: str) -> None:
    enqueue(db, "news", {"email": typed}, utc_now())
    other = enqueue(db, "news", {"email": "another@example.com"}, utc_now())
    in_transaction(db, lambda session: delete_entries_to(db, ObjectId(), "ali@example.com", session))
    assert only(db)["_id"] == other


def test_the_next_entry_is_found_by_an_index(db: Db) -> None:
    enqueue(db, "news", {}, utc_now())
    match = {"status": "due", "due_at": {"$lte": utc_now()}, "kind": {"$in": ["news"]}}
    plan = str(db.outbox.find(match).sort([("due_at", 1), ("_id", 1)]).explain()["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in plan
    assert "'SORT'" not in plan
    assert store.COLLECTION.name == "outbox"


def test_an_entry_returns_to_its_place_during_an_outage_and_uses_up_no_try(db: Db) -> None:
    now = utc_now()
    first, second = (enqueue(db, "news", {}, now) for _ in range(2))
    for outage in range(1, 40):
        now += timedelta(hours=1)
        assert release_entry(db, claim(db, now), now, "ConnectionRefusedError") == "due"
        entry = list_entries(db)[0]
        assert (entry["_id"], entry["tries"], entry["deferrals"]) == (first, 0, outage)
    assert [claim(db, now)["_id"] for _ in range(2)] == [first, second]


def test_after_three_days_of_outage_an_entry_uses_up_its_tries(db: Db) -> None:
    began = utc_now()
    enqueue(db, "news", {}, began)
    now = began + MAX_UNAVAILABLE
    for _ in range(1, MAX_TRIES):
        assert release_entry(db, claim(db, now), now, "ConnectionRefusedError") == "due"
        now = only(db)["due_at"]
    assert release_entry(db, claim(db, now), now, "ConnectionRefusedError") == "dead"


def test_entries_of_one_millisecond_leave_in_the_order_in_which_they_were_inserted(db: Db) -> None:
    now = utc_now()
    ids = [enqueue(db, "news", {}, now) for _ in range(5)]
    assert [claim(db, now)["_id"] for _ in ids] == ids


def test_a_key_is_queued_once_also_while_two_workers_queue_it_and_after_it_was_sent(db: Db) -> None:
    now = utc_now()
    news = at_once([lambda: enqueue_once(db, "event/1", "news", {"event_id": ObjectId()}, now)] * 8)
    assert sorted(news) == [False] * 7 + [True]
    assert enqueue_once(db, "event/2", "news", {}, now)
    complete_entry(db, claim(db, now), now)
    assert not enqueue_once(db, "event/1", "news", {}, now)
    assert [entry["key"] for entry in list_entries(db)] == ["event/2"]


def test_a_handled_entry_with_a_key_keeps_no_data_and_is_in_no_list_or_count(db: Db) -> None:
    now = utc_now()
    enqueue_once(db, "event/1", "news", {"account_id": ObjectId()}, now)
    retry_later(db, claim(db, now), now, "SMTPDataError")
    now = only(db)["due_at"]
    complete_entry(db, claim(db, now), now)
    (done,) = db.outbox.find()
    assert (done["status"], done["done_at"], done["key"]) == ("done", now, "event/1")
    assert not {"data", "lease_id", "reason"} & set(done)
    assert (list_entries(db), count_entries(db, now)) == ([], ({}, None))
    assert requeue_entries(db, now) == 0
    assert claim_entry(db, KINDS, now + timedelta(days=1), LEASE) is None


def test_the_key_of_a_handled_entry_is_kept_for_thirty_days(db: Db) -> None:
    assert db.outbox.index_information()["done_expire"]["expireAfterSeconds"] == 30 * 24 * 3600


def test_control_without_the_unique_index_a_key_is_queued_twice(db: Db) -> None:
    db.outbox.drop_index("one_entry_per_key")
    try:
        assert all(enqueue_once(db, "event/1", "news", {}, utc_now()) for _ in range(2))
    finally:
        db.outbox.delete_many({})
        db.outbox.create_indexes(store.COLLECTION.indexes)


def test_entries_for_a_deleted_account_are_deleted(db: Db) -> None:
    account_id, other = ObjectId(), ObjectId()
    for number, receiver in enumerate((account_id, other)):
        enqueue_once(db, f"event/{number}", "news", {"account_id": receiver}, utc_now())
    in_transaction(db, lambda session: delete_entries_to(db, account_id, "a@example.com", session))
    assert only(db)["data"] == {"account_id": other}
