"""Workers that follow what other tools write, and what their followers do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halls.search import change_stream as following
from halls.server.startup import make_server_app
from tests.api_client import Api
from tests.conftest import make_config
from tests.faults.fault_injection import wait_until
from tests.search.queries import find_all

if TYPE_CHECKING:
    import threading

    import pytest
    from bson import ObjectId

    from halls.mongo.client import Db
    from halls.search.change_stream import ChangeStreamReader


class Worker:
    """An application as one process of a server has it."""

    def __init__(self, uri: str) -> None:
        app = make_server_app(make_config(mongo_uri=uri))
        self.db: Db = app.extensions["halls"].db
        self.follower: ChangeStreamReader = app.extensions["halls"].change_stream
        self.api = Api(app.test_client())

    def found(self, **asked: Any) -> list[str]:
        """Return the ids of what a search finds."""
        return [venue["id"] for venue in find_all(self.api, **asked)]

    def close(self) -> None:
        """Close its client, and see its thread end."""
        self.db.client.close()
        wait_until(lambda: self.thread is None or not self.thread.is_alive())

    @property
    def thread(self) -> threading.Thread | None:
        """Its follower's thread."""
        return self.follower._thread  # noqa: SLF001 - whether it ends nobody else tells


class Noted:
    """What the followers of one database mend, and how often they look through everything; others do, too."""

    def __init__(self, patch: pytest.MonkeyPatch, name: str) -> None:
        self.mended: list[ObjectId] = []
        self.looks = 0
        reindex_venues, reindex_stale = following.reindex_venues, following.reindex_stale

        def note_mend(db: Db, ids: set[ObjectId]) -> Any:
            self.mended += ids if db.name == name else ()
            return reindex_venues(db, ids)

        def note_look(db: Db) -> int:
            self.looks += db.name == name
            return reindex_stale(db)

        patch.setattr(following, "reindex_venues", note_mend)
        patch.setattr(following, "reindex_stale", note_look)
