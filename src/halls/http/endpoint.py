"""Declares endpoints and handles requests: authentication, limits, parameters, body, deadline."""

from __future__ import annotations

import functools
import inspect
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pymongo
from flask import Blueprint, Response, current_app, g, request
from werkzeug.routing import BaseConverter

from halls import clock
from halls.accounts.authentication import Access, authenticate
from halls.accounts.security_log import mask_network
from halls.accounts.tokens import TokenRefused
from halls.errors import ApiError, BadId, DatabaseUnavailable, Invalid, invalid, make_field_fault
from halls.http.conditional import IfMatch
from halls.http.idempotency import IdempotencyKey, ReplayableResponse, hash_body
from halls.http.json_body import read_json_object
from halls.http.json_encoding import write_json
from halls.http.rate_limits import Limit, network_of
from halls.http.schema import QueryModel, RequestModel, ResponseModel, parse_id, validate

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.context import AppContext
    from halls.mongo.client import Db, Document

# One deadline for all database operations of a request, so that a client waits at most 5 s for a 503 (decision 8).
REQUEST_SECONDS = 3.5
MIN_SECONDS = 0.1
# The errors that are events of the security log: rejected access, conflicts, limits, and used or unknown links.
EVENT_STATUS, EVENT_CODES = {401, 403, 409, 429}, {"bad_reset_token", "bad_link"}
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")

View = TypeVar("View", bound=Callable[..., Any])
Loader = Callable[["Db", Any, "ObjectId"], "Document"]


class PathPart(BaseConverter):
    """A path segment that is an id: any text except the words that are paths themselves."""

    # Otherwise PATCH /venues/mine would be 400 bad_id instead of 405.
    regex = r"(?!(?:mine|register|search)\Z)[^/]+"


@dataclass(frozen=True)
class Endpoint:
    """The declaration of one route: a row of the contract."""

    method: str
    path: str
    view: Callable[..., Any]
    # None: the view returns a flask.Response with a file.
    response: type[ResponseModel] | None
    access: Access = Access.ACCOUNT
    status: int = 200
    body: type[RequestModel] | None = None
    query: type[QueryModel] = QueryModel
    loaders: Mapping[str, Loader] = field(default_factory=dict)
    errors: Sequence[type[ApiError]] = ()
    limits: Sequence[Limit] = ()
    # Each request counts as a search of its network (SEARCH_LIMIT).
    is_search: bool = False
    # A missing body counts as an empty object.
    body_optional: bool = False
    # The response has an ETag, and If-None-Match can make the response to a GET a 304.
    has_version: bool = False
    # Media types of the file in the request (read by the view itself) or in the response, for the OpenAPI document.
    file_types: Sequence[str] = ()
    # The event of each request in the security log. None: the requests are not in it.
    security_event: str | None = None
    # The file differs in each response, so it has no ETag.
    is_fleeting: bool = False
    # The query is for the browser: a web page accepts any, also the parameters that advertisements append.
    ignores_query: bool = False

    @functools.cached_property
    def parameters(self) -> frozenset[str]:
        """The names of the view's parameters."""
        return frozenset(inspect.signature(self.view).parameters)

    @property
    def needs_database(self) -> bool:
        """Whether a request fails while the database is unreachable."""
        return self.access is not Access.PUBLIC or "db" in self.parameters or bool(self.loaders)


def endpoint(
    blueprint: Blueprint, row: str, *, response: type[ResponseModel] | None, **options: Any
) -> Callable[[View], View]:
    """Serve the decorated view at `row`, such as "POST /bookings". The `options` are fields of `Endpoint`.

    The view may have the parameters `context`, `db`, `caller`, `claims` (of its token), `now`, `query`, `body`, `key`
    and `if_match`, the path segments (as ObjectId if the name ends in `_id`), and the names in `loaders`. A loader is a
    function (db, caller, id) that returns the record of the path or raises an ApiError. It runs before the body is
    read.
    """
    method, path = row.split(" ")

    def register(view: View) -> View:
        declared = Endpoint(method, path, view, response, **options)
        serve = functools.wraps(view)(functools.partial(_serve, declared))
        serve.endpoint = declared  # type: ignore[attr-defined] # for the OpenAPI document and the architecture tests
        blueprint.add_url_rule(path, view.__name__, serve, methods=[method])
        return view

    return register


def current_context() -> AppContext:
    """Return the AppContext of the running application."""
    return cast("AppContext", current_app.extensions["halls"])


def find_caller() -> Account | None:
    """Return the account of a request to a public route, or None if the request has no valid token."""
    context = current_context()
    authorization = request.headers.get("Authorization")
    open_db = functools.partial(_prepared_db, context)
    with suppress(TokenRefused):
        return authenticate(open_db, context.config, authorization, Access.PUBLIC)[0]
    return None


def _serve(declared: Endpoint, **path: str) -> Response:
    """Return the response. Raises DatabaseUnavailable if an election makes the reads of a GET or an error doubtful."""
    context = current_context()
    try:
        response = _handle(declared, context, path)
    except ApiError as error:
        _record_event(declared, context, error)
        _check_primary(context)
        raise
    if declared.method == "GET":
        _check_primary(context)
    _record_event(declared, context)
    return response


def note_event(**facts: Any) -> None:
    """Add facts to the entry of this request in the security log: `account_id`, or what else happened."""
    g.setdefault("security_facts", {}).update(facts)


