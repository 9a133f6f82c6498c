"""Failover: after an election, reads wait until the new primary knows every acknowledged write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.mongo.client import find_election, wait_for_majority_commit

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.mongo.client import Db


class FailoverMonitor:
    """Remembers the last election whose primary is known to read all acknowledged writes (decision 24)."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self.confirmed_election: ObjectId | None = None

    def confirm_election(self) -> ObjectId | None:
        """Return the id of the current election, after waiting for a majority commit if it is new."""
        while (election := find_election(self._db)) != self.confirmed_election:
            wait_for_majority_commit(self._db)
            self.confirmed_election = election
        return election

    def has_changed(self, election: ObjectId | None) -> bool:
        """Return whether another primary was elected since `election`. No visible primary is not a change."""
        return find_election(self._db) not in {None, election}
