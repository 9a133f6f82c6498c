"""Tests of src/halls/outbox."""
