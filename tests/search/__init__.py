"""Tests of what the public reads: search, venues, availability."""
