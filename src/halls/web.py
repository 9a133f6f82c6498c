"""Where Flask meets the rest: declares endpoints, reads requests, writes replies."""

from __future__ import annotations

import functools
import inspect
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import pymongo
from flask import Blueprint, Response, current_app, g, jsonify, request
from pymongo.errors import PyMongoError

from halls import clock
from halls.errors import BadId, DatabaseUnavailable, FieldFault, Invalid, Refusal, invalid
from halls.idempotency import IdempotencyKey, Outcome, hash_body
from halls.jsonbody import read_json_object
from halls.mongo.client import is_unavailable
from halls.schema import Query, Reply, Shape, parse_id, validate

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.config import Config
    from halls.mongo.client import Db, Document

# One deadline for all that a request does in the database; a client waits at most 5 s for its 503.
REQUEST_SECONDS = 3.5
LEAST_SECONDS = 0.1
# While the database is away each request asks it only briefly, or they would queue for the few threads there are.
AWAY_SECONDS = 0.6
DOUBT_SECONDS = 5.0
_IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")

View = TypeVar("View", bound=Callable[..., Any])
Loader = Callable[["Db", Any, "ObjectId"], "Document"]


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


@dataclass
class Service:
    """What one application serves with: its settings, its database, and how it tells who calls."""

    config: Config
    db: Db
    authenticate: Callable[[Db, Config, str | None, Access], Caller]
    # False until every index is known to be there: nothing is read or booked without them.
    is_prepared: bool = False
    _doubted_until: float = float("-inf")

    @property
    def patience(self) -> float:
        """The seconds that a request may spend in the database: few while it was away a moment ago."""
        return AWAY_SECONDS if time.monotonic() < self._doubted_until else REQUEST_SECONDS

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Notice whether the database is away."""
        try:
            yield
        except PyMongoError as error:
            if is_unavailable(error):
                self._doubted_until = time.monotonic() + DOUBT_SECONDS
            raise

    def trust_database(self) -> None:
        """Give the database its full time again: it has just answered."""
        self._doubted_until = float("-inf")


@dataclass(frozen=True)
class Endpoint:
    """One row of the contract."""

    method: str
    path: str
    view: Callable[..., Any]
    reply: type[Reply]
    access: Access = Access.ACCOUNT
    status: int = 200
    body: type[Shape] | None = None
    query: type[Query] = Query
    loads: Mapping[str, Loader] = field(default_factory=dict)
    refusals: Sequence[type[Refusal]] = ()

    @functools.cached_property
    def wants(self) -> frozenset[str]:
        """The names of what the view is called with."""
        return frozenset(inspect.signature(self.view).parameters)

    @property
    def needs_database(self) -> bool:
        """Whether it can be answered at all while the database is away."""
        return self.access is not Access.PUBLIC or "db" in self.wants or bool(self.loads)


def endpoint(blueprint: Blueprint, row: str, *, reply: type[Reply], **options: Any) -> Callable[[View], View]:
    """Serve the decorated view at `row` ("POST /bookings"); a token is needed unless `access` says otherwise.

    The view takes any of `service, db, caller, now, query, body, key` by name, ids of the path as ObjectId, and what
    `loads` names: functions (db, caller, id) that find the record of the path, or refuse, before the body is looked at.
    """
    method, path = row.split(" ")

    def register(view: View) -> View:
        declared = Endpoint(method, path, view, reply, **options)
        serve = functools.wraps(view)(functools.partial(_serve, declared))
        serve.endpoint = declared  # type: ignore[attr-defined] # read by the OpenAPI document and the walls
        blueprint.add_url_rule(path, view.__name__, serve, methods=[method])
        return view

    return register


def current_service() -> Service:
    """Return the service of the running application."""
    return cast("Service", current_app.extensions["halls"])


def _serve(declared: Endpoint, **path: str) -> Response:
    """Answer a request in the contract's order: token, role, malformed id, 404 and whose it is, query, key, body."""
    service = current_service()
    began = time.monotonic()
    patience = service.patience
    with pymongo.timeout(patience), service.watching():
        found = _admit(declared, service, path)
    spent = time.monotonic() - began
    if declared.body is not None:
        # Outside the deadline: a client with a slow line is not a database that is away.
        raw = read_json_object(request)
        found["body"] = validate(declared.body, raw, max_video_mb=service.config.max_video_mb)
        found["key"] = _idempotency_key(declared, found, raw)
    with pymongo.timeout(max(patience - spent, LEAST_SECONDS)), service.watching():
        result = declared.view(**{name: value for name, value in found.items() if name in declared.wants})
    if declared.needs_database:
        service.trust_database()
    return _reply(result if isinstance(result, Outcome) else Outcome(result), declared.status)


def _reply(outcome: Outcome, status: int) -> Response:
    response = jsonify(ok=True, data=outcome.answer)
    response.status_code = status
    if outcome.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _admit(declared: Endpoint, service: Service, path: Mapping[str, str]) -> dict[str, Any]:
    """Return what the view may want that does not come from the body."""
    found: dict[str, Any] = {"service": service, "now": clock.utc_now()}
    if declared.needs_database:
        found["db"] = _prepared_db(service)
    if declared.access is not Access.PUBLIC:
        authorization = request.headers.get("Authorization")
        found["caller"] = service.authenticate(service.db, service.config, authorization, declared.access)
        g.account_id = str(found["caller"].id)
    ids = {name: _read_id(text) for name, text in path.items()}
    for name, load in declared.loads.items():
        found[name] = load(service.db, found.get("caller"), *ids.values())
    found["query"] = _read_query(declared.query)
    if "key" in declared.wants:
        _check_idempotency_key()
    return found | ids


def _prepared_db(service: Service) -> Db:
    if not service.is_prepared:
        raise DatabaseUnavailable
    return service.db


def _read_id(text: str) -> ObjectId:
    found = parse_id(text)
    if found is None:
        raise BadId
    return found


def _read_query(shape: type[Query]) -> Query:
    values = request.args.to_dict(flat=False)
    faults = [FieldFault(field=name, message="May stand only once.") for name, sent in values.items() if len(sent) > 1]
    try:
        query = validate(shape, {name: sent[0] for name, sent in values.items()})
    except Invalid as refusal:
        raise Invalid(*faults, *refusal.details) from None
    if faults:
        raise Invalid(*faults)
    return query


def _check_idempotency_key() -> None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters")


def _idempotency_key(declared: Endpoint, found: dict[str, Any], raw: dict[str, Any]) -> IdempotencyKey | None:
    key = request.headers.get("Idempotency-Key")
    if key is None or "key" not in declared.wants:
        return None
    return IdempotencyKey(found["caller"].id, f"{declared.method} {declared.path}", key, hash_body(raw))
