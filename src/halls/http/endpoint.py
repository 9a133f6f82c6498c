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
from halls.accounts.authentication import Access, authenticate
from halls.errors import ApiError, BadId, DatabaseUnavailable, FieldFault, Invalid, invalid
from halls.http.idempotency import IdempotencyKey, ReplayableResponse, hash_body
from halls.http.json_body import read_json_object
from halls.http.rate_limits import Limit, network_of
from halls.http.schema import QueryModel, RequestModel, ResponseModel, parse_id, validate

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.context import AppContext
    from halls.mongo.client import Db, Document

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
    response: type[ResponseModel] | None
    access: Access = Access.ACCOUNT
    status: int = 200
    body: type[RequestModel] | None = None
    query: type[QueryModel] = QueryModel
    loaders: Mapping[str, Loader] = field(default_factory=dict)
    errors: Sequence[type[ApiError]] = ()
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
    def parameters(self) -> frozenset[str]:
        """The names of what the view is called with."""
        return frozenset(inspect.signature(self.view).parameters)

    @property
    def needs_database(self) -> bool:
        """Whether it can be answered at all while the database is away."""
        return self.access is not Access.PUBLIC or "db" in self.parameters or bool(self.loaders)


def endpoint(
    blueprint: Blueprint, row: str, *, response: type[ResponseModel] | None, **options: Any
) -> Callable[[View], View]:
    """Serve the decorated view at `row` ("POST /bookings"); a token is needed unless `access` says otherwise.

    The view takes any of `service, db, caller, now, query, body, key` by name, parts of the path (those whose names end
    in `_id` as ObjectId), and what `loads` names: functions (db, caller, id) that find the record of the path, or
    refuse, before the body is looked at.
    """
    method, path = row.split(" ")

    def register(view: View) -> View:
        declared = Endpoint(method, path, view, response, **options)
        serve = functools.wraps(view)(functools.partial(_serve, declared))
        serve.endpoint = declared  # type: ignore[attr-defined] # read by the OpenAPI document and the walls
        blueprint.add_url_rule(path, view.__name__, serve, methods=[method])
        return view

    return register


def current_context() -> AppContext:
    """Return the AppContext of the running application."""
    return cast("AppContext", current_app.extensions["halls"])


def _serve(declared: Endpoint, **path: str) -> Response:
    """Answer a request, unless what it has read is in doubt: a write that is done stands in any case."""
    context = current_context()
    try:
        response = _answer(declared, context, path)
    except ApiError:
        _check_primary(context)
        raise
    if declared.method == "GET":
        _check_primary(context)
    return response


def _check_primary(context: AppContext) -> None:
    """Raise DatabaseUnavailable if an election came after this request began to read: it may have read too early."""
    if "election" in g and context.failover.has_changed(g.election):
        raise DatabaseUnavailable


def _answer(declared: Endpoint, context: AppContext, path: Mapping[str, str]) -> Response:
    """Answer a request in the contract's order: token, role, malformed id, 404 and whose it is, query, key, body."""
    began = time.monotonic()
    with pymongo.timeout(REQUEST_SECONDS), context.circuit_breaker.guard():
        found = _admit(declared, context, path)
    # Until here all was read, and who calls decides what may be written.
    _check_primary(context)
    spent = time.monotonic() - began
    if declared.body is not None:
        # Outside the deadline: a client with a slow line is not a database that is away.
        raw = {} if declared.body_optional and not _has_body() else read_json_object(request)
        found["body"] = validate(declared.body, raw, **context.body_limits)
        found["key"] = _idempotency_key(declared, found, raw)
    # Not before the body: who sends it slowly must not be served by yesterday's date.
    found["now"] = clock.utc_now()
    with pymongo.timeout(max(REQUEST_SECONDS - spent, LEAST_SECONDS)), context.circuit_breaker.guard():
        result = declared.view(**{name: value for name, value in found.items() if name in declared.parameters})
    if isinstance(result, Response):
        return result
    response = _make_response(
        result if isinstance(result, ReplayableResponse) else ReplayableResponse(result), declared.status
    )
    return _compare_version(response) if declared.has_version else response


def _compare_version(response: Response) -> Response:
    # Without no-cache a browser may show for minutes as free what was booked.
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    # Flask's way to compare costs as much as all the rest of this, and few clients ask.
    return response.make_conditional(request) if "If-None-Match" in request.headers else response  # type: ignore[return-value] # itself


def _make_response(outcome: ReplayableResponse, status: int) -> Response:
    response = jsonify(ok=True, data=outcome.answer)
    response.status_code = status
    if outcome.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _admit(declared: Endpoint, context: AppContext, path: Mapping[str, str]) -> dict[str, Any]:
    """Return what the view may want that does not come from the body."""
    found: dict[str, Any] = {"context": context}
    if declared.access is not Access.PUBLIC:
        authorization = request.headers.get("Authorization")
        open_db = functools.partial(_prepared_db, context)
        found["caller"] = authenticate(open_db, context.config, authorization, declared.access)
        g.account_id = str(found["caller"].id)
    for limit in declared.limits:
        g.limit_headers = context.rate_limiter.hit(limit, g.account_id if limit.by_account else client_network())
    if declared.needs_database:
        found["db"] = _prepared_db(context)
    parts: dict[str, Any] = {name: _read_id(text) if name.endswith("_id") else text for name, text in path.items()}
    for name, load in declared.loaders.items():
        found[name] = load(context.db, found.get("caller"), *parts.values())
    found["query"] = _read_query(declared.query)
    if "key" in declared.parameters:
        _check_idempotency_key()
    return found | parts


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def client_network() -> str:
    """Return what the client's network address is counted by; behind TRUSTED_PROXIES hops it is the forwarded one."""
    return network_of(request.remote_addr)


def _prepared_db(context: AppContext) -> Db:
    if not context.is_prepared or context.circuit_breaker.is_open:
        raise DatabaseUnavailable
    g.setdefault("election", context.failover.confirm_election())
    return context.db


def _read_id(text: str) -> ObjectId:
    found = parse_id(text)
    if found is None:
        raise BadId
    return found


def _read_query(shape: type[QueryModel]) -> QueryModel:
    values = request.args.to_dict(flat=False)
    faults = [FieldFault(field=name, message="May stand only once.") for name, sent in values.items() if len(sent) > 1]
    try:
        query = validate(shape, {name: sent[0] for name, sent in values.items()})
    except Invalid as error:
        raise Invalid(*faults, *error.details) from None
    if faults:
        raise Invalid(*faults)
    return query


def _check_idempotency_key() -> None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters")


def _idempotency_key(declared: Endpoint, found: dict[str, Any], raw: dict[str, Any]) -> IdempotencyKey | None:
    key = request.headers.get("Idempotency-Key")
    if key is None or "key" not in declared.parameters:
        return None
    return IdempotencyKey(found["caller"].id, f"{declared.method} {declared.path}", key, hash_body(raw))
