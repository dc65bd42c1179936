"""What a translator is asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, overload

from edgebert.errors import InputError
from edgebert.runtimes.asked import Asked, require
from edgebert.runtimes.calls import Ask, Call, Request
from edgebert.runtimes.queueing.job import Job
from edgebert.runtimes.queueing.lane import Lane
from edgebert.runtimes.queueing.sizes import size_of_asks
from edgebert.runtimes.queueing.text_queue import TextQueue
from edgebert.runtimes.queueing.told import Submitted
from edgebert.runtimes.translation import calls
from edgebert.runtimes.translation.next_tokens import next_tokens
from edgebert.runtimes.translation.translator import Translator
from edgebert.runtimes.windows import Window, in_small_windows, windows_of
from edgebert.tasks.next_tokens import NextTokens
from edgebert.tasks.translation import TRANSLATION
from edgebert.tasks.translations import Translated
from edgebert.text.encoding import check_text

_TEXTS = 128
"""Of a window: its answers come together."""

_AHEAD = 6
"""Windows that are worked on at a time, so that steps stay full where one of them ends."""


class AskedForTranslations(Asked):
    """The verb of translators.

    Attributes:
        queue: where sentences wait for their steps.
        lane: its part for this model.
    """

    queue: TextQueue
    lane: Lane

    @overload
    def translate(
        self,
        texts: str,
        *,
        beam: int = ...,
        n_best: int = ...,
        length_penalty: float | None = ...,
        max_length: int | None = ...,
        progress: bool = ...,
    ) -> Translated: ...
    @overload
    def translate(
        self,
        texts: Collection[str],
        *,
        beam: int = ...,
        n_best: int = ...,
        length_penalty: float | None = ...,
        max_length: int | None = ...,
        progress: bool = ...,
    ) -> list[Translated]: ...
    @overload
    def translate(
        self,
        texts: Iterable[str],
        *,
        beam: int = ...,
        n_best: int = ...,
        length_penalty: float | None = ...,
        max_length: int | None = ...,
        progress: bool = ...,
    ) -> Iterator[Translated]: ...
    def translate(
        self,
        texts: Any,
        *,
        beam: int = 1,
        n_best: int = 1,
        length_penalty: float | None = None,
        max_length: int | None = None,
        progress: bool = False,
    ) -> Any:
        """Translate texts of any length, sentence by sentence.

        Sentences are found by rules; one that is longer than the model reads is parted at its
        marks. Placeholders, addresses, numbers and what the model cannot read stand in the
        translation as in the text.

        Args:
            texts: one text, a list, or any other iterable.
            beam: how many targets of a sentence grow beside each other; 1 takes the likeliest
                token each time.
            n_best: how many translations are told, of those of the beam.
            length_penalty: by its length to this power the log-probability of a target is
                divided; by default as the manifest says.
            max_length: tokens of the translation of a sentence at most; by default, and never
                more than, what the manifest allows for its length.
            progress: show a progress bar on a terminal (for a list).

        Returns:
            One `Translated` for one text, a list of them for a list, and for any other iterable
            an iterator. A text has the same one alone, in any list and beside any other.

        Raises:
            InputError: the bundle does not translate, an item is not a text, or an option is out
                of its bounds.
        """
        call = calls.translate(
            self,
            texts,
            beam=beam,
            n_best=n_best,
            length_penalty=length_penalty,
            max_length=max_length,
        )
        (ask,) = call.asks
        assert isinstance(ask, Ask)
        request = ask.request
        through = partial(self._translated, request)
        read = request.read
        return self.pipeline.each(texts, request.check, through, read, progress=progress)

    def next_tokens(
        self, pairs: Sequence[tuple[str, str]], *, progress: bool = False
    ) -> list[NextTokens]:
        """The likeliest token after each prefix of targets that are given.

        Args:
            pairs: of a source and its target. Of a source what is read at once is read, without
                looking for sentences; of a target all.
            progress: show a progress bar on a terminal.

        Returns:
            In order, with the log-probabilities of those tokens and of the target's own.

        Raises:
            InputError: the bundle does not translate, or an item is no pair of texts.
        """
        require(self, "next_tokens", TRANSLATION)
        assert self.translator is not None
        checked = [_pair(pair, place) for place, pair in enumerate(pairs)]
        some = partial(self._next_tokens, self.translator)
        found = (one for window in windows_of(checked) for one in some(window.texts))
        if progress:
            from edgebert.progress import track  # it needs click, which an app need not load

            return list(track(found, "next tokens", len(checked)))
        return list(found)

    def _next_tokens(
        self, translator: Translator, pairs: Sequence[tuple[str, str]]
    ) -> list[NextTokens]:
        sources = self.pipeline.encode([source for source, _ in pairs])
        targets = translator.tokenizers.ids([target for _, target in pairs])
        return next_tokens(translator.graphs, sources, targets)

    def _translated(
        self, request: Request[Translated], windows: Iterator[Window[str]]
    ) -> Iterator[Translated]:
        """The translations of all texts of the windows, in order."""
        working: deque[Submitted] = deque()
        asked = Request(_as_it_is, request.reading, request.read)
        try:
            for window in in_small_windows(windows, _TEXTS):
                working.append(self._put(Ask(list(window.texts), asked)))
                while len(working) >= _AHEAD or (working and not window.full):
                    yield from working[0].result().value
                    working.popleft()
            while working:
                yield from working[0].result().value
                working.popleft()
        finally:
            for left in working:
                left.cancel()

    def _put(self, ask: Ask[Translated]) -> Submitted:
        job = Job(lambda: Call((ask,)), size_of_asks((ask,)), bounded=False)
        return self.queue.put(self.lane, job)


def _as_it_is(text: Any, _place: int) -> Any:
    return text


def _pair(pair: Any, place: int) -> tuple[str, str]:
    checked = check_text(pair, place, pairs=True)
    if isinstance(checked, str):
        raise InputError(f"text {place}: expected a source and its target, not a text alone")
    return checked
