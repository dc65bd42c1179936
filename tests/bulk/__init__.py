"""Bulk runs in the real Ray: what is answered, and what survives."""
