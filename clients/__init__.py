"""Clients made from openapi.json, each with a script that plays the main journey."""
