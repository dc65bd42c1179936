"""From a sentence to its translation: all of it at once, or pieces around what has to stay.

A sentence is translated as it is. What has to stand in the translation and does not is put back: the
pieces before and after it are translated by themselves, and it stands between them. So is, from the
beginning, what the tokenizer of the source does not know.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import tokenizers

from edgebert.runtimes.translation.options import TranslationOptions
from edgebert.runtimes.translation.search import Target
from edgebert.runtimes.translation.tokenizers_of import TranslatorTokenizers
from edgebert.tasks.translations import Candidate, TranslatedSentence
from edgebert.text.kept import Kept, between, kept_in, lacking
from edgebert.text.scripts import has_letters
from edgebert.text.sentences import MARKS, Span

T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """What is written at once.

    Attributes:
        encoding: of the source.
        options: of the search.
    """

    encoding: tokenizers.Encoding
    options: TranslationOptions


Targets = Sequence[Target]
"""Those of a source, the best first."""

Writer = Generator[Sequence[Source], Sequence[Targets], T]
"""Asks for the targets of some sources, as often as it has to; gives an answer."""


@dataclass(frozen=True)
class Written:
    """What a piece may be translated as.

    Attributes:
        score: as in `Candidate`.
        tokens: of the targets, with those that end them.
        ended: whether each of them ended by itself.
    """

    text: str
    score: float = 0.0
    tokens: tuple[int, ...] = ()
    ended: bool = True


@dataclass(frozen=True)
class Translating:
    """How sentences are translated.

    Attributes:
        tokenizer: of sources and targets.
        options: of the search.
        end: id of the token that ends a target.
    """

    tokenizer: TranslatorTokenizers
    options: TranslationOptions
    end: int

    def sentence(
        self, text: str, span: Span, encoding: tokenizers.Encoding
    ) -> Writer[TranslatedSentence]:
        """Translate a sentence.

        Args:
            text: of the sentence.
            span: where it stands.
            encoding: of its tokens.
        """
        best, *others = yield from self._piece(text, encoding)
        return TranslatedSentence(
            span.start,
            span.end,
            best.text,
            best.score,
            tuple(Candidate(one.text, one.score) for one in others),
            best.tokens,
            best.ended,
        )

    def _piece(
        self, text: str, encoding: tokenizers.Encoding | None = None
    ) -> Writer[list[Written]]:
        """The translations of a piece, the best first."""
        if not has_letters(text):
            return [Written(text)]
        if encoding is None:
            (encoding,) = self.tokenizer.read([text])
        kept = kept_in(text, self.tokenizer.unread(text, encoding))
        apart = [one for one in kept if one.unread]
        if not apart:
            (targets,) = yield [Source(encoding, self.options)]
            if not kept:
                return [self._told(target) for target in targets[: self.options.n_best]]
            found = sorted(map(self._told, targets), key=lambda one: bool(lacking(kept, one.text)))
            apart = lacking(kept, found[0].text)
            if not apart:
                return found[: self.options.n_best]
        return (yield from self._around(text, apart))

    def _around(self, text: str, apart: Sequence[Kept]) -> Writer[list[Written]]:
        """Translate what stands around something, and put that in its place."""
        pieces = between(text, apart)
        spans = [piece for piece in pieces if isinstance(piece, Span)]
        texts = [text[span.start : span.end] for span in spans]
        written = iter((yield from together([self._piece(one) for one in texts])))
        found = [
            [Written(piece)]
            if isinstance(piece, str)
            else [_as_ended(text[piece.start : piece.end], one) for one in next(written)]
            for piece in pieces
        ]
        return [
            _joined([some[min(nth, len(some) - 1)] for some in found])
            for nth in range(self.options.n_best)
        ]

    def _told(self, target: Target) -> Written:
        ended = bool(target.tokens) and target.tokens[-1] == self.end
        said = target.tokens[:-1] if ended else target.tokens
        return Written(self.tokenizer.written(said), target.score, target.tokens, ended)


def together(writers: Sequence[Writer[T]]) -> Writer[list[T]]:
    """Let several writers ask at the same time; gives the answers of all."""
    answers: dict[int, T] = {}
    found: dict[int, Sequence[Targets] | None] = dict.fromkeys(range(len(writers)))
    while found:
        asked: dict[int, Sequence[Source]] = {}
        for place, targets in found.items():
            try:
                writer = writers[place]
                asked[place] = next(writer) if targets is None else writer.send(targets)
            except StopIteration as end:
                answers[place] = end.value
        found = {}
        if asked:
            targets_of_all = iter((yield [one for some in asked.values() for one in some]))
            found = {place: [next(targets_of_all) for _ in some] for place, some in asked.items()}
    return [answers[place] for place in range(len(writers))]


def mean_score(written: Sequence[tuple[float, int]]) -> float:
    """The mean of some scores, each counted by its tokens; 0 where there are none.

    Of one it is that score itself, to the last bit.
    """
    counted = [(score, count) for score, count in written if count]
    if len(counted) < 2:
        return counted[0][0] if counted else 0.0
    return sum(score * count for score, count in counted) / sum(count for _, count in counted)


def _joined(written: Sequence[Written]) -> Written:
    return Written(
        "".join(one.text for one in written),
        mean_score([(one.score, len(one.tokens)) for one in written]),
        tuple(token for one in written for token in one.tokens),
        all(one.ended for one in written),
    )


def _as_ended(source: str, written: Written) -> Written:
    """Without the mark that a model puts behind what it takes for a sentence, where none stood."""
    if source[-1] in MARKS or written.text[-1:] not in MARKS:
        return written
    return Written(written.text.rstrip(MARKS), written.score, written.tokens, written.ended)