def _record_event(declared: Endpoint, context: AppContext, error: ApiError | None = None) -> None:
    """Write the entry of the request in the security log. An invalid body and an outage are not events."""
    if declared.security_event is None or (error and not (error.status in EVENT_STATUS or error.code in EVENT_CODES)):
        return
    facts = {"account_id": g.get("account_id"), "network": mask_network(client_network()), "request_id": g.request_id}
    outcome = error.code if error else "ok"
    context.security_log.record(declared.security_event, outcome, **{**facts, **g.get("security_facts", {})})


def _check_primary(context: AppContext) -> None:
    """Raise DatabaseUnavailable if an election happened since the first read: the reads may be stale."""
    if "election" in g and context.failover.has_changed(g.election):
        raise DatabaseUnavailable


def _handle(declared: Endpoint, context: AppContext, path: Mapping[str, str]) -> Response:
    """Check a request in the contract's order (token, role, id, 404, ownership, query, key, body) and call the view."""
    started = time.monotonic()
    with pymongo.timeout(REQUEST_SECONDS), context.circuit_breaker.guard():
        arguments = _read_arguments(declared, context, path)
    if declared.method != "GET":
        # A stale read of the caller or the record must not authorise a write.
        _check_primary(context)
    elapsed = time.monotonic() - started
    if declared.body is not None:
        # Outside the deadline: otherwise a slow upload of the body causes a 503.
        raw = {} if declared.body_optional and not _has_body() else read_json_object(request)
        arguments["body"] = validate(declared.body, raw, **context.body_limits)
        if declared.security_event is not None:
            note_event(email=getattr(arguments["body"], "email", None))
        arguments["key"] = _make_idempotency_key(declared, arguments, raw)
    # After the body: otherwise a body that arrives after midnight is checked against the previous day.
    arguments["now"] = clock.utc_now()
    with pymongo.timeout(max(REQUEST_SECONDS - elapsed, MIN_SECONDS)), context.circuit_breaker.guard():
        result = declared.view(**{name: value for name, value in arguments.items() if name in declared.parameters})
    if isinstance(result, Response):
        return result
    response = _make_response(
        result if isinstance(result, ReplayableResponse) else ReplayableResponse(result), declared.status
    )
    return _compare_version(response) if declared.has_version else response


def _compare_version(response: Response) -> Response:
    # Without no-cache a browser shows a booked date as free from its cache.
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    # make_conditional costs as much as the rest of this function, and few clients send If-None-Match.
    return response.make_conditional(request) if "If-None-Match" in request.headers else response  # type: ignore[return-value] # itself


def _make_response(result: ReplayableResponse, status: int) -> Response:
    response = Response(write_json({"ok": True, "data": result.data}), status, mimetype="application/json")
    if result.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _read_arguments(declared: Endpoint, context: AppContext, path: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of the view that do not come from the body."""
    arguments: dict[str, Any] = {"context": context, "if_match": _read_if_match()}
    if declared.access is not Access.PUBLIC:
        authorization = request.headers.get("Authorization")
        open_db = functools.partial(_prepared_db, context)
        arguments["caller"], arguments["claims"] = authenticate(open_db, context.config, authorization, declared.access)
        g.account_id = str(arguments["caller"].id)
    _count_request(declared, context)
    if declared.needs_database:
        arguments["db"] = _prepared_db(context)
    segments: dict[str, Any] = {name: _read_id(text) if name.endswith("_id") else text for name, text in path.items()}
    for name, load in declared.loaders.items():
        arguments[name] = load(context.db, arguments.get("caller"), *segments.values())
    if not declared.ignores_query:
        arguments["query"] = _read_query(declared.query)
    if "key" in declared.parameters:
        _check_idempotency_key()
    return arguments | segments


def _count_request(declared: Endpoint, context: AppContext) -> None:
    """Count the request for the limits of its endpoint. Raises RateLimited."""
    for limit in declared.limits:
        if limit.in_steps:
            context.step_limiters.count(limit, client_network())
        else:
            headers = context.rate_limiter.hit(limit, g.account_id if limit.by_account else client_network())
            g.setdefault("limit_headers", headers)
    if declared.is_search:
        context.search_limiter.count(client_network())


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def client_network() -> str:
    """Return the client's network for rate limits. Behind TRUSTED_PROXIES hops the address is the forwarded one."""
    return network_of(request.remote_addr)


def _prepared_db(context: AppContext) -> Db:
    if not context.is_prepared or context.circuit_breaker.is_open:
        raise DatabaseUnavailable
    g.setdefault("election", context.failover.confirm_election())
    return context.db


def _read_id(text: str) -> ObjectId:
    parsed = parse_id(text)
    if parsed is None:
        raise BadId
    return parsed


def _read_query(model: type[QueryModel]) -> QueryModel:
    values = request.args.to_dict(flat=False)
    faults = [
        make_field_fault(name, "must be given only once", "duplicate")
        for name, given in values.items()
        if len(given) > 1
    ]
    try:
        query = validate(model, {name: given[0] for name, given in values.items()})
    except Invalid as error:
        raise Invalid(*faults, *error.details) from None
    if faults:
        raise Invalid(*faults)
    return query


def _read_if_match() -> IfMatch | None:
    return IfMatch(request.if_match) if "If-Match" in request.headers else None


def _check_idempotency_key() -> None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters", "bad_format")


def _make_idempotency_key(declared: Endpoint, arguments: dict[str, Any], raw: dict[str, Any]) -> IdempotencyKey | None:
    key = request.headers.get("Idempotency-Key")
    if key is None or "key" not in declared.parameters:
        return None
    # The path as it was sent: one key may be used for walk-ins at two venues.
    return IdempotencyKey(arguments["caller"].id, f"{declared.method} {request.path}", key, hash_body(raw))
