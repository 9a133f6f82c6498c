"""Connects to MongoDB, runs transactions, and knows which driver errors mean that the database is away."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any, TypeVar

import pymongo
from pymongo import MongoClient, ReadPreference
from pymongo.client_session import ClientSession
from pymongo.collation import Collation
from pymongo.database import Database
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure, PyMongoError, WTimeoutError
from pymongo.read_concern import ReadConcern
from pymongo.synchronous.pool import Connection, Pool
from pymongo.write_concern import WriteConcern

from halls.mongo.listeners import CountedConnections, SlowCommands

if TYPE_CHECKING:
    from collections.abc import Callable

    from bson import ObjectId

Document = dict[str, Any]
Db = Database[Document]
Session = ClientSession
Result = TypeVar("Result")

# Acknowledged means: on the disks of a majority, so that losing any one node loses no booking.
MAJORITY = WriteConcern("majority", j=True)
SELECTION_MS = 3_000
MAJORITY_MS = 10_000
SLOW_MS = 200.0
ABORT_SECONDS = 0.3
# Other tools may have written addresses in capitals: two that differ only in case are one person.
ANY_CASE = Collation(locale="en", strength=2)
# OutOfDiskSpace, ExceededTimeLimit, MaxTimeMSExpired and the like: the next try may find it well again.
PASSING_CODES = frozenset({14031, 262, 50, 91, 189, 10107, 11600, 11602, 13435, 13436, 133, 64, 202})


class SessionPool(Pool):
    """Takes every node for one with sessions, as all are that we know of.

    The driver learns that from a node's first answer on a connection, which it may give in a rollback or a recovery.
    That connection would have no sessions for as long as it lives, and each request on it would end as a defect.
    """

    def connect(self, *args: Any, **options: Any) -> Connection:
        """Return a new connection. A node that can't serve just then says so when it is asked."""
        connection = super().connect(*args, **options)
        connection.supports_sessions = True
        return connection


def connect(uri: str, slow_ms: float = SLOW_MS) -> Db:
    """Return the database that `uri` names (`halls` when it names none). Does not wait for a server.

    Commands that take `slow_ms` or more are logged. Make one per process, after forking.
    """
    client: MongoClient[Document] = MongoClient(
        uri,
        tz_aware=True,
        appname="halls",
        connect=False,
        _pool_class=SessionPool,
        event_listeners=[SlowCommands(slow_ms), CountedConnections()],
        serverSelectionTimeoutMS=SELECTION_MS,
        connectTimeoutMS=SELECTION_MS,
    )
    return client.get_default_database(
        "halls",
        write_concern=MAJORITY,
        read_concern=ReadConcern("majority"),
        read_preference=ReadPreference.PRIMARY,
    )


def in_transaction(db: Db, work: Callable[[Session], Result]) -> Result:
    """Run `work` in a snapshot transaction, again after a write conflict, and return what it returned.

    `work` must let database errors pass: one that is swallowed makes the driver repeat a dead commit for two minutes.
    Callers bound the whole with `pymongo.timeout`.
    """

    def work_or_abort(session: Session) -> Result:
        try:
            return work(session)
        except PyMongoError as error:
            if error.timeout:
                # The driver, out of time too, would leave it open, and what it has written locked until it is reaped.
                contextvars.Context().run(_abort, session)
            raise

    with db.client.start_session() as session:
        result: Result = session.with_transaction(
            work_or_abort,
            read_concern=ReadConcern("snapshot"),
            write_concern=MAJORITY,
            read_preference=ReadPreference.PRIMARY,
        )
        return result


def _abort(session: Session) -> None:
    with pymongo.timeout(ABORT_SECONDS):
        session.abort_transaction()


def wait_for_majority_commit(db: Db) -> None:
    """Wait until the primary may tell what it knows, as the majority knows it, too.

    For a moment after an election there is no instant as of which could be read, and reads by majority may lack what
    the primary before has acknowledged last.
    """
    # It changes no data, but is answered only when the majority knows all that this node knows.
    venues = db.get_collection("venues", read_concern=ReadConcern("linearizable"))
    venues.find_one({}, {"_id": 1}, max_time_ms=MAJORITY_MS)


def find_election(db: Db) -> ObjectId | None:
    """Return the id of the election that the primary won whom the driver knows; None without one, and behind mongos."""
    servers = db.client.topology_description.server_descriptions().values()
    return next((server.election_id for server in servers if server.server_type_name == "RSPrimary"), None)


def is_unavailable(error: PyMongoError) -> bool:
    """Tell whether `error` means that the database is away or late, rather than that we asked something wrong."""
    # A configuration that can't be used is refused at the start: what is left is an address that DNS does not tell.
    if error.timeout or isinstance(error, ConnectionFailure | WTimeoutError | ConfigurationError):
        return True
    if error.has_error_label("TransientTransactionError") or error.has_error_label("RetryableWriteError"):
        return True
    return isinstance(error, OperationFailure) and error.code in PASSING_CODES
