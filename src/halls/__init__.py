"""Halls: a booking service for wedding halls, auditoriums, banquets and lawns."""

__version__ = "0.2.0"
