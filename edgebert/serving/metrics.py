"""What a server counts and times, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from edgebert.serving.models import ServedModel

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128)
_TOKENS = (16, 32, 64, 128, 256, 512, 1024)
UNMATCHED = "unmatched"
"""The route of requests that no route answers: there are as many paths as clients can think of."""


class Metrics:
    """Counters of one server, in a registry of its own.

    Args:
        waiting_tokens: how many tokens wait now.
    """

    def __init__(self, waiting_tokens: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter("requests", "Requests.", "route", "model", "code")
        self._duration = self._histogram(
            "request_duration_seconds", "From headers to answer.", _SECONDS, "route", "model"
        )
        self._queue = self._histogram("queue_seconds", "Waiting for a run.", _SECONDS, "model")
        self._run = self._histogram("run_seconds", "First run to last.", _SECONDS, "model")
        self._batch_texts = self._histogram("batch_texts", "Texts of a run.", _TEXTS)
        self._batch_tokens = self._histogram("batch_tokens", "Tokens of a run.", _TOKENS)
        self._tokens = self._counter("tokens", "Tokens read.", "model")
        self._truncated = self._counter("truncated", "Texts that were cut.", "model")
        self._info = self._gauge(
            "bundle_info", "Bundles that answer.", "model", "sha256", "scheme", "engine"
        )
        self._golden = self._gauge("golden_ok", "Whether golden texts come out right.", "model")
        self._swaps = self._counter("swaps", "Bundles replaced, or kept.", "model", "result")
        self._gauge("queue_tokens", "Tokens that wait.").set_function(waiting_tokens)

    def answered(self, route: str, model: str, code: int, seconds: float) -> None:
        """Count a request."""
        route = route or UNMATCHED
        self._requests.labels(route, model, str(code)).inc()
        self._duration.labels(route, model).observe(seconds)

    def read(self, model: str, tokens: int, cut: int, queue_s: float, run_s: float) -> None:
        """Count what was read for a request."""
        self._tokens.labels(model).inc(tokens)
        if cut:
            self._truncated.labels(model).inc(cut)
        self._queue.labels(model).observe(queue_s)
        self._run.labels(model).observe(run_s)

    def ran(self, texts: int, tokens: int) -> None:
        """Count a run."""
        self._batch_texts.observe(texts)
        self._batch_tokens.observe(tokens)

    def loaded(self, served: ServedModel, *, golden_ok: bool) -> None:
        """Tell which bundle answers, and whether as it promises."""
        made_by = served.model.made_by()
        self.retired(served.name)
        self._info.labels(
            served.name, served.model.bundle.sha256, made_by.scheme, made_by.engine
        ).set(1)
        self.golden(served.name, ok=golden_ok)

    def golden(self, name: str, *, ok: bool) -> None:
        """Tell whether golden texts came out right."""
        self._golden.labels(name).set(int(ok))

    def swapped(self, name: str, result: str) -> None:
        """Count a bundle that was to be replaced: `replaced`, `unchanged` or `failed`."""
        self._swaps.labels(name, result).inc()

    def retired(self, name: str) -> None:
        """Tell no more of a bundle that answered."""
        self._info.remove_by_labels({"model": name})

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"edgebert_{name}", told, labels, registry=self.registry)

    def _gauge(self, name: str, told: str, *labels: str) -> Gauge:
        return Gauge(f"edgebert_{name}", told, labels, registry=self.registry)

    def _histogram(
        self, name: str, told: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(f"edgebert_{name}", told, labels, buckets=buckets, registry=self.registry)
