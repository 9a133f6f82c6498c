"""Tests of mail: letters, the outbox, and its delivery to real SMTP servers with all their outages."""
