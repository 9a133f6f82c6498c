"""Request and response models of the e-mails to accounts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from halls.accounts.account import MAX_REMINDER_DAYS
from halls.http.schema import MAX_TEXT, READS_INTEGER, ChangeModel, RequestModel, ResponseModel, with_examples


class EmailToken(RequestModel):
    """The token from a verification e-mail."""

    model_config = with_examples({"token": "Zk3vJ0pX2b8mQ5t1"})

    token: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)] = Field(
        description="The `token` in the link of the e-mail."
    )


REQUESTS = "Whether an owner gets an e-mail for each request, and before a request expires."
REMINDERS = "Whether a guest gets an e-mail before each booking."
REMINDER_DAYS = "How many days before the booking the reminder is sent. 0: never."


class EmailsChange(ChangeModel):
    """The kinds of e-mails to switch on or off. The others stay."""

    requests: bool | None = Field(default=None, description=REQUESTS)
    reminders: bool | None = Field(default=None, description=REMINDERS)


class PreferencesChange(ChangeModel):
    """The preferences to change, at least one. `emails` is merged."""

    model_config = with_examples({"emails": {"reminders": True}, "reminder_days": 7}, minProperties=1)

    emails: EmailsChange | None = Field(default=None, description="The e-mails to switch on or off.")
    reminder_days: Annotated[int, Field(ge=0, le=MAX_REMINDER_DAYS), READS_INTEGER] | None = Field(
        default=None, description=REMINDER_DAYS
    )


class EmailsWanted(ResponseModel):
    """The e-mails that can be switched off."""

    requests: bool = Field(description=REQUESTS)
    reminders: bool = Field(description=REMINDERS)


class OwnPreferences(ResponseModel):
    """The caller's preferences for e-mails."""

    model_config = with_examples({"emails": {"requests": True, "reminders": True}, "reminder_days": 3})

    emails: EmailsWanted
    reminder_days: int = Field(description=REMINDER_DAYS)
