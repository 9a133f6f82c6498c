"""Journeys: complete workflows of users and operators over HTTP."""
