"""Bookings: place, list, confirm and cancel."""
