"""Accounts: sign-up, login, passwords and access tokens."""
