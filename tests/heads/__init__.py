"""Taggers, readers and rerankers that were really trained, as int8 bundles. See README.md."""
