"""HTTP: endpoints, requests, responses, rate limits and idempotency."""
