"""Workers with a change stream reader, and a recorder of the reindexing that their readers do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from halls.search import change_stream
from halls.search.change_stream import follow_changes
from halls.server.startup import make_server_app
from halls.server.tasks import PeriodicTask, start_tasks
from tests.api_client import ApiClient
from tests.conftest import make_config
from tests.search.queries import find_all
from tests.waiting import wait_until

if TYPE_CHECKING:
    import pytest
    from bson import ObjectId

    from halls.mongo.client import Db


class Worker:
    """A server process in development: an application, and the background task that reads the change stream."""

    def __init__(self, uri: str) -> None:
        self.config = make_config(mongo_uri=uri)
        app = make_server_app(self.config)
        self.db: Db = app.extensions["halls"].db
        self.api = ApiClient(app.test_client())
        self._stop = threading.Event()
        task = PeriodicTask("search-index", 0.05, follow_changes)
        self._threads = start_tasks(self.db, self.config, [task], self._stop)
        wait_until(lambda: self.api.get("/health/ready").status == 200)

    def search_ids(self, **parameters: Any) -> list[str]:
        """Return the ids of the venues that a search returns."""
        return [venue["id"] for venue in find_all(self.api, **parameters)]

    def wait_for_ids(self, ids: list[str], **parameters: Any) -> None:
        """Wait until a search returns these venues, in any order."""
        wait_until(lambda: sorted(self.search_ids(**parameters)) == sorted(ids))

    def close(self) -> None:
        """Stop the reader and close the MongoDB client."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.db.client.close()


class ReindexRecorder:
    """Records which venues of one database are reindexed, and how often a full reindex runs.

    Readers of other databases run in the same process; their calls are not recorded.
    """

    def __init__(self, patch: pytest.MonkeyPatch, name: str) -> None:
        self.venue_ids: list[ObjectId] = []
        self.full_runs = 0
        reindex_venues, rebuild_index = change_stream.reindex_venues, change_stream.rebuild_index

        def record_venues(db: Db, ids: set[ObjectId], *, only_stale: bool) -> Any:
            self.venue_ids += ids if db.name == name else ()
            return reindex_venues(db, ids, only_stale=only_stale)

        def record_full_run(db: Db, ids: list[ObjectId], *, only_stale: bool) -> Any:
            self.full_runs += db.name == name
            return rebuild_index(db, ids, only_stale=only_stale)

        patch.setattr(change_stream, "reindex_venues", record_venues)
        patch.setattr(change_stream, "rebuild_index", record_full_run)
