"""Tests of src/halls/cli."""
