"""What the public reads: venues, search and availability."""
