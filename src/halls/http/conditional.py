"""Conditional requests (RFC 9110): the header If-Match, so that a change is lost by no other change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.http import generate_etag

from halls.errors import ApiError
from halls.http.json_encoding import write_json

if TYPE_CHECKING:
    from werkzeug.datastructures import ETags


class PreconditionFailed(ApiError):
    """If-Match names another version than the stored one."""

    status, code, message = 412, "precondition_failed", "Somebody changed this since you loaded it. Load it again."


@dataclass(frozen=True)
class IfMatch:
    """The versions in the header If-Match: the client wants the request to have an effect on one of these only."""

    etags: ETags

    def check(self, data: dict[str, Any]) -> None:
        """Raise PreconditionFailed unless a GET with the response `data` has one of the ETags. `*` matches any.

        Call it in the transaction, with the record that the transaction has written.
        """
        # The same bytes as in http/endpoint.py. Proxies that compress make an ETag weak, so W/ is ignored.
        if not self.etags.contains_weak(generate_etag(write_json({"ok": True, "data": data}))):
            raise PreconditionFailed
