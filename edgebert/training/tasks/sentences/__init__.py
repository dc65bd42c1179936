"""Embeddings: of sentences that are alike, and of what answers a query."""
