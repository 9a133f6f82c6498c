"""The English wordings of all e-mails. A second language is a second file with the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halls.mail.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGE = "en"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
GREETING = "Assalam-o-alaikum,"
SIGNATURE = "Halls"
PREFERENCES = "Choose which e-mails you get"
QUESTIONS = "Questions? Write to"
LABELS: Mapping[str, str] = {
    "venue": "Venue",
    "address": "Address",
    "date": "Date",
    "guests": "Guests",
    "price": "Price",
    "notes": "Notes",
    "reason": "Reason",
    "guest": "Guest",
    "owner": "Owner",
    "contact_number": "Telephone",
}
PRICE = "PKR {}"
CHANGED = "{} (before: {})"
NOTHING = "none"
DAYS = "{% if days == 0 %}today{% elif days == 1 %}tomorrow{% else %}in {{ days }} days{% endif %}"
GUEST = "{{ guest or 'The guest' }}"
WORDINGS: Mapping[str, Wording] = {
    "test": Wording(
        "Test e-mail of Halls",
        "The mail settings work",
        ("This is a test e-mail of {{ url }}. An operator sent it with `halls mail --test`.",),
    ),
    "password_reset": Wording(
        "Your new password for Halls",
        "Choose a new password",
        ("Somebody, probably you, asked for a new password for your Halls account.",),
        "Choose a new password",
        (
            "The link works once, until {{ until }}.",
            "If it was not you, do nothing: your password stays as it is.",
        ),
    ),
    "password_changed": Wording(
        "Your password for Halls was changed",
        "Your password was changed",
        (
            "The password of your Halls account was changed on {{ at }}.",
            "If it was not you, ask for a new password at once, on the page where you log in.",
        ),
    ),
    "verify_email": Wording(
        "{% if has_news %}News about your booking: confirm your e-mail address"
        "{% else %}Confirm your e-mail address{% endif %}",
        "Confirm your e-mail address",
        (
            (
                "{% if has_news %}There is news about a booking. We send it only to a confirmed address."
                "{% else %}Somebody, probably you, made a Halls account with this address.{% endif %}"
            ),
            "Please confirm that the address is yours.",
        ),
        "Confirm the address",
        (
            "The link works once, until {{ until }}. You log in to use it.",
            (
                "If it was not you, say so here. The account then loses its password, and we send you no more e-mail "
                "about it."
            ),
        ),
        "This was not me",
    ),
    "request_received": Wording(
        "Request sent: {{ venue }}, {{ date }}",
        "Your request was sent",
        (
            "Your request is now with the owner of {{ venue }}. The date is held for you until the owner answers.",
            "{% if until %}If the owner does not answer by {{ until }}, the request ends by itself.{% endif %}",
        ),
        "Open the request",
    ),
    "request_new": Wording(
        "New request: {{ venue }}, {{ date }}",
        "A guest asks for your venue",
        (
            GUEST + " asks for {{ venue }} on {{ weekday_date }}.",
            "{% if until %}Please answer by {{ until }}. After that the request ends by itself.{% endif %}",
        ),
        "Answer the request",
    ),
    "hold_ending": Wording(
        "Answer by {{ until }}: {{ venue }}, {{ date }}",
        "A request waits for your answer",
        (
            GUEST + " asked for {{ venue }} on {{ weekday_date }}, and has no answer yet.",
            "The request ends by itself on {{ until }}. The date is then free again.",
        ),
        "Answer the request",
    ),
    "confirmed": Wording(
        "Confirmed: {{ venue }}, {{ date }}",
        "Your booking is confirmed",
        ("The owner of {{ venue }} has confirmed your booking on {{ weekday_date }}.",),
        "Open the booking",
        ("The booking is attached for your calendar.",),
    ),
    "declined": Wording(
        "Declined: {{ venue }}, {{ date }}",
        "Your request was declined",
        ("The owner of {{ venue }} can't take your request for {{ weekday_date }}.",),
        "Open the request",
    ),
    "cancelled_by_owner": Wording(
        "Cancelled: {{ venue }}, {{ date }}",
        "Your booking was cancelled",
        ("The owner of {{ venue }} has cancelled your booking on {{ weekday_date }}.",),
        "Open the booking",
    ),
    "cancelled_by_guest": Wording(
        "Cancelled: {{ venue }}, {{ date }}",
        "A guest has cancelled",
        (
            GUEST + " has cancelled the {% if was_confirmed %}booking of{% else %}request for{% endif %} "
            "{{ venue }} on {{ weekday_date }}.",
            "The date is free again.",
        ),
        "Open the booking",
    ),
    "cancelled_by_operator": Wording(
        "Cancelled: {{ venue }}, {{ date }}",
        "A booking was cancelled",
        (
            (
                "The operator of this service has cancelled the "
                "{% if was_confirmed %}booking of{% else %}request for{% endif %} {{ venue }} on {{ weekday_date }}."
            ),
        ),
        "Open the booking",
    ),
    "booking_changed": Wording(
        "Changed: {{ venue }}, {{ date }}",
        "A guest has changed a booking",
        (GUEST + " has changed the booking of {{ venue }} on {{ weekday_date }}.",),
        "Open the booking",
    ),
    "expired": Wording(
        "Request ended: {{ venue }}, {{ date }}",
        "{% if is_owner %}A request has ended{% else %}Your request has ended{% endif %}",
        (
            "{% if is_owner %}" + GUEST + " asked for {{ venue }} on {{ weekday_date }}, and got no answer in time."
            "{% else %}The owner of {{ venue }} did not answer your request for {{ weekday_date }} in time.{% endif %}",
            (
                "The request has ended, and the date is free again."
                "{% if not is_owner %} You may ask again, or look for another venue.{% endif %}"
            ),
        ),
        "Open the request",
    ),
    "webhook_disabled": Wording(
        "Your webhook was switched off",
        "Your webhook was switched off",
        (
            "Halls can't deliver events to your webhook at {{ host }}, and has switched it off.",
            "Either its server asked for that (410 Gone), or every attempt has failed for five days.",
            "Repair the server, then switch the webhook on again. The list of its deliveries names the failures.",
        ),
    ),
    "reminder": Wording(
        "Reminder: {{ venue }}, {{ date }}",
        "Your booking is " + DAYS,
        ("Your booking of {{ venue }} is " + DAYS + ", on {{ weekday_date }}.",),
        "Open the booking",
    ),
}
