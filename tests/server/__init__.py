"""Tests of src/halls/server."""
