"""Tests of src/halls/mongo."""
