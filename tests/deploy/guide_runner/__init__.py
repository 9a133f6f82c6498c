"""Sets up a clean Debian as docs/operations.md says, block by block: `make try-guide`."""
