"""Every route is declared by `halls.http.endpoint` and needs a token, unless it is listed here as public."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from halls.accounts.authentication import Access
from halls.http.endpoint import Endpoint

if TYPE_CHECKING:
    from flask import Flask

    from tests.api_client import Api

PUBLIC = {
    "GET /health",
    "GET /health/ready",
    # Open to this machine itself, and to who has METRICS_TOKEN.
    "GET /metrics",
    "POST /auth/signup",
    "POST /auth/login",
    "POST /auth/google",
    "POST /auth/forgot-password",
    "POST /auth/reset-password",
    "GET /venues/search",
    "GET /venues/<venue_id>",
    "GET /venues/<venue_id>/availability",
    # Let in by a signature in the address in place of a token.
    "PUT /uploads/local/<path:address>",
    "GET /media/<path:file>",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/<asset>",
}
FOR_OWNERS = {
    "POST /venues/register",
    "GET /venues/mine",
    "PATCH /venues/<venue_id>",
    "DELETE /venues/<venue_id>",
    "POST /uploads/sign-s3",
    "POST /uploads/sign-cloudinary",
}


def _endpoints(app: Flask, access: Access) -> set[str]:
    declared: list[Endpoint] = [vars(view)["endpoint"] for view in app.view_functions.values()]
    return {f"{row.method} {row.path}" for row in declared if row.access is access}


def test_every_route_is_declared_as_an_endpoint(app: Flask) -> None:
    bare = [
        name for name, view in app.view_functions.items() if not isinstance(getattr(view, "endpoint", None), Endpoint)
    ]
    assert not bare, bare


def test_flask_serves_exactly_what_is_declared(app: Flask) -> None:
    served = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served == {row for access in Access for row in _endpoints(app, access)}


def test_only_these_routes_need_no_token(app: Flask) -> None:
    assert _endpoints(app, Access.PUBLIC) == PUBLIC


def test_every_other_route_answers_a_stranger_with_401_whatever_he_sends(app: Flask, api: Api) -> None:
    closed = _endpoints(app, Access.ACCOUNT) | _endpoints(app, Access.OWNER)
    let_in = {}
    for row in closed:
        method, path = re.sub("<.*?>", "no-id", row).split(" ")
        answer = api.send(method, path, "no object")
        if (answer.status, answer.json["code"]) != (401, "missing_token"):
            let_in[row] = answer
    assert closed
    assert not let_in, let_in


def test_only_these_routes_are_for_owners(app: Flask) -> None:
    assert _endpoints(app, Access.OWNER) == FOR_OWNERS
