"""Venues: register, change, delete, read, and availability."""
