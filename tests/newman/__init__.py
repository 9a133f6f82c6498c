"""Tests of the Postman collections that need newman, and so Node.js."""
