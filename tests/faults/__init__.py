"""Fault tests: servers, workers and databases are killed, frozen or disconnected at critical moments."""
