"""Accuracy against size and latency: what a bundle costs, and what its answers are worth."""
