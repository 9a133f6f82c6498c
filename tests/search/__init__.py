"""Tests of the search: its index, the change stream reader, queries, and the public routes of venues."""
