"""Connects to MongoDB, runs transactions, and tells which driver errors mean an outage."""

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

from halls.mongo.listeners import SlowCommands

if TYPE_CHECKING:
    from collections.abc import Callable

    from bson import ObjectId

Document = dict[str, Any]
Db = Database[Document]
Session = ClientSession
Result = TypeVar("Result")

# A write is acknowledged once it is in the journal of a majority. Otherwise losing one node could lose a booking.
MAJORITY = WriteConcern("majority", j=True)
SELECTION_MS = 3_000
MAJORITY_MS = 10_000
SLOW_MS = 200.0
ABORT_SECONDS = 0.3
# External writers may store addresses in capitals. Addresses that differ only in case belong to one account.
ANY_CASE = Collation(locale="en", strength=2)
# A query for a value also matches a list that contains it. This condition leaves lists out.
NO_LIST: Document = {"$not": {"$type": "array"}}
# OutOfDiskSpace, ExceededTimeLimit, MaxTimeMSExpired and other server errors after which a retry may succeed.
PASSING_CODES = frozenset({14031, 262, 50, 91, 189, 10107, 11600, 11602, 13435, 13436, 133, 64, 202})


class SessionPool(Pool):
    """Connections that always support sessions.

    The driver reads session support from a node's first response on a connection. A node in a rollback or a recovery
    reports none. The connection would then never have sessions, and each request on it would end with a 500.
    """

    def connect(self, *args: Any, **options: Any) -> Connection:
        """Return a new connection. A node that can't use sessions yet returns an error for the first command."""
        connection = super().connect(*args, **options)
        connection.supports_sessions = True
        return connection


def connect(uri: str, slow_ms: float = SLOW_MS) -> Db:
    """Return the database that `uri` names (`halls` if it names none). Does not wait for a server.

    Commands that take `slow_ms` or more are logged. Each process needs its own client, created after the fork.
    External writers may store a moment after the year 9999, or a text that is not in UTF-8. The moment is read as
    another type and the text with replacement characters: otherwise one such document would fail a whole list.
    """
    client: MongoClient[Document] = MongoClient(
        uri,
        tz_aware=True,
        datetime_conversion="DATETIME_AUTO",
        unicode_decode_error_handler="replace",
        appname="halls",
        connect=False,
        _pool_class=SessionPool,
        event_listeners=[SlowCommands(slow_ms)],
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
    """Run `work` in a snapshot transaction, again after a write conflict, and return its result.

    `work` must not catch database errors: otherwise the driver retries a failed commit for two minutes.
    Callers bound the total time with `pymongo.timeout`.
    """

    def work_or_abort(session: Session) -> Result:
        try:
            return work(session)
        except PyMongoError as error:
            if error.timeout:
                # After a timeout the driver does not abort. The written documents would stay locked until the server
                # ends the transaction.
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


def increment(field: str) -> Document:
    """Return the `$set` of an update pipeline that adds 1 to a field. A value that is not a number counts as 0.

    The operator `$inc` fails on null and on a text, and does not change NaN.
    """
    number = {"$convert": {"input": f"${field}", "to": "long", "onError": 0, "onNull": 0}}
    return {field: {"$add": [number, 1]}}


def wait_for_majority_commit(db: Db) -> None:
    """Wait until a majority of the nodes has every write that the primary has.

    For a moment after an election snapshot reads fail, and majority reads may lack the last writes that the previous
    primary acknowledged.
    """
    # A linearizable read changes no data. It returns only after a majority has every write of this node.
    venues = db.get_collection("venues", read_concern=ReadConcern("linearizable"))
    venues.find_one({}, {"_id": 1}, max_time_ms=MAJORITY_MS)


def find_election(db: Db) -> ObjectId | None:
    """Return the election id of the primary that the driver knows. None without a primary, and behind mongos."""
    servers = db.client.topology_description.server_descriptions().values()
    return next((server.election_id for server in servers if server.server_type_name == "RSPrimary"), None)


def is_unavailable(error: PyMongoError) -> bool:
    """Return whether `error` means that the database is away or slow, and not that a command is wrong."""
    # An invalid configuration already stops the start, so a ConfigurationError here is a failed DNS lookup.
    if error.timeout or isinstance(error, ConnectionFailure | WTimeoutError | ConfigurationError):
        return True
    if error.has_error_label("TransientTransactionError") or error.has_error_label("RetryableWriteError"):
        return True
    return isinstance(error, OperationFailure) and error.code in PASSING_CODES
