"""Tests of mail: messages, SMTP and `halls mail`."""
