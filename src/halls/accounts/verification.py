"""The verification of e-mail addresses: requested, proven, or disowned by the holder of the mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.accounts import email_store, link_store, store
from halls.accounts.account import BadLink
from halls.accounts.emails import VERIFY_EMAIL, hash_token
from halls.accounts.outside_access import delete_outside_access
from halls.accounts.tokens import TokenRevoked
from halls.bookings.changes import cancel_bookings_of
from halls.mongo.client import in_transaction
from halls.outbox.store import enqueue
from halls.venues.store import list_venue_ids

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account
    from halls.mongo.client import Db, Session


def request_verification(db: Db, account: Account, now: datetime) -> None:
    """Queue a verification e-mail, if the account needs one and has not requested too many."""

    def request(session: Session) -> None:
        if email_store.claim_verify_email(db, account, now, session):
            enqueue(db, VERIFY_EMAIL, {"account_id": account.id}, now, session)

    in_transaction(db, request)


def verify_email(db: Db, account: Account, token: str, now: datetime) -> Account:
    """Return the account with its address verified, by the token of an e-mail to this address.

    A verified account is returned unchanged, whatever the token: a page may send it twice. Raises BadLink.
    """

    def verify(session: Session) -> Account | None:
        current = store.find_valid_account(db, account, session)
        if current is None or current.email_verified:
            return current
        link = link_store.consume_link(db, hash_token(token), now, session)
        # The login proves who holds the account, the token who reads the mailbox. They must be the same person.
        if (link["user_id"], link["email"]) != (current.id, current.email):
            raise BadLink
        return store.verify_account(db, current, now, session)

    verified = in_transaction(db, verify)
    if verified is None:
        raise TokenRevoked
    return verified


def disown_email(db: Db, token: str, now: datetime) -> ObjectId:
    """Void the account of a verification e-mail: its password, tokens, links, feeds, webhooks and pending bookings.

    Its bookings at its own venues stay. The account gets no more e-mail, until the holder of the mailbox takes it over
    by a reset. Return its id. Raises BadLink.
    """

    def disown(session: Session) -> ObjectId:
        link = link_store.consume_link(db, hash_token(token), now, session)
        if not email_store.disown_account(db, link, now, session):
            raise BadLink
        link_store.delete_links(db, link["user_id"], session)
        delete_outside_access(db, link["user_id"], session)
        # Those at other people's venues are few: MAX_PENDING_PER_GUEST. Own venues may have too many for a transaction.
        own = list_venue_ids(db, link["user_id"], session)
        cancel_bookings_of(db, link["user_id"], now=now, session=session, statuses=["pending"], other_than=own)
        return link["user_id"]

    return in_transaction(db, disown)
