"""What an application serves with: its settings, its database, and whether that is there."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pymongo
from pymongo.errors import ConnectionFailure, NetworkTimeout, PyMongoError, ServerSelectionTimeoutError

from halls.mongo.client import await_majority, find_election

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bson import ObjectId

    from halls.config import Config
    from halls.limits import Limiter
    from halls.mongo.client import Db, Session

# While the database is away nobody asks it but one probe: requests would queue for the few threads there are.
PROBE_SECONDS, PROBE_PAUSE_SECONDS = 1.0, 0.2
Result = TypeVar("Result")


class Access(Enum):
    """Who may call an endpoint at all."""

    PUBLIC = "public"
    ACCOUNT = "account"
    OWNER = "owner"


class Caller(Protocol):
    """The account behind a token."""

    @property
    def id(self) -> ObjectId:
        """Its `_id`."""
        ...

    @property
    def is_venue_owner(self) -> bool:
        """Whether it may list venues."""
        ...


class CatalogFollower(Protocol):
    """Who knows what other tools have written (`halls.search.follower`)."""

    def start(self) -> None:
        """Begin to follow them."""
        ...

    def await_first(self) -> None:
        """Wait until search can be asked. Raises DatabaseUnavailable."""
        ...

    def read(self, work: Callable[[Session], Result]) -> Result:
        """Return what `work` reads of the catalog, with all that was written before. Raises DatabaseUnavailable."""
        ...


@dataclass
class Service:
    """What one application serves with: its settings, its database, and how it tells who calls."""

    config: Config
    db: Db
    authenticate: Callable[[Callable[[], Db], Config, str | None, Access], Caller]
    limiter: Limiter
    common_passwords: frozenset[str]
    google: Any
    follower: CatalogFollower
    # False until every index is known to be there: nothing is read or booked without them.
    is_prepared: bool = False
    # True from when the database is known to be away until a probe reaches it again.
    is_away: bool = False
    # The election whose winner is known to tell all that was acknowledged before it.
    settled: ObjectId | None = None
    # Asks for the database until it answers; None while nobody needs to.
    probe: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Notice that the database is away, so that a probe waits for it and not every request."""
        try:
            yield
        except ConnectionFailure as error:
            with self._lock:
                # One connection may break while others are well; who waited in vain for an answer has the proof.
                self.is_away |= isinstance(error, NetworkTimeout | ServerSelectionTimeoutError)
                if not self._is_probed:
                    self.probe = threading.Thread(target=self._probe, name="probe", daemon=True)
                    self.probe.start()
            raise

    def await_settled(self) -> ObjectId | None:
        """Wait after an election until reads show all that was acknowledged before it; return which one that was."""
        while (election := find_election(self.db)) != self.settled:
            await_majority(self.db)
            self.settled = election
        return election

    @property
    def is_closed(self) -> bool:
        """Whether nobody but the probe asks the database; without one, whoever asks finds out by himself."""
        return self.is_away and self._is_probed

    @property
    def _is_probed(self) -> bool:
        return self.probe is not None and self.probe.is_alive()

    def _probe(self) -> None:
        while not self._reach():
            self.is_away = True
            time.sleep(PROBE_PAUSE_SECONDS)

    def _reach(self) -> bool:
        """Tell whether the database answers; if so, nobody asks on its behalf any more."""
        try:
            with pymongo.timeout(PROBE_SECONDS):
                self.db.client.admin.command("ping")
        except PyMongoError:
            return False
        with self._lock:
            self.is_away, self.probe = False, None
        return True

    @property
    def body_limits(self) -> dict[str, Any]:
        """What operators limit in bodies; validators ask for it as their context."""
        return {"max_video_mb": self.config.max_video_mb, "common_passwords": self.common_passwords}
