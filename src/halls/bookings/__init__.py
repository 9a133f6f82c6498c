"""Placing, confirming and cancelling bookings."""
