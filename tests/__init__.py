"""A package, so that no other installed `tests` comes before it."""
