"""Statistics of an owner's venues, and the export of the bookings as CSV."""
