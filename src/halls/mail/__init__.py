"""Letters that leave for certain: queued in MongoDB, sent by a worker over SMTP."""
