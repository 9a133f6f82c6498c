"""Whole stories over HTTP, as people and operators live them."""
