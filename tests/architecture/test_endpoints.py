"""Every route is declared by `endpoint()` and needs a token, unless this file lists it as public."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from halls.accounts.authentication import Access
from halls.http.endpoint import Endpoint

if TYPE_CHECKING:
    from flask import Flask

    from tests.api_client import ApiClient

PUBLIC = {
    "GET /health",
    "GET /health/ready",
    # Access without METRICS_TOKEN is only possible from this machine.
    "GET /metrics",
    "POST /auth/signup",
    "POST /auth/login",
    "POST /auth/google",
    "POST /auth/forgot-password",
    "POST /auth/reset-password",
    # The token of a verification e-mail is in the body.
    "POST /auth/disown-email",
    # The URL contains the token of an e-mail.
    "POST /emails/unsubscribe/<path:token>",
    "GET /venues/search",
    "GET /venues/<venue_id>",
    "GET /venues/<venue_id>/availability",
    "GET /venues/<venue_id>/alternatives",
    # The URL contains a signature in place of a token.
    "PUT /uploads/local/<path:address>",
    "GET /media/<path:file>",
    # The URL contains the secret of a calendar feed.
    "GET /calendar/<secret>.ics",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/<asset>",
    # The web pages: each sends the same document to everybody, and the API alone decides on access.
    "GET /",
    "GET /find",
    "GET /login",
    "GET /hall/<id>",
    "GET /signup",
    "GET /forgot-password",
    "GET /reset-password",
    "GET /verify-email",
    "GET /disown-email",
    "GET /my/bookings",
    "GET /my/bookings/<id>",
    "GET /account",
    "GET /account/feeds",
    "GET /account/webhooks",
    "GET /owner",
    "GET /owner/requests",
    "GET /owner/requests/<id>",
    "GET /owner/walk-ins/new",
    "GET /owner/statistics",
    "GET /owner/venues",
    "GET /owner/venues/new",
    "GET /owner/venues/<id>",
    "GET /owner/venues/<id>/calendar",
    "GET /assets/<version>/<path:name>",
}
FOR_OWNERS = {
    "POST /venues/register",
    "GET /venues/mine",
    "PATCH /venues/<venue_id>",
    "DELETE /venues/<venue_id>",
    "GET /venues/<venue_id>/calendar",
    "POST /venues/<venue_id>/calendar",
    "POST /venues/<venue_id>/walk-ins",
    "GET /statistics",
    "GET /exports/bookings.csv",
    "GET /auth/me/blocked",
    "PUT /auth/me/blocked/<user_id>",
    "DELETE /auth/me/blocked/<user_id>",
    "POST /uploads/sign-s3",
    "POST /uploads/sign-cloudinary",
}


def _endpoints(app: Flask, access: Access) -> set[str]:
    declared: list[Endpoint] = [vars(view)["endpoint"] for view in app.view_functions.values()]
    return {f"{row.method} {row.path}" for row in declared if row.access is access}


def test_every_route_is_declared_as_an_endpoint(app: Flask) -> None:
    undeclared = [
        name for name, view in app.view_functions.items() if not isinstance(getattr(view, "endpoint", None), Endpoint)
    ]
    assert not undeclared, undeclared


def test_flask_serves_exactly_the_declared_routes(app: Flask) -> None:
    served = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served == {row for access in Access for row in _endpoints(app, access)}


def test_exactly_the_listed_routes_are_public(app: Flask) -> None:
    assert _endpoints(app, Access.PUBLIC) == PUBLIC


def test_every_other_route_answers_401_without_a_token(app: Flask, api: ApiClient) -> None:
    private = _endpoints(app, Access.ACCOUNT) | _endpoints(app, Access.OWNER)
    reachable = {}
    for row in private:
        method, path = re.sub("<.*?>", "no-id", row).split(" ")
        response = api.send(method, path, "no object")
        if (response.status, response.json["code"]) != (401, "missing_token"):
            reachable[row] = response
    assert private
    assert not reachable, reachable


def test_exactly_the_listed_routes_are_for_owners(app: Flask) -> None:
    assert _endpoints(app, Access.OWNER) == FOR_OWNERS
