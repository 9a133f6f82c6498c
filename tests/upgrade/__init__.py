"""Two versions of Halls on one database, as during an upgrade."""
