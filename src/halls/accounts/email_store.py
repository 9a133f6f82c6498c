"""Queries on the collection `users`: which e-mails an account may get, and how many it has got."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pymongo import ReturnDocument

from halls.accounts.store import NOT_DISOWNED, match_unchanged, read_account
from halls.mongo.client import ANY_CASE, increment

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from halls.accounts.account import Account, EmailLinkDocument
    from halls.mongo.client import Db, Document, Session

RESET_PAUSE = timedelta(seconds=60)
MAX_RESET_EMAILS_AN_HOUR, MAX_RESET_EMAILS_A_DAY = 5, 10
# The verification e-mails because of bookings, for each account until it is verified.
MAX_NEWS_EMAILS = 3
NEWS_PAUSE = timedelta(days=1)
# The verification e-mails on request.
MAX_VERIFY_EMAILS, MAX_VERIFY_EMAILS_A_DAY = 10, 5
VERIFY_PAUSE = timedelta(minutes=3)
UNVERIFIED: Document = {"email_verified": {"$ne": True}, **NOT_DISOWNED}


def find_receiver(db: Db, account_id: ObjectId | None) -> Account | None:
    """Return the account, or None if it gets no e-mail: it is deleted, or the holder of the mailbox disowned it."""
    return read_account(db.users.find_one({"_id": account_id, **NOT_DISOWNED}))


def lock_unverified_account(db: Db, account_id: ObjectId, session: Session) -> Account | None:
    """Write the account, so that the transaction conflicts with its verification and deletion.

    Return None and change nothing if the account is deleted, disowned or verified.
    """
    document = db.users.find_one_and_update(
        {"_id": account_id, **UNVERIFIED},
        [{"$set": increment("rev")}],
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    return read_account(document)


def claim_news_email(db: Db, account_id: ObjectId, entry_id: ObjectId, now: datetime) -> bool:
    """Return whether the account gets a verification e-mail because of bookings: once a day, three in total.

    `entry_id` is the outbox entry of the e-mail. A retry of the entry that was claimed last may claim again.
    """
    match: Document = {"_id": account_id, **UNVERIFIED}
    is_unused = {
        "news_emails.count": {"$not": {"$gte": MAX_NEWS_EMAILS}},
        "news_emails.last_at": {"$not": {"$gt": now - NEWS_PAUSE}},
    }
    news = {"count": _add_one("news_emails.count"), "last_at": now, "last_entry": entry_id}
    if db.users.update_one({**match, **is_unused}, [_replace("news_emails", news)]).matched_count:
        return True
    return db.users.find_one({**match, "news_emails.last_entry": entry_id}, {"_id": 1}) is not None


def _replace(field: str, value: Document) -> Document:
    """Return the stage that replaces a field by an object. A plain $set would keep an array, and merge an object."""
    return {"$set": {field: {"$mergeObjects": [value]}}}


def _add_one(field: str) -> Any:
    """Return the expression for a number that is one larger than the field."""
    return increment(field)[field]


def claim_verify_email(db: Db, account: Account, now: datetime, session: Session) -> bool:
    """Return whether the account gets a verification e-mail that it requests now.

    At most one in three minutes, five in 24 hours, and ten until the address is verified.
    """
    stored = {"$cond": [{"$isArray": "$verify_emails.recent"}, "$verify_emails.recent", []]}
    recent = _select_after(stored, now - timedelta(days=1))
    match: Document = {
        **match_unchanged(account),
        **UNVERIFIED,
        "verify_emails.count": {"$not": {"$gte": MAX_VERIFY_EMAILS}},
        "verify_emails.recent": {"$not": {"$gt": now - VERIFY_PAUSE}},
        "$expr": {"$lt": [{"$size": recent}, MAX_VERIFY_EMAILS_A_DAY]},
    }
    requests = {"count": _add_one("verify_emails.count"), "recent": {"$concatArrays": [recent, [now]]}}
    changed = db.users.update_one(match, [_replace("verify_emails", requests)], session=session)
    return changed.matched_count == 1


def disown_account(db: Db, link: EmailLinkDocument, now: datetime, session: Session) -> bool:
    """Remove the password and the Google account of the account of a verification link, and make its tokens invalid.

    It gets no more e-mail.
    Return False and change nothing if the account is deleted, disowned or verified, or has another address now.
    """
    values = {"password_hash": None, "auth_provider": "password", "disowned_at": now, "updated_at": now}
    changed = db.users.update_one(
        {"_id": link["user_id"], "email": link["email"], **UNVERIFIED},
        [{"$set": values | increment("token_version")}, {"$unset": ["revoked_tokens", "google_sub"]}],
        session=session,
    )
    return changed.matched_count == 1


def update_preferences(db: Db, match: Document, changes: dict[str, Any]) -> Account | None:
    """Set some preferences of the account that matches, and return the changed account. None if none matches."""
    stored = {"$cond": [{"$eq": [{"$type": "$preferences"}, "object"]}, "$preferences", {}]}
    merged = {"$mergeObjects": [stored, {"$literal": changes}]}
    document = db.users.find_one_and_update(
        match, [{"$set": {"preferences": merged}}], return_document=ReturnDocument.AFTER
    )
    return read_account(document)


def claim_reset_email(
    db: Db, email: str, entry_id: ObjectId, now: datetime, session: Session, *, limited: bool
) -> Account | None:
    """Return the account that gets a reset e-mail, or None. `entry_id` is the outbox entry of the e-mail.

    None without an account, or if `limited` and the account got an e-mail in the last minute, 5 in the last hour or 10
    in 24 hours. A retry of the same entry may claim again, and does not count.
    """
    stored = {"$cond": [{"$isArray": "$reset_letter.recent"}, "$reset_letter.recent", []]}
    recent = _select_after(stored, now - timedelta(days=1))
    is_allowed: Document = {
        "reset_letter.at": {"$not": {"$gt": now - RESET_PAUSE}},
        "$expr": {
            "$and": [
                {"$lt": [{"$size": _select_after(stored, now - timedelta(hours=1))}, MAX_RESET_EMAILS_AN_HOUR]},
                {"$lt": [{"$size": recent}, MAX_RESET_EMAILS_A_DAY]},
            ]
        },
    }
    match: Document = {"email": email, "$or": [is_allowed if limited else {}, {"reset_letter.id": entry_id}]}
    # Without limits the list stays short, too.
    counted = {"$slice": [{"$concatArrays": [recent, [now]]}, -MAX_RESET_EMAILS_A_DAY]}
    is_retry = {"$eq": ["$reset_letter.id", entry_id]}
    claim = {"id": entry_id, "at": now, "recent": {"$cond": [is_retry, recent, counted]}}
    update = [_replace("reset_letter", claim)]
    return read_account(db.users.find_one_and_update(match, update, collation=ANY_CASE, session=session))


def _select_after(moments: Document, begin: datetime) -> Document:
    """Return the expression for the moments after `begin`."""
    return {"$filter": {"input": moments, "cond": {"$gt": ["$$this", begin]}}}
