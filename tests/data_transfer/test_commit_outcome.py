"""After an error at the commit of an import, a linearizable read decides whether the documents are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bson
import pytest
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.errors import AutoReconnect

from halls.bookings.store import has_booking
from halls.data_transfer import transaction
from halls.data_transfer.transaction import Batch, TransactionTooLarge, save_batches
from halls.mongo.client import in_transaction
from halls.venues.store import has_venue
from tests.factories import bare_venue_document, day, insert_booking, insert_venue

if TYPE_CHECKING:
    from collections.abc import Callable

    from halls.data_transfer.rows import Part
    from halls.mongo.client import Db, Session

VENUE = bare_venue_document(ObjectId())
BOOKING = {"_id": ObjectId(), "venue_id": VENUE["_id"], "date": day(1), "status": "pending"}


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize(("part", "document"), [("venues", VENUE), ("bookings", BOOKING)])
def test_a_batch_is_saved_if_its_first_document_is_stored(
    db: Db, monkeypatch: pytest.MonkeyPatch, part: Part, document: dict[str, Any], *, commits: bool
) -> None:
    def lose_connection(db: Db, work: Callable[[Session], Any]) -> None:
        if commits:
            in_transaction(db, work)
        raise AutoReconnect("connection closed")

    monkeypatch.setattr(transaction, "in_transaction", lose_connection)
    batch = Batch(part, [RawBSONDocument(bson.encode(document))])
    if commits:
        save_batches(db, [batch])
    else:
        with pytest.raises(TransactionTooLarge):
            save_batches(db, [batch])
    assert db[part].count_documents({"_id": document["_id"]}) == commits


def test_only_stored_documents_are_found(db: Db) -> None:
    venue = insert_venue(db, ObjectId())
    booking = insert_booking(db, venue["_id"], ObjectId())
    assert [has_venue(db, venue["_id"]), has_booking(db, booking["_id"])] == [True, True]
    assert [has_venue(db, booking["_id"]), has_booking(db, venue["_id"])] == [False, False]
