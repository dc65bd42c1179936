"""What is counted of live drift, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from edgebert.serving.drift.moved import Moved

_DISTANCES = (1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)


class DriftMetrics:
    """Counters of live drift.

    Args:
        registry: of the server.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("model",)
        self._distance = Histogram(
            "edgebert_shadow_distance",
            "From the answer of the reference.",
            labels,
            buckets=_DISTANCES,
            registry=registry,
        )
        self._flips = Counter(
            "edgebert_shadow_flips", "Changed labels, or answers.", labels, registry=registry
        )
        self._decisions = Counter(
            "edgebert_shadow_decisions", "Labels, or answers.", labels, registry=registry
        )
        self._skipped = Counter(
            "edgebert_shadow_skipped", "Texts that were not compared.", labels, registry=registry
        )
        self._beyond = Gauge(
            "edgebert_shadow_beyond_promise",
            "Whether a promise of the manifest is broken.",
            labels,
            registry=registry,
        )

    def begin(self, model: str) -> None:
        """Tell of a bundle that has a reference, from the first scrape on."""
        self._distance.labels(model)
        for counter in (self._flips, self._decisions, self._skipped):
            counter.labels(model)
        self.beyond(model, broken=False)

    def compared(self, model: str, found: Moved) -> None:
        """Count a text."""
        self._distance.labels(model).observe(found.distance)
        if found.decisions:
            self._flips.labels(model).inc(found.changed)
            self._decisions.labels(model).inc(found.decisions)

    def skipped(self, model: str) -> None:
        """Count a text that was drawn, and not compared."""
        self._skipped.labels(model).inc()

    def beyond(self, model: str, *, broken: bool) -> None:
        """Tell whether a promise is broken."""
        self._beyond.labels(model).set(int(broken))
