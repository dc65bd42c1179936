"""Graphs that other tools exported: what they are fed, how they are run and fused."""
