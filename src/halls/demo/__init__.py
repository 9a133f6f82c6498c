"""Demonstration data: invented but plausible venues, accounts and bookings."""
