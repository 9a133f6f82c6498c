"""Tests of venues: registration, changes, deletion, prices and availability."""
