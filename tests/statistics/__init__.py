"""Tests of the statistics and of the export of bookings."""
