"""Tests of placing, reading, confirming and cancelling bookings."""
