"""A request's texts on their way through a model: limits, deadline, and what was cut."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import CancelledError
from typing import Any

from starlette.requests import Request

from edgebert.errors import ClosedError, InputError, OverloadedError
from edgebert.runtimes import TextQueue, Told
from edgebert.runtimes.queueing.told import Submitted
from edgebert.serving.answering import Reply
from edgebert.serving.calls import Call, call_of
from edgebert.serving.drift.asked_texts import Asked
from edgebert.serving.errors import EMPTY, OVERLOADED, UNHEALTHY, VALIDATION, ApiError
from edgebert.serving.metrics import Metrics
from edgebert.serving.models import ServedModel
from edgebert.serving.options import ServeOptions
from edgebert.serving.pace import Pace
from edgebert.serving.reading import ClientGone


class Asking:
    """Asks models for requests.

    Args:
        options: limits.
        queue: of all models.
        pace: how fast they read.
        metrics: count what was read.

    Attributes:
        waiting_requests: that models were asked, and that have no answer yet.
    """

    def __init__(
        self, options: ServeOptions, queue: TextQueue, pace: Pace, metrics: Metrics
    ) -> None:
        self._options = options
        self._queue = queue
        self._pace = pace
        self._metrics = metrics
        self.waiting_requests = 0

    async def ask(
        self,
        request: Request,
        served: ServedModel,
        verb: str,
        *args: Any,
        truncate: bool | None = None,
        **options: Any,
    ) -> Reply:
        """Ask a model what a request asks.

        Args:
            request: whose client waits.
            served: the model.
            verb: its method.
            args, options: of the method.
            truncate: whether texts may be cut; by default as the server was started.

        Raises:
            ApiError: 400 no texts, 413 too many or too long ones, 422 what the model refuses or
                would cut, 429 no room.
            ClientGone: nobody waits any more.
        """
        self.check(args)
        call = call_of(request)
        told = await self._told(call, served, verb, args, options)
        cut = tuple(place for place, was_cut in enumerate(told.cut) if was_cut)
        tokens = sum(told.tokens)
        call.texts, call.tokens = call.texts + len(told.tokens), call.tokens + tokens
        self._metrics.read(served.name, tokens, len(cut), told.queue_s, told.run_s)
        if cut and not (self._options.truncate if truncate is None else truncate):
            raise _would_be_cut(cut, served)
        call.asked.append(Asked(served, verb, args, options, len(told.tokens)))
        return Reply(told.value, told.tokens, cut)

    async def _told(
        self,
        call: Call,
        served: ServedModel,
        verb: str,
        args: Sequence[Any],
        options: dict[str, Any],
    ) -> Told:
        if not self.waiting_requests:
            self._pace.begin()
        call.waiting = submitted = self._submitted(served, verb, args, options)
        self.waiting_requests += 1
        try:
            return await submitted
        except InputError as error:
            raise ApiError(422, VALIDATION, served.told(str(error))) from None
        except (asyncio.CancelledError, CancelledError):
            if call.gone:
                raise ClientGone from None
            raise
        finally:
            self.waiting_requests -= 1
            call.waiting = None

    def _submitted(
        self, served: ServedModel, verb: str, args: Sequence[Any], options: dict[str, Any]
    ) -> Submitted:
        try:
            return served.model.submit(verb, *args, **options)
        except OverloadedError as error:
            raise self.overloaded(error.waiting_tokens) from None
        except InputError as error:  # it would not fit into an empty queue
            raise ApiError(413, VALIDATION, f"{error} (--max-waiting-tokens)") from None
        except ClosedError:
            raise ApiError(503, UNHEALTHY, "the server is about to end") from None

    def overloaded(self, waiting: int) -> ApiError:
        """What is told where there is no room for more tokens."""
        return ApiError(
            429,
            OVERLOADED,
            f"{waiting:,} tokens wait already, of {self._options.max_waiting_tokens:,} at most "
            "(--max-waiting-tokens): try again later",
            {"retry-after": self._pace.retry_after(waiting)},
        )

    def check(self, args: Iterable[Any]) -> None:
        """Refuse no texts, more than are taken, and longer ones.

        Args:
            args: texts, and lists of texts and of pairs.

        Raises:
            ApiError: 400 no texts, 413 too many or too long ones.
        """
        several = [arg for arg in args if isinstance(arg, list)]
        if any(not arg for arg in several):
            raise ApiError(400, EMPTY, "there are no texts: send at least one")
        texts = max(map(len, several), default=1)
        if texts > self._options.max_texts:
            most = self._options.max_texts
            said = f"{texts:,} texts; at most {most:,} are taken in a request (--max-texts)"
            raise ApiError(413, VALIDATION, f"{said}: send fewer at a time")
        longest = max((len(text) for arg in args for text in _texts_in(arg)), default=0)
        if longest > self._options.max_text_chars:
            most = self._options.max_text_chars
            said = f"a text has {longest:,} characters; at most {most:,} are taken"
            raise ApiError(413, VALIDATION, f"{said} (--max-text-chars): send it in parts")


def _texts_in(arg: Any) -> Iterable[str]:
    if isinstance(arg, str):
        yield arg
    elif isinstance(arg, list | tuple):
        for one in arg:
            yield from _texts_in(one)


def _would_be_cut(cut: Sequence[int], served: ServedModel) -> ApiError:
    listed = ", ".join(map(str, cut[:20])) + (", ..." if len(cut) > 20 else "")
    which = f"text {listed} is" if len(cut) == 1 else f"texts {listed} are"
    return ApiError(
        422,
        VALIDATION,
        f"{which} longer than the {served.model.max_length} tokens that {served.name} reads: send "
        "it in parts, or let it be cut",
    )
