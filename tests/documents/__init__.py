"""Documents of external writers, with values of any type."""
