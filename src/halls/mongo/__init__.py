"""MongoDB: connection, transactions, indexes, and the embedded mongod for development."""
