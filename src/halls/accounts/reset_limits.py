"""The limits of reset requests of a network for one address, so that one network can't use up an account's e-mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.accounts.schemas import normalise_email
from halls.errors import RateLimited
from halls.http.rate_limits import Limit

if TYPE_CHECKING:
    from halls.http.rate_limits import RateLimiter

# An account gets at most one e-mail in a minute. Requests in between do not count, so a person may press twice.
RESET_PAUSE_OF_NETWORK = Limit("forgot-pause", 1, 60)
# Half of the e-mails that an account gets in a day (email_store.MAX_RESET_EMAILS_A_DAY).
RESETS_OF_ADDRESS = Limit("forgot-address", 5, 24 * 3600)


def may_request_reset(limiter: RateLimiter, network: str, email: str) -> bool:
    """Count a request, and return whether it may cause an e-mail. The same whether or not the account exists."""
    try:
        address = normalise_email(email.strip())
    except ValueError:
        address = email
    try:
        limiter.hit(RESET_PAUSE_OF_NETWORK, network, address)
        limiter.hit(RESETS_OF_ADDRESS, network, address)
    except RateLimited:
        return False
    return True
