"""Tests of the web pages: how they are served, and rules for their sources."""
