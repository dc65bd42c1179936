"""From texts to sentences that are translated by themselves, and from these to a translation."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import tokenizers

from edgebert.runtimes.translation.pieces import Translating, Writer, mean_score
from edgebert.tasks.translations import Candidate, Translated, TranslatedSentence
from edgebert.text.joining import joined
from edgebert.text.sentences import Span, parts, sentences


@dataclass(frozen=True, eq=False)
class Sentence:
    """What of a text is translated by itself: a sentence, a part of a long one, or nothing.

    Attributes:
        span: where it stands in its text; None where that has nothing to translate.
        tokens: of it.
    """

    translating: Translating
    text: str
    span: Span | None
    encoding: tokenizers.Encoding | None

    def __len__(self) -> int:
        return 1 if self.encoding is None else max(1, len(self.encoding))

    def writer(self) -> Writer[TranslatedSentence | None]:
        """What asks for its targets."""
        if self.span is None or self.encoding is None:
            return None
        return (yield from self.translating.sentence(self.text, self.span, self.encoding))


@dataclass(frozen=True)
class InSentences:
    """How a text is read to be translated: all of it, sentence by sentence.

    Attributes:
        translating: how each is.
    """

    translating: Translating

    def parts(self, texts: Sequence[str]) -> list[list[Sentence]]:
        """The sentences of each text; of a blank one a sentence with nothing in it."""
        spans = [sentences(text) for text in texts]
        pairs = [(text, span) for text, some in zip(texts, spans, strict=True) for span in some]
        read = self.translating.tokenizer.read([text[s.start : s.end] for text, s in pairs])
        encodings = iter(read)
        found = []
        for text, some in zip(texts, spans, strict=True):
            of_text = [one for span in some for one in self._fitting(text, span, next(encodings))]
            found.append(of_text or [Sentence(self.translating, "", None, None)])
        return found

    def found(
        self, text: str, encodings: Sequence[Sentence], rows: Sequence[TranslatedSentence | None]
    ) -> Translated:
        """A text with the translations of its sentences."""
        translated = [row for row in rows if row is not None]
        return _whole(text, translated, self.translating.options.n_best)

    def cuts(self, encodings: Sequence[Sentence]) -> bool:
        """Never: all of it is read."""
        return False

    def _fitting(self, text: str, span: Span, encoding: tokenizers.Encoding) -> Iterator[Sentence]:
        """A sentence, or parts of it that are read at once."""
        if self.translating.tokenizer.fits(encoding):
            yield Sentence(self.translating, text[span.start : span.end], span, encoding)
            return
        for part in parts(text, span, self._fitted(span, encoding)):
            (read,) = self.translating.tokenizer.read([text[part.start : part.end]])
            if self.translating.tokenizer.fits(read):
                yield Sentence(self.translating, text[part.start : part.end], part, read)
            else:  # alone it has more tokens than inside of the sentence
                middle = (part.start + part.end) // 2
                for half in (Span(part.start, middle), Span(middle, part.end)):
                    yield from self._fitting(text, half, self._read(text, half))

    def _read(self, text: str, span: Span) -> tokenizers.Encoding:
        (encoding,) = self.translating.tokenizer.read([text[span.start : span.end]])
        return encoding

    def _fitted(self, whole: Span, encoding: tokenizers.Encoding) -> Callable[[Span], int]:
        """How far each rest of a sentence would be read at once."""
        mask = encoding.special_tokens_mask
        ends = [
            end for (_, end), special in zip(encoding.offsets, mask, strict=True) if not special
        ]
        most = max(1, self.translating.tokenizer.max_length - sum(mask))

        def fitted(rest: Span) -> int:
            last = bisect_right(ends, rest.start - whole.start) + most - 1
            return whole.start + ends[last] if last < len(ends) - 1 else rest.end

        return fitted


def _whole(text: str, found: Sequence[TranslatedSentence], n_best: int) -> Translated:
    """A translation with the white space that stands between the sentences of its source."""
    spans = [Span(one.start, one.end) for one in found]
    score = mean_score([(one.score, len(one.tokens)) for one in found])
    best = joined(text, spans, [one.text for one in found])
    if n_best == 1:
        return Translated(best, score, tuple(found))
    others = [
        Candidate(
            joined(text, spans, [one.text for one in some]),
            mean_score(
                [(one.score, len(whole.tokens)) for one, whole in zip(some, found, strict=True)]
            ),
        )
        for some in (
            _nth(found, nth) for nth in range(max((len(one.others) for one in found), default=0))
        )
    ]
    return Translated(best, score, tuple(found), tuple(others))


def _nth(found: Sequence[TranslatedSentence], nth: int) -> list[Candidate]:
    """The candidate of each sentence that stands there among the others, or its last."""
    return [
        one.others[min(nth, len(one.others) - 1)] if one.others else Candidate(one.text, one.score)
        for one in found
    ]
