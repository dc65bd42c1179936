"""A bundle's graph in kernel operators: rewritten in memory when it is opened, never on disk."""
