"""Tests of src/halls/http."""
