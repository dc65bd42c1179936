"""Requests of many callers in one queue: they share the runs of a graph, and take turns."""
