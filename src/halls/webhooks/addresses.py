"""The addresses that webhooks may reach: public ones, in any spelling. In development also this machine."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from halls.errors import Invalid, RateLimited, invalid

MAX_URL = 1_000
# A name that is not found within this time counts as unknown.
LOOKUP_SECONDS = 3.0
PORTS = {"http": 80, "https": 443}
# Not globally reachable unicast (the registries of IANA), although Python 3.10 to 3.12 call some of them global.
NOT_PUBLIC_4 = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        ),
    )
)
# Only this part of IPv6 is public. Outside it are the forms that carry an IPv4 address: compatible, mapped, NAT64.
PUBLIC_6 = ip_network("2000::/3")
# Inside it: Teredo and other protocols, documentation, and 6to4, which carries an IPv4 address too.
NOT_PUBLIC_6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# A name server that does not answer holds a lookup for longer than LOOKUP_SECONDS. So few run at once in a process:
# otherwise such names would hold the threads of all requests.
LOOKUPS = 2
_lookups = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="webhook-lookup")
_free_lookups = threading.BoundedSemaphore(LOOKUPS)


class TooManyLookups(RateLimited):
    """Too many names of webhooks are looked up in this process."""

    message = "Too many webhooks are created or changed at once. Try again in a moment."
    headers = {"Retry-After": "3"}  # noqa: RUF012 - declared a ClassVar by ApiError


def is_allowed(address: IPv4Address | IPv6Address, *, allow_loopback: bool) -> bool:
    """Return whether a webhook may reach the address: it is public, or it is this machine and that is allowed."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_allowed(address.ipv4_mapped, allow_loopback=allow_loopback)
        is_public = address in PUBLIC_6 and not any(address in each for each in NOT_PUBLIC_6)
    else:
        is_public = not any(address in each for each in NOT_PUBLIC_4)
    return is_public or (allow_loopback and address.is_loopback)


def check_url(url: str, *, allow_loopback: bool) -> None:
    """Raise Invalid if a webhook can't have the URL: by its form, or by the addresses that its name has now.

    Raises TooManyLookups.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise _bad_url() from None
    if parts.scheme not in PORTS or not host:
        raise _bad_url()
    if parts.username is not None or parts.password is not None:
        raise invalid("url", "must not contain a user or a password", "bad_format")
    addresses = [ip_address(text) for text in _look_up(host, port)]
    if not all(is_allowed(address, allow_loopback=allow_loopback) for address in addresses):
        raise invalid("url", "must name a server with a public address", "wrong_value")
    if parts.scheme == "http" and not all(address.is_loopback for address in addresses):
        raise _bad_url()


def _bad_url() -> Invalid:
    return invalid("url", "must be an https URL, such as https://example.com/halls", "bad_format")


def _look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a name. Raises Invalid if it has none, and TooManyLookups."""
    with suppress(ValueError):
        return [str(ip_address(host))]  # It is an address.
    if not _free_lookups.acquire(blocking=False):
        raise TooManyLookups
    # In a thread, because a lookup has no timeout of its own.
    lookup = _lookups.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = lookup.result(LOOKUP_SECONDS)
    except (OSError, UnicodeError, LookupTimeout):
        raise invalid("url", "must name a server that exists: its name has no address", "wrong_value") from None
    finally:
        # A lookup that goes on keeps its place.
        if lookup.done():
            _free_lookups.release()
        else:
            lookup.add_done_callback(lambda _: _free_lookups.release())
    # A scope such as fe80::1%eth0 is never public.
    return [str(entry[4][0]).partition("%")[0] for entry in found]
