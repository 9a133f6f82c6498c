"""Races over real HTTP, and their controls: the same races with the guard taken away, which must fail."""
