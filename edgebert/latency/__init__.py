"""How long bundles take: percentiles by shape in alternating rounds, cold start, memory."""

from edgebert.latency.timing import bench as bench

__all__ = ["bench"]
