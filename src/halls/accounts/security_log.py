"""The security log: one JSON line for each login, failure and change of an account, in a file of its own."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import structlog

from halls import clock
from halls.http.json_encoding import write_json
from halls.http.rate_limits import wider_networks

if TYPE_CHECKING:
    from bson import ObjectId

    from halls.config import Config

log = structlog.get_logger()
ADDRESS_HEX = 32
# The entries of one network in a minute and process. Otherwise any client could fill the disk with rejected requests.
MAX_ENTRIES, MINUTE = 300, 60
MAX_NETWORKS = 10_000


class SecurityLog:
    """Appends entries to the file SECURITY_LOG. It has no address, token or other personal data.

    The file is opened for each entry, so that it can be moved away at any time. Each entry is one write: entries of
    several processes do not mix.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock, self._counts, self._began = threading.Lock(), dict[str, int](), time.monotonic()

    def record(
        self,
        event: str,
        outcome: str = "ok",
        *,
        account_id: ObjectId | str | None = None,
        email: str | None = None,
        **facts: Any,
    ) -> None:
        """Append an entry. `outcome` is "ok" or the code of the error. A full disk only makes a line in the log.

        After MAX_ENTRIES of a network in a minute, one entry `omitted` stands for the rest. The networks around an IPv6
        network have larger limits.
        """
        address = self._hash_address(email) if email else None
        entry = {"account_id": account_id, "address": address, **facts}
        excess = self._count_excess(facts.get("network"))
        if excess > 0:
            event, outcome, entry = "omitted", "rate_limited", {"network": facts["network"]}
        if excess <= 1:
            self._write({"event": event, "outcome": outcome, "at": clock.utc_now(), **entry})

    def _write(self, entry: dict[str, Any]) -> None:
        try:
            self._append(write_json(entry) + b"\n")
        except OSError as error:
            log.error(  # noqa: TRY400 - a traceback tells nothing more
                "security log not written", error=type(error).__name__
            )

    def _count_excess(self, network: str | None) -> int:
        """Count this entry. Return how many entries of the network are above its limit in this minute."""
        if network is None or self._config.rate_limits == "off":
            return 0
        with self._lock:
            now = time.monotonic()
            if now - self._began >= MINUTE or len(self._counts) >= MAX_NETWORKS:
                self._began, self._counts = now, {}
            # The widest first: a client with many networks then takes no more memory.
            for each, factor in reversed([(network, 1), *wider_networks(network)]):
                self._counts[each] = self._counts.get(each, 0) + 1
                if (excess := self._counts[each] - MAX_ENTRIES * factor) > 0:
                    return excess
        return 0

    def _append(self, line: bytes) -> None:
        path = self._config.security_log_path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def _hash_address(self, email: str) -> str:
        # With a key: otherwise the hash of a known address tells whether the address is in the file.
        message = f"security log {email.lower()}".encode()
        return hmac.new(self._config.secret.encode(), message, hashlib.sha256).hexdigest()[:ADDRESS_HEX]


def mask_network(network: str) -> str:
    """Return the network of a client as the file contains it: a /24 for an IPv4 address. IPv6 is a /64 already."""
    try:
        return str(ipaddress.IPv4Network(f"{network}/24", strict=False))
    except ValueError:
        return network
