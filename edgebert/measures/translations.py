"""How far translations are apart, and what is wrong with them that no score of a corpus shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgebert.measures.compared import Compared, Written
from edgebert.measures.formats import percent
from edgebert.measures.measure import LABELS, Measure, Row
from edgebert.measures.statistics import exact_binomial_interval

_LONGEST_GRAM = 8  # tokens
_REPEATS = 3
_NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Translations:
    """The translations of both sides.

    Attributes:
        exact: share of texts whose translations are equal, with the exact (Clopper-Pearson) 95 %
            interval from `exact_low` to `exact_high`.
        length_ratio: characters of the candidate's by those of the reference's.
        broken_reference, broken: characters that their bytes do not give, of all that were written.
    """

    exact: float
    exact_low: float
    exact_high: float
    length_ratio: float
    broken_reference: float
    broken: float


@dataclass(frozen=True)
class Endings:
    """How the sentences of both sides end, of `sentences`.

    Attributes:
        unfinished_reference, unfinished: those that did not end by their limit.
        loops_reference, loops: those of them that repeat themselves to the limit (see `loops`).
    """

    sentences: float
    unfinished_reference: float
    unfinished: float
    loops_reference: float
    loops: float


def loops(tokens: Sequence[int]) -> bool:
    """Whether tokens end in one to eight of them, three times over.

    The repetition that likely texts fall into (Holtzman et al. 2020, "The Curious Case of Neural
    Text Degeneration"); a target that has ended is none.
    """
    return any(
        len(tokens) >= _REPEATS * n
        and all(tokens[-place] == tokens[-place - n] for place in range(1, (_REPEATS - 1) * n + 1))
        for n in range(1, _LONGEST_GRAM + 1)
    )


def _translations(compared: Compared) -> Translations | None:
    if compared.written is None:
        return None
    before, after = (written.texts for written in compared.written)
    equal = sum(a == b for a, b in zip(before, after, strict=True))
    low, high = exact_binomial_interval(equal, len(before))
    lengths = [sum(map(len, side)) for side in (before, after)]
    return Translations(
        exact=equal / max(len(before), 1),
        exact_low=low,
        exact_high=high,
        length_ratio=lengths[1] / max(lengths[0], 1),
        broken_reference=_broken(before),
        broken=_broken(after),
    )


def _endings(compared: Compared) -> Endings | None:
    if compared.written is None:
        return None
    before, after = compared.written
    if before.unfinished is None or after.unfinished is None:
        return None
    return Endings(
        sentences=after.sentences,
        unfinished_reference=len(before.unfinished),
        unfinished=len(after.unfinished),
        loops_reference=_looping(before),
        loops=_looping(after),
    )


def _broken(texts: Sequence[str]) -> int:
    return sum(text.count(_NO_CHARACTER) for text in texts)


def _looping(written: Written) -> int:
    return sum(map(loops, written.unfinished or ()))


def _in_terminal(t: Translations) -> Iterator[Row]:
    interval = f"95 %: {100 * t.exact_low:.1f} to {100 * t.exact_high:.1f}"
    yield "equal translations", f"{100 * t.exact:.1f} % ({interval})"
    yield "length", f"{t.length_ratio:.4g} times the reference's"
    if t.broken or t.broken_reference:
        yield "broken characters", f"{t.broken_reference:g} -> {t.broken:g}"


def _in_page(t: Translations) -> Iterator[Row]:
    yield "equal translations", percent(t.exact)
    yield "equal translations, 95 % interval", f"{percent(t.exact_low)} to {percent(t.exact_high)}"
    yield "length by the reference's", f"{t.length_ratio:.4g}"
    yield "broken characters", f"{t.broken_reference:,g} → {t.broken:,g}"


def _in_card(t: Translations) -> Iterator[Row]:
    interval = f"95 % interval {100 * t.exact_low:.1f} to {100 * t.exact_high:.1f} %"
    yield "equal translations", f"{100 * t.exact:.1f} %, {interval}"


TRANSLATIONS: Measure[Translations] = Measure(
    key="translations",
    part=Translations,
    compute=_translations,
    terminal=_in_terminal,
    page=_in_page,
    card=_in_card,
    of=LABELS,
)


def _endings_in_terminal(e: Endings) -> Iterator[Row]:
    yield (
        "did not end by the limit",
        f"{e.unfinished_reference:g} -> {e.unfinished:g} of {e.sentences:g}",
    )
    yield "repeat themselves to it", f"{e.loops_reference:g} -> {e.loops:g}"


def _endings_in_page(e: Endings) -> Iterator[Row]:
    yield "sentences", f"{e.sentences:,g}"
    yield "did not end by the limit", f"{e.unfinished_reference:,g} → {e.unfinished:,g}"
    yield "repeat themselves to it", f"{e.loops_reference:,g} → {e.loops:,g}"


ENDINGS: Measure[Endings] = Measure(
    key="endings",
    part=Endings,
    compute=_endings,
    terminal=_endings_in_terminal,
    page=_endings_in_page,
    of=LABELS,
)
