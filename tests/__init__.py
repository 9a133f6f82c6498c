"""The tests of Halls. This is a package so that tests can import the shared API client and servers."""
