"""E-mail: rendering, SMTP, and the outbox handler that sends it."""
