"""Tests that the OpenAPI document is right, complete and up to date."""
