"""Workers that follow what other tools write, and what their followers do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halls.search import follower as following
from halls.startup import make_serving_app
from tests.conftest import make_config
from tests.faults.breaking import wait_until
from tests.people import Api
from tests.search.asking import find_all

if TYPE_CHECKING:
    import threading

    import pytest
    from bson import ObjectId

    from halls.mongo.client import Db
    from halls.search.follower import Follower


class Worker:
    """An application as one process of a server has it."""

    def __init__(self, uri: str) -> None:
        app = make_serving_app(make_config(mongo_uri=uri))
        self.db: Db = app.extensions["halls"].db
        self.follower: Follower = app.extensions["halls"].follower
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
        mend_entries, mend_catalog = following.mend_entries, following.mend_catalog

        def note_mend(db: Db, ids: set[ObjectId]) -> Any:
            self.mended += ids if db.name == name else ()
            return mend_entries(db, ids)

        def note_look(db: Db) -> int:
            self.looks += db.name == name
            return mend_catalog(db)

        patch.setattr(following, "mend_entries", note_mend)
        patch.setattr(following, "mend_catalog", note_look)
