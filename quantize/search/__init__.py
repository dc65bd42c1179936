"""Scheme `auto`: drift and latency of forms and mixtures, and the fastest mixture in a budget."""
