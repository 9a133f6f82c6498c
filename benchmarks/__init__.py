"""Programs that measure the speed of Halls."""
