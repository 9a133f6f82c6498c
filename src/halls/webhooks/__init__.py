"""Webhooks: signed requests to the servers of owners and guests when a booking or venue changes (Standard Webhooks)."""
