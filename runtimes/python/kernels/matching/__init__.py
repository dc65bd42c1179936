"""What is known of a graph in memory, of which calls are replaced by kernel operators."""
