"""Sets up a clean Debian with the commands of docs/operations.md, block by block: `make try-guide`."""
