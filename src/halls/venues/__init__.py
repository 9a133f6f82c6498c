"""What a venue is and how it is kept."""
