"""Entities that one side alone finds, or finds elsewhere or under another label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict

from edgebert.measures.compared import Compared, Entities, LabelledSpan
from edgebert.measures.measure import LABELS, Measure, Row
from edgebert.records.checked import EntityChanges

Key = tuple[int, int, str]
"""Where an entity starts and ends, and its label."""

KEPT, RELABELLED, MOVED, LOST, ADDED = "kept", "relabelled", "moved", "lost", "added"


def entity_changes(reference: Entities, candidate: Entities) -> EntityChanges:
    """Compare entities text by text, as `paired` does."""
    counts = dict.fromkeys((ADDED, LOST, MOVED, RELABELLED), 0)
    for before, after in zip(reference, candidate, strict=True):
        for how, _, _ in paired(keys(before), keys(after)):
            if how != KEPT:
                counts[how] += 1
    return EntityChanges(**counts)


def keys(entities: Iterable[LabelledSpan]) -> set[Key]:
    return {(e.start, e.end, e.label) for e in entities}


def paired(before: set[Key], after: set[Key]) -> Iterator[tuple[str, Key | None, Key | None]]:
    """What became of each entity of a text, and which are new.

    The same span with another label was relabelled, an overlapping span with the same label
    moved; what is left over was lost or added.
    """
    yield from ((KEPT, entity, entity) for entity in sorted(before & after))
    lost, added = sorted(before - after), sorted(after - before)
    for kind, same in ((RELABELLED, _same_span), (MOVED, _overlaps)):
        pairs = _match(lost, added, same)
        yield from ((kind, old, new) for old, new in pairs)
        lost = [e for e in lost if e not in {a for a, _ in pairs}]
        added = [e for e in added if e not in {b for _, b in pairs}]
    yield from ((LOST, entity, None) for entity in lost)
    yield from ((ADDED, None, entity) for entity in added)


def _same_span(a: Key, b: Key) -> bool:
    return a[:2] == b[:2]


def _overlaps(a: Key, b: Key) -> bool:
    return a[2] == b[2] and a[0] < b[1] and b[0] < a[1]


def _match(
    lost: list[Key], added: list[Key], same: Callable[[Key, Key], bool]
) -> list[tuple[Key, Key]]:
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
