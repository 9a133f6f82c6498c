"""The routes with JSON requests and responses, read from their declarations.

The contract's list of the public routes and of the routes for owners stands in tests/architecture/test_endpoints.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask

from halls.accounts.authentication import Access
from halls.app import BLUEPRINTS

if TYPE_CHECKING:
    from halls.http.endpoint import Endpoint

NO_ID = "0123456789abcdef01234567"


@dataclass(frozen=True)
class Row:
    """One route."""

    declared: Endpoint

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.declared.method

    @property
    def path(self) -> str:
        """The path, such as /venues/<venue_id>."""
        return self.declared.path

    @property
    def has_id(self) -> bool:
        """Whether the path contains an id."""
        return "_id>" in self.path

    def at(self, record_id: str) -> str:
        """Return the path with `record_id` in it."""
        return re.sub("<.*?>", record_id, self.path)


def list_endpoints() -> list[Endpoint]:
    """Return the declaration of each route."""
    app = Flask("routes", static_folder=None)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return [vars(view)["endpoint"] for view in app.view_functions.values()]


def name_of(row: Row) -> str:
    """Return the name of a row in the test report."""
    return f"{row.method} {row.path}"


ROWS = [Row(declared) for declared in list_endpoints() if declared.response and not declared.file_types]
PRIVATE = [row for row in ROWS if row.declared.access is not Access.PUBLIC]
OWNERS_ONLY = [row for row in ROWS if row.declared.access is Access.OWNER]
WITH_BODY = [row for row in ROWS if row.declared.body and not row.declared.body_optional]
WITH_ID = [row for row in ROWS if row.has_id]
