"""MongoDB: the connection, the indexes, and the mongod that comes along in development."""
