"""Faults of a whole installation: three mongod as a replica set, servers and workers, broken under load."""
