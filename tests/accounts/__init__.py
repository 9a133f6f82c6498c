"""Tests of accounts: passwords, tokens, who calls, and the routes under /auth."""
