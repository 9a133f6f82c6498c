"""Import and export of venues and bookings."""
