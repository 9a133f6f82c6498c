"""Tests of what a venue is."""
