"""Hostile requests, as a table: each is sent byte for byte and its answer compared with the contract."""
