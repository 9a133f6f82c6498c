"""A made-up but plausible world of halls, for trying the service out."""
