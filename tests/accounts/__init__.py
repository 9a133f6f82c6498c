"""Tests of accounts: passwords, tokens, authentication, Google sign-in, and the routes under /auth."""
