"""`make bench-server`: servers of embeddings beside each other, on loopback."""
