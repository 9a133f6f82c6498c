"""Closing an account: personal data goes, other people's history stays."""
