"""Entities that one side alone finds, or finds elsewhere or under another label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict

from edgebert.measures.compared import Compared, Entities
from edgebert.measures.measure import LABELS, Measure, Row
from edgebert.records.checked import EntityChanges

_Key = tuple[int, int, str]


def entity_changes(reference: Entities, candidate: Entities) -> EntityChanges:
    """Compare entities text by text.

    The same span with another label was relabelled, an overlapping span with the same label
    moved; what is left over was lost or added.
    """
    counts = {"added": 0, "lost": 0, "moved": 0, "relabelled": 0}
    for before, after in zip(reference, candidate, strict=True):
        old = {(e.start, e.end, e.label) for e in before}
        new = {(e.start, e.end, e.label) for e in after}
        lost, added = sorted(old - new), sorted(new - old)
        for kind, same in (("relabelled", _same_span), ("moved", _overlaps)):
            pairs = _match(lost, added, same)
            counts[kind] += len(pairs)
            lost = [e for e in lost if e not in {a for a, _ in pairs}]
            added = [e for e in added if e not in {b for _, b in pairs}]
        counts["lost"] += len(lost)
        counts["added"] += len(added)
    return EntityChanges(**counts)


def _same_span(a: _Key, b: _Key) -> bool:
    return a[:2] == b[:2]


def _overlaps(a: _Key, b: _Key) -> bool:
    return a[2] == b[2] and a[0] < b[1] and b[0] < a[1]


def _match(
    lost: list[_Key], added: list[_Key], same: Callable[[_Key, _Key], bool]
) -> list[tuple[_Key, _Key]]:
    free = list(added)
    pairs = []
    for old in lost:
        new = next((candidate for candidate in free if same(old, candidate)), None)
        if new is not None:
            free.remove(new)
            pairs.append((old, new))
    return pairs


def _of(compared: Compared) -> EntityChanges | None:
    return entity_changes(*compared.entities) if compared.entities else None


def _in_terminal(e: EntityChanges) -> Iterator[Row]:
    moved = f"{e.moved} moved, {e.relabelled} relabelled"
    yield "entities", f"{e.added} added, {e.lost} lost, {moved}"


def _in_page(e: EntityChanges) -> Iterator[Row]:
    for how, count in asdict(e).items():
        yield f"entities {how}", f"{count:,}"


ENTITIES = Measure(key="entities", compute=_of, terminal=_in_terminal, page=_in_page, of=LABELS)
