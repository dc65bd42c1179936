"""All that routes need of a server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from starlette.requests import Request

from edgebert.machine import available_cores
from edgebert.runtimes import TextQueue
from edgebert.serving.asking import Asking
from edgebert.serving.calls import call_of
from edgebert.serving.drift.references import references_of
from edgebert.serving.drift.watching import DriftWatch
from edgebert.serving.metrics import Metrics
from edgebert.serving.models import Served, ServedModel, Source
from edgebert.serving.options import ServeOptions
from edgebert.serving.pace import Pace
from edgebert.serving.reading import BodyReader

S = TypeVar("S", bound=msgspec.Struct)


class Server:
    """Bundles, their queue, and what is counted of them.

    Attributes:
        served: the bundles.
        drift: watches how far they drift.
        draining: whether it is about to end.

    Args:
        options: how to serve.
        sources: what to serve.

    Raises:
        EdgebertError: a reference cannot be one.
    """

    def __init__(self, options: ServeOptions, sources: Sequence[Source]) -> None:
        threads = options.threads or available_cores()
        self.options = options
        self.served = Served(sources)
        self.draining = False
        self.pace = Pace()
        self.queue = TextQueue(
            threads, max_waiting_tokens=options.max_waiting_tokens, on_run=self._ran
        )
        self.metrics = Metrics(lambda: self.queue.waiting_tokens)
        self.drift = DriftWatch(
            references_of(sources, options.references),
            options.share,
            self.metrics,
            lambda: self.queue.waiting_tokens,
        )
        self.bodies = BodyReader(options.max_body)
        self._asking = Asking(options, self.queue, self.pace, self.metrics)
        self.ask = self._asking.ask
        self.check_texts = self._asking.check
        self.overloaded = self._asking.overloaded

    @property
    def waiting_requests(self) -> int:
        """Requests that models were asked, and that have no answer yet."""
        return self._asking.waiting_requests

    @property
    def ready(self) -> bool:
        """Whether it takes requests, and wants more."""
        return self.served.complete and not self.draining

    def model(self, request: Request, name: str | None, verb: str) -> ServedModel:
        """The bundle that a request is for: by its path, else by its body.

        Raises:
            ApiError: as `Served.named`.
        """
        call = call_of(request)
        served = self.served.named(call.named or name or None, verb)
        call.model = served.name
        return served

    async def read_body(self, request: Request, shape: type[S]) -> S:
        """The body of a request; errors as of `BodyReader.read`."""
        return await self.bodies.read(request, shape)

    def _ran(self, texts: int, tokens: int) -> None:
        self.metrics.ran(texts, tokens)
        self.pace.ran(tokens, busy=self.queue.waiting_tokens > 0)
