"""Thousands of made-up requests, by what openapi.json tells of each route."""
