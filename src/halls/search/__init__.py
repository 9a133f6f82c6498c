"""Search of venues: queries, the search index, and the change stream that keeps it up to date."""
