"""Fuzz tests: thousands of generated requests to every route of openapi.json."""
