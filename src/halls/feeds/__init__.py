"""Calendar feeds: bookings that calendar programs read by a secret address (RFC 5545)."""
