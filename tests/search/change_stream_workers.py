"""Workers with a change stream reader, and a recorder of the reindexing that their readers do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halls.search import change_stream
from halls.server.startup import make_server_app
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.search.queries import find_all
from tests.waiting import wait_until

if TYPE_CHECKING:
    import threading

    import pytest
    from bson import ObjectId

    from halls.mongo.client import Db
    from halls.search.change_stream import ChangeStreamReader


class Worker:
    """An application, as one server process runs it."""

    def __init__(self, uri: str) -> None:
        app = make_server_app(make_config(mongo_uri=uri))
        self.db: Db = app.extensions["halls"].db
        self.change_stream_reader: ChangeStreamReader = app.extensions["halls"].change_stream
        self.api = ApiClient(app.test_client())

    def search_ids(self, **parameters: Any) -> list[str]:
        """Return the ids of the venues that a search returns."""
        return [venue["id"] for venue in find_all(self.api, **parameters)]

    def close(self) -> None:
        """Close the MongoDB client and wait until the reader thread has ended."""
        self.db.client.close()
        wait_until(lambda: self.thread is None or not self.thread.is_alive())

    @property
    def thread(self) -> threading.Thread | None:
        """The thread of the change stream reader."""
        return self.change_stream_reader._thread  # noqa: SLF001 - the thread has no public attribute


class ReindexRecorder:
    """Records which venues of one database are reindexed, and how often a full reindex runs.

    Readers of other databases run in the same process; their calls are not recorded.
    """

    def __init__(self, patch: pytest.MonkeyPatch, name: str) -> None:
        self.venue_ids: list[ObjectId] = []
        self.full_runs = 0
        reindex_venues, reindex_stale = change_stream.reindex_venues, change_stream.reindex_stale

        def record_venues(db: Db, ids: set[ObjectId]) -> Any:
            self.venue_ids += ids if db.name == name else ()
            return reindex_venues(db, ids)

        def record_full_run(db: Db) -> int:
            self.full_runs += db.name == name
            return reindex_stale(db)

        patch.setattr(change_stream, "reindex_venues", record_venues)
        patch.setattr(change_stream, "reindex_stale", record_full_run)
