"""The `halls` command."""
