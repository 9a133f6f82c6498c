"""Hostile requests: each gets the response of the contract, and an error response changes no document."""
