"""The owner's side of a venue: register, change, take down, import and export."""
