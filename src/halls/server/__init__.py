"""The server process: Gunicorn, start-up, background tasks."""
