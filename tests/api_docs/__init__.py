"""Tests of the OpenAPI document and its page as Halls serves them."""
