"""Translated sentences as one text, with the white space of their source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgebert.text.scripts import is_without_spaces
from edgebert.text.sentences import Span


def joined(text: str, spans: Sequence[Span], translated: Sequence[str]) -> str:
    """The translation of a text.

    What stands between two sentences stays, but for a single space where the translation's script
    has none, and for none at all where the source's script has none and the translation's has.

    Args:
        text: of the source.
        spans: of its sentences, in order.
        translated: each of them.
    """
    return "".join(_pieces(text, spans, translated))


def _pieces(text: str, spans: Sequence[Span], translated: Sequence[str]) -> Iterator[str]:
    end, before = 0, ""
    for span, after in zip(spans, translated, strict=True):
        space = text[end : span.start]
        yield _space(space, text[end - 1 : end], before, after) if before and after else space
        yield after
        end, before = span.end, after or before
    yield text[end:]


def _space(space: str, ends: str, before: str, after: str) -> str:
    """What stands between two translated sentences, where this stood in the source.

    Args:
        space: in the source.
        ends: the last character of the source's first sentence.
        before, after: the translations of the two.
    """
    without = is_without_spaces(before[-1]) and is_without_spaces(after[0])
    if space == " " and without:
        return ""
    if not space and is_without_spaces(ends) and not without:
        return "" if is_without_spaces(before[-1]) or is_without_spaces(after[0]) else " "
    return space
