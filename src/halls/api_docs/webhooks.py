"""Describes the requests that Halls sends to webhooks, for the section `webhooks` of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from halls.api_docs.json_schemas import refer_to
from halls.webhooks.schemas import WebhookMessage
from halls.webhooks.webhook import EVENTS, TEST

_HEADERS = {
    "webhook-id": "The id of the event, the same at each attempt.",
    "webhook-timestamp": "The time of the attempt, in seconds since 1970.",
    "webhook-signature": "Signatures with blanks between them, each `v1,` and the HMAC-SHA256 of id, timestamp and "
    "body with dots between them, in base64.",
}


def describe_webhooks() -> dict[str, Any]:
    """Return the request of each event."""
    return {event: {"post": _describe_request(event)} for event in (*EVENTS, TEST)}


def _describe_request(event: str) -> dict[str, Any]:
    return {
        "operationId": f"receive_{event.replace('.', '_')}",
        "summary": f"Halls sends {event}",
        "description": "Your server gets this request, signed as Standard Webhooks says.",
        "tags": ["Webhooks"],
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": refer_to(WebhookMessage)}}},
        "responses": {"2XX": {"description": "The event has arrived. Any other response is a failure."}},
    }
