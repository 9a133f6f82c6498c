"""Sends one request of a webhook: to a pinned public address, without redirects and proxies, within 15 seconds."""

from __future__ import annotations

import logging
import re
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any

import requests
from requests_hardened import Config as ClientConfig
from requests_hardened import HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from halls import __version__
from halls.clock import utc_now
from halls.webhooks.addresses import is_allowed

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterator, Mapping

CONNECT_SECONDS, ATTEMPT_SECONDS = 5.0, 15.0
MAX_RESPONSE_BYTES = 1_024
USER_AGENT = f"Halls/{__version__} (webhooks)"
SUCCESS = range(200, 300)
# The library logs the name and the address of a server that may not be reached. Logs contain neither.
logging.getLogger("requests_hardened.ip_filter").disabled = True


@dataclass(frozen=True)
class Outcome:
    """The result of an attempt: the status of the response, or the reason why there is none."""

    status: int | None
    ms: int
    reason: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        """Whether the receiver took the event."""
        return self.status in SUCCESS


@dataclass
class _Deadline:
    """Ends the connections of an attempt when its time is over. A server that sends a byte a second has no timeout."""

    sockets: list[socket.socket] = field(default_factory=list)
    is_over: bool = False

    @contextmanager
    def running(self) -> Iterator[None]:
        timer = threading.Timer(ATTEMPT_SECONDS, self._end)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            for each in self.sockets:
                each.close()

    def limit(self, connected: socket.socket) -> None:
        """End this connection, too, when the time is over. It may be over already, after a slow lookup of the name."""
        # A duplicate, because TLS takes the original over.
        self.sockets.append(connected.dup())
        if self.is_over:
            self._end()

    def _end(self) -> None:
        self.is_over = True
        for each in self.sockets:
            # The receiver may have closed the connection just now.
            with suppress(OSError):
                each.shutdown(SHUT_RDWR)


class _PublicAdapter(IPFilterAdapter):  # type: ignore[misc] # a package without types
    """Resolves the name once, checks the address with our own rules too, and connects to exactly that address."""

    def __init__(
        self, *, is_https: bool, allow_loopback: bool, tls: ssl.SSLContext | None, deadline: _Deadline
    ) -> None:
        super().__init__(is_https_proto=is_https, allow_loopback=allow_loopback)
        self._is_https, self._is_loopback_allowed, self._tls = is_https, allow_loopback, tls
        self._deadline = deadline

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return the attributes of the connection. Raises InvalidIPAddress for an address that is not public."""
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        address = ip_address(host_params["host"].strip("[]").partition("%")[0])
        if not is_allowed(address, allow_loopback=self._is_loopback_allowed):
            raise InvalidIPAddress(address)
        if self._is_https and self._tls is not None:
            pool_kwargs["ssl_context"] = self._tls
        return host_params, pool_kwargs

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """Return the pool of the connection, whose sockets the deadline can end."""
        pool = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = _watch(pool.ConnectionCls, self._deadline)
        return pool


def _watch(connection_class: type[Any], deadline: _Deadline) -> type[Any]:
    class Watched(connection_class):  # type: ignore[misc] # the class depends on the scheme
        def _new_conn(self) -> Any:
            connected = super()._new_conn()
            deadline.limit(connected)
            return connected

    return Watched


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, allow_loopback: bool, tls: ssl.SSLContext | None = None
) -> Outcome:
    """Send one attempt and return its outcome. Raises nothing: each failure is an outcome.

    `tls` replaces the certificates that the client trusts. At most 1 KiB of the response is read.
    """
    started, deadline = time.monotonic(), _Deadline()
    status, reason, retry_after = None, None, None
    try:
        with (
            deadline.running(),
            _open_session(allow_loopback=allow_loopback, tls=tls, deadline=deadline) as session,
            session.post(url, data=body, headers=dict(headers), stream=True, allow_redirects=False) as response,
        ):
            # Some servers report an error if the client closes before it has read a short response.
            response.raw.read(MAX_RESPONSE_BYTES, decode_content=False)
            status, retry_after = response.status_code, _read_retry_after(response.headers.get("Retry-After"))
    except Exception as error:  # noqa: BLE001 - a strange response of a receiver must not stop the sender
        status, reason = None, _name_reason(error)
    if deadline.is_over:
        status, reason = None, "timeout"
    elif status is not None and status not in SUCCESS:
        reason = "redirect" if 300 <= status < 400 else "error_status"  # noqa: PLR2004 - the class of the status
    return Outcome(status, round((time.monotonic() - started) * 1000), reason, retry_after)


def _open_session(*, allow_loopback: bool, tls: ssl.SSLContext | None, deadline: _Deadline) -> HTTPSession:
    config = ClientConfig(
        ip_filter_enable=True,
        ip_filter_allow_loopback_ips=allow_loopback,
        never_redirect=True,
        default_timeout=(CONNECT_SECONDS, ATTEMPT_SECONDS),
        user_agent_override=USER_AGENT,
    )
    session = HTTPSession(config)
    # No proxy, no CA bundle and no password file from the environment.
    session.trust_env = False
    session.headers["Accept-Encoding"] = "identity"
    for scheme, is_https in (("http://", False), ("https://", True)):
        options: dict[str, Any] = {"allow_loopback": allow_loopback, "tls": tls, "deadline": deadline}
        session.mount(scheme, _PublicAdapter(is_https=is_https, **options))
    return session


def _name_reason(error: Exception) -> str:
    """Return a reason without any text of the receiver or of a library."""
    if isinstance(error, InvalidIPAddress):
        return "address_not_public"
    if isinstance(error, requests.exceptions.SSLError):
        return "bad_certificate"
    return "timeout" if isinstance(error, requests.Timeout) else "no_connection"


def _read_retry_after(text: str | None) -> timedelta | None:
    """Return the pause that a receiver asks for, in seconds or until a date (RFC 9110 §10.2.3)."""
    if not text:
        return None
    if re.fullmatch("[0-9]{1,9}", text):
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
        return max(until - utc_now(), timedelta(0))
    except (ValueError, TypeError, OverflowError):
        # Not a date, or one without a time zone.
        return None
