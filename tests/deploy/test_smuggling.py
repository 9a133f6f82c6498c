"""Request smuggling: NGINX and the application agree about the end of each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile.raw_http import SERVER_NAME

if TYPE_CHECKING:
    from tests.deploy.site import Site

# The request that an attacker tries to smuggle; its path would appear in the log.
HIDDEN = f"GET /hidden-request HTTP/1.1\r\nHost: {SERVER_NAME}\r\n\r\n"
CHUNKED = "0\r\n\r\n" + HIDDEN
HEADS = {
    "a length and chunks": f"Content-Length: {len(CHUNKED)}\r\nTransfer-Encoding: chunked\r\n\r\n{CHUNKED}",
    "chunks and a length": f"Transfer-Encoding: chunked\r\nContent-Length: {len(CHUNKED)}\r\n\r\n{CHUNKED}",
    "two lengths": f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a list of lengths": f"Content-Length: 0, {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "a signed length": f"Content-Length: +0\r\n\r\n{HIDDEN}",
    "a length in hex": f"Content-Length: 0x10\r\n\r\n{HIDDEN}",
    "a negative length": f"Content-Length: -1\r\n\r\n{HIDDEN}",
    "a blank before the colon": f"Transfer-Encoding : chunked\r\n\r\n{CHUNKED}",
    "a tab before chunked": f"Transfer-Encoding:\tchunked\r\nContent-Length: {len(CHUNKED)}\r\n\r\n{CHUNKED}",
    "a vertical tab": f"Transfer-Encoding: \x0bchunked\r\nContent-Length: {len(CHUNKED)}\r\n\r\n{CHUNKED}",
    "chunked twice": f"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n{CHUNKED}",
    "chunked and identity": f"Transfer-Encoding: chunked, identity\r\nContent-Length: 5\r\n\r\n{CHUNKED}",
    "an unknown coding": f"Transfer-Encoding: xchunked\r\nContent-Length: {len(CHUNKED)}\r\n\r\n{CHUNKED}",
    "a folded header": f"Transfer-Encoding:\r\n chunked\r\nContent-Length: {len(CHUNKED)}\r\n\r\n{CHUNKED}",
    "a bare line feed": f"X: a\nTransfer-Encoding: chunked\r\nContent-Length: {len(CHUNKED)}\r\n\r\n{CHUNKED}",
    "a bare return": f"X: a\rTransfer-Encoding: chunked\r\nContent-Length: {len(CHUNKED)}\r\n\r\n{CHUNKED}",
    "a null in the name": f"Transfer\x00-Encoding: chunked\r\nContent-Length: {len(CHUNKED)}\r\n\r\n{CHUNKED}",
    "an underscore for the dash": f"Transfer_Encoding: chunked\r\nContent-Length: {len(CHUNKED)}\r\n\r\n{CHUNKED}",
    "a chunk extension": f"Transfer-Encoding: chunked\r\n\r\n0;a=\n{HIDDEN}\r\n\r\n",
    "an overlong chunk size": f"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n{HIDDEN}",
    "a chunk size with a sign": f"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n{HIDDEN}",
    "an upgrade to h2c": f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n{HIDDEN}",
}
# By RFC 9112 the hidden part of these is a second request, after the end of the first; NGINX reads it as one.
SECOND_REQUEST = {"chunked twice", "a chunk extension", "an upgrade to h2c", "a blank before the colon"}


@pytest.mark.parametrize("kind", [kind for kind in HEADS if kind not in SECOND_REQUEST])
def test_one_request_gets_at_most_one_response(site: Site, kind: str) -> None:
    before = len(site.log_text())
    head = f"POST /auth/login HTTP/1.1\r\nHost: {SERVER_NAME}\r\nContent-Type: application/json\r\n"
    exchange = site.exchange(head + HEADS[kind])
    assert len(exchange.answers) <= 1
    assert all(400 <= response.status < 500 or response.status == 501 for response in exchange.answers)
    # A smuggled request would add one more line.
    assert site.ask("GET /health", X_Request_ID="after").status == 200
    lines = [line for line in site.log_text()[before:].splitlines() if '"event": "request"' in line]
    assert len(lines) <= len(exchange.answers) + 1, lines


@pytest.mark.parametrize("kind", sorted(SECOND_REQUEST))
def test_a_second_request_by_the_standard_gets_its_own_response_or_none(site: Site, kind: str) -> None:
    before = len(site.log_text())
    head = f"POST /auth/login HTTP/1.1\r\nHost: {SERVER_NAME}\r\nContent-Type: application/json\r\n"
    exchange = site.exchange(head + HEADS[kind])
    site.ask("GET /health")
    lines = [line for line in site.log_text()[before:].splitlines() if '"event": "request"' in line]
    assert len(lines) <= len(exchange.answers) + 1, "more requests than responses"


def test_pipelined_responses_come_in_order(site: Site) -> None:
    ids = [f"number-{number}" for number in range(20)]
    raw = "".join(f"GET /health HTTP/1.1\r\nHost: {SERVER_NAME}\r\nX-Request-ID: {each}\r\n\r\n" for each in ids)
    assert [response.header("X-Request-ID") for response in site.exchange(raw).answers] == ids
