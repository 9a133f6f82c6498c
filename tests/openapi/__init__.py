"""Tests that the OpenAPI document is correct, complete and current."""
