"""HTTP: declaring endpoints, reading requests, writing responses."""
