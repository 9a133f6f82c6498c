"""A transactional outbox in MongoDB: entries are handled at least once, with retries."""
