"""What is asked of two translators beside their translations, and how these end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgebert.data import Examples, Text
from edgebert.measures.compared import Written
from edgebert.references.saved import SavedOutputs
from edgebert.references.sources import Source, next_tokens
from edgebert.tasks.answers import Answers


def targets_of(examples: Examples) -> tuple[str, ...] | None:
    """The translations of a file of pairs."""
    pairs = any(not isinstance(text, str) for text in examples.texts)
    return examples.require_translations()[1] if pairs else None


def with_next_tokens(
    sides: tuple[Source, Source],
    texts: Sequence[Text],
    answers: tuple[Answers, Answers],
    targets: Sequence[str] | None,
) -> tuple[Answers, Answers]:
    """What both would write next in the targets, or else in what the reference itself wrote."""
    (reference, candidate), (before, after) = sides, answers
    if isinstance(reference, SavedOutputs) or isinstance(candidate, SavedOutputs):
        return answers
    prefixes = before.answers if targets is None else targets
    assert prefixes is not None
    pairs = list(zip(map(str, texts), prefixes, strict=True))
    return (
        replace(before, next_tokens=next_tokens(reference, pairs)),
        replace(after, next_tokens=next_tokens(candidate, pairs)),
    )


def written_by(side: Answers) -> Written:
    """The translations of a side; where it does not tell their tokens, the texts alone."""
    if side.translated is None:
        return Written(side.answers or ())
    sentences = [sentence for one in side.translated for sentence in one.sentences]
    return Written(
        texts=side.answers or (),
        sentences=len(sentences),
        unfinished=tuple(one.tokens for one in sentences if not one.ended),
    )
