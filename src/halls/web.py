"""Where Flask meets the rest: declares endpoints, reads requests, writes replies."""

from __future__ import annotations

import functools
import inspect
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pymongo
from flask import Blueprint, Response, current_app, g, jsonify, request
from werkzeug.routing import BaseConverter

from halls import clock
from halls.errors import BadId, DatabaseUnavailable, FieldFault, Invalid, Refusal, invalid
from halls.idempotency import IdempotencyKey, Outcome, hash_body
from halls.jsonbody import read_json_object
from halls.limits import Limit, network_of
from halls.mongo.client import find_election
from halls.schema import Query, Reply, Shape, parse_id, validate
from halls.service import Access

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.mongo.client import Db, Document
    from halls.service import Service

# One deadline for all that a request does in the database; a client waits at most 5 s for its 503.
REQUEST_SECONDS = 3.5
LEAST_SECONDS = 0.1
_IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")

View = TypeVar("View", bound=Callable[..., Any])
Loader = Callable[["Db", Any, "ObjectId"], "Document"]


class PathPart(BaseConverter):
    """A part of a path that names a record: any text but the words that are paths of their own in that place."""

    # Their own methods are the only ones they take: PATCH /venues/mine is no venue with a malformed id.
    regex = r"(?!(?:mine|register|search)\Z)[^/]+"


@dataclass(frozen=True)
class Endpoint:
    """One row of the contract."""

    method: str
    path: str
    view: Callable[..., Any]
    # None: the view makes the response itself, a file.
    reply: type[Reply] | None
    access: Access = Access.ACCOUNT
    status: int = 200
    body: type[Shape] | None = None
    query: type[Query] = Query
    loads: Mapping[str, Loader] = field(default_factory=dict)
    refusals: Sequence[type[Refusal]] = ()
    limits: Sequence[Limit] = ()
    # A DELETE may come without a body; then it is an empty object.
    body_optional: bool = False
    # A client that names the version it has is told when that is still the one.
    has_version: bool = False
    # Types of the file that is the body (which the view reads itself) or the answer; for the OpenAPI document.
    file_types: Sequence[str] = ()
    # The file is another at each request, so that nobody keeps it.
    is_fleeting: bool = False

    @functools.cached_property
    def wants(self) -> frozenset[str]:
        """The names of what the view is called with."""
        return frozenset(inspect.signature(self.view).parameters)

    @property
    def needs_database(self) -> bool:
        """Whether it can be answered at all while the database is away."""
        return self.access is not Access.PUBLIC or "db" in self.wants or bool(self.loads)


def endpoint(blueprint: Blueprint, row: str, *, reply: type[Reply] | None, **options: Any) -> Callable[[View], View]:
    """Serve the decorated view at `row` ("POST /bookings"); a token is needed unless `access` says otherwise.

    The view takes any of `service, db, caller, now, query, body, key` by name, parts of the path (those whose names end
    in `_id` as ObjectId), and what `loads` names: functions (db, caller, id) that find the record of the path, or
    refuse, before the body is looked at.
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
    """Answer a request, unless what it has read is in doubt: a write that is done stands in any case."""
    service = current_service()
    try:
        response = _answer(declared, service, path)
    except Refusal:
        _check_primary(service)
        raise
    if declared.method == "GET":
        _check_primary(service)
    return response


def _check_primary(service: Service) -> None:
    """Raise DatabaseUnavailable if an election came after this request began to read: it may have read too early."""
    if "election" in g and find_election(service.db) not in {None, g.election}:
        raise DatabaseUnavailable


def _answer(declared: Endpoint, service: Service, path: Mapping[str, str]) -> Response:
    """Answer a request in the contract's order: token, role, malformed id, 404 and whose it is, query, key, body."""
    began = time.monotonic()
    with pymongo.timeout(REQUEST_SECONDS), service.watching():
        found = _admit(declared, service, path)
    # Until here all was read, and who calls decides what may be written.
    _check_primary(service)
    spent = time.monotonic() - began
    if declared.body is not None:
        # Outside the deadline: a client with a slow line is not a database that is away.
        raw = {} if declared.body_optional and not _has_body() else read_json_object(request)
        found["body"] = validate(declared.body, raw, **service.body_limits)
        found["key"] = _idempotency_key(declared, found, raw)
    # Not before the body: who sends it slowly must not be served by yesterday's date.
    found["now"] = clock.utc_now()
    with pymongo.timeout(max(REQUEST_SECONDS - spent, LEAST_SECONDS)), service.watching():
        result = declared.view(**{name: value for name, value in found.items() if name in declared.wants})
    if isinstance(result, Response):
        return result
    response = _reply(result if isinstance(result, Outcome) else Outcome(result), declared.status)
    return _compare_version(response) if declared.has_version else response


def _compare_version(response: Response) -> Response:
    # Without no-cache a browser may show for minutes as free what was booked.
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    # Flask's way to compare costs as much as all the rest of this, and few clients ask.
    return response.make_conditional(request) if "If-None-Match" in request.headers else response  # type: ignore[return-value] # itself


def _reply(outcome: Outcome, status: int) -> Response:
    response = jsonify(ok=True, data=outcome.answer)
    response.status_code = status
    if outcome.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _admit(declared: Endpoint, service: Service, path: Mapping[str, str]) -> dict[str, Any]:
    """Return what the view may want that does not come from the body."""
    found: dict[str, Any] = {"service": service}
    if declared.access is not Access.PUBLIC:
        authorization = request.headers.get("Authorization")
        open_db = functools.partial(_prepared_db, service)
        found["caller"] = service.authenticate(open_db, service.config, authorization, declared.access)
        g.account_id = str(found["caller"].id)
    for limit in declared.limits:
        g.limit_headers = service.limiter.hit(limit, g.account_id if limit.by_account else client_network())
    if declared.needs_database:
        found["db"] = _prepared_db(service)
    parts: dict[str, Any] = {name: _read_id(text) if name.endswith("_id") else text for name, text in path.items()}
    for name, load in declared.loads.items():
        found[name] = load(service.db, found.get("caller"), *parts.values())
    found["query"] = _read_query(declared.query)
    if "key" in declared.wants:
        _check_idempotency_key()
    return found | parts


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def client_network() -> str:
    """Return what the client's network address is counted by; behind TRUSTED_PROXIES hops it is the forwarded one."""
    return network_of(request.remote_addr)


def _prepared_db(service: Service) -> Db:
    if not service.is_prepared or service.is_closed:
        raise DatabaseUnavailable
    g.setdefault("election", service.await_settled())
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
