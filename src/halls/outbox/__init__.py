"""A durable queue in MongoDB: entries are handled at least once."""
