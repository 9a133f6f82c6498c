"""Faults: servers, workers and databases that are killed, frozen or cut off at the worst moment."""
