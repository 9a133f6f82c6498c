"""Clients generated from openapi.json, each with a script that runs the main journey."""
