"""Halls: a booking service for wedding halls, auditoriums, banquets and lawns."""
