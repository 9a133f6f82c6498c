"""Tests of the Postman collections with newman; they require Node.js."""
