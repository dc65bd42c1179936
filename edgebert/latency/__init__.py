"""How long bundles take: percentiles by shape in alternating rounds, cold start, memory."""

from edgebert.latency.timing import bench as bench
from edgebert.latency.tuning import tune as tune

__all__ = ["bench", "tune"]
