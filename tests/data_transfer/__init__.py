"""Tests of importing and exporting venues and bookings."""
