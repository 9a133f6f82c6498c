"""Fault tests of a complete installation under load: three mongod as a replica set, servers and workers."""
