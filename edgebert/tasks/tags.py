"""What the names of a token classifier's labels say: a type, and where in an entity a word stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

OUTSIDE, BEGIN, INSIDE, END, SINGLE = "O", "B", "I", "E", "S"

_POSITIONS = {"B": BEGIN, "I": INSIDE, "M": INSIDE, "E": END, "L": END, "S": SINGLE, "U": SINGLE}
"""BIO, IOB, IOE, BIOES, BMES and BILOU."""

_PREFIXED = re.compile(r"(?P<position>[BIMELSU])(?:[-_](?P<kind>.+))?", re.IGNORECASE | re.DOTALL)
_SUFFIXED = re.compile(r"(?P<kind>.+)[-_](?P<position>[BIMELSU])", re.IGNORECASE | re.DOTALL)

_SPECIAL = frozenset({"[PAD]", "[CLS]", "[SEP]", "[UNK]", "<pad>", "<s>", "</s>", "<unk>"})
_NOTHING = frozenset({"0", "o"})
"""How O is written where it is not."""

_CONTINUED = frozenset({"X", "PAD"})
"""Beside B and I: a piece of a word, and padding."""

_NAMELESS = "_"
"""The type of labels that are nothing but a position."""

_INSTEAD = {
    SINGLE: (SINGLE, BEGIN, INSIDE, END),
    BEGIN: (BEGIN, INSIDE),
    INSIDE: (INSIDE, BEGIN),
    END: (END, INSIDE, BEGIN),
}
"""Labels for a place in an entity, the first that a model has."""


@dataclass(frozen=True)
class Tag:
    """What a label says.

    Attributes:
        position: OUTSIDE, BEGIN, INSIDE, END or SINGLE.
        kind: the type of the entity.
    """

    position: str
    kind: str


@dataclass(frozen=True)
class TagScheme:
    """How a model's labels are to be read.

    Attributes:
        tags: what each label says, in the order of the labels.
        names: the label for a position and a type.
    """

    tags: tuple[Tag, ...]
    names: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, labels: Sequence[str]) -> TagScheme:
        """The scheme that all labels together follow.

        A dash alone says nothing: DATE-TIME and "-" are names. Positions stand before the types
        (B-PER, B_PER) or behind them (PER-B) where they do so in every label, but for those that
        mean no entity; else before those types alone that have a label to begin and one to go on.
        """
        tags = _with_positions(labels, _PREFIXED) or _with_positions(labels, _SUFFIXED)
        if tags is None:
            tags = _with_names(labels)
        names = zip(tags, labels, strict=True)
        return cls(tags, {(tag.position, tag.kind): name for tag, name in names})

    def label(self, kind: str, *, first: bool, last: bool) -> str | None:
        """The label of a word of an entity, None where the model has no such type.

        Args:
            kind: the type of the entity.
            first, last: whether the word is the first of it, and the last.
        """
        place = SINGLE if first and last else BEGIN if first else END if last else INSIDE
        found = (self.names.get((position, kind)) for position in _INSTEAD[place])
        return next((name for name in found if name is not None), None)

    def outside(self) -> str | None:
        """The label of a word that is of no entity, None where the model has no such label."""
        found = {name for (position, _), name in self.names.items() if position == OUTSIDE}
        return next((name for name in ("O", *sorted(_NOTHING)) if name in found), None)


def joined(tags: Iterable[Tag]) -> list[list[int]]:
    """The places of each entity's words, by the rules that CoNLL's evaluation has.

    BEGIN and SINGLE open an entity, as INSIDE and END do where none of their type is open; END
    and SINGLE close theirs, as another type and OUTSIDE do.

    Args:
        tags: of the words of a text, in order.
    """
    entities: list[list[int]] = []
    open_kind: str | None = None
    for place, tag in enumerate(tags):
        if tag.position == OUTSIDE:
            open_kind = None
            continue
        if tag.position in (BEGIN, SINGLE) or tag.kind != open_kind:
            entities.append([])
        entities[-1].append(place)
        open_kind = None if tag.position in (END, SINGLE) else tag.kind
    return entities


def _with_positions(labels: Sequence[str], form: re.Pattern[str]) -> tuple[Tag, ...] | None:
    """Tags of labels that are all of a form but for those outside, if it is a scheme."""
    outside = {"O"} | _SPECIAL | _NOTHING | _CONTINUED
    found = {name: form.fullmatch(name) for name in labels if name not in outside}
    tags = {
        name: Tag(_POSITIONS[match["position"].upper()], match["kind"] or _NAMELESS)
        for name, match in found.items()
        if match
    }
    if len(tags) < len(found) or not _is_scheme(list(tags.values()), form):
        return None
    return tuple(tags.get(name, Tag(OUTSIDE, name)) for name in labels)


def _with_names(labels: Sequence[str]) -> tuple[Tag, ...]:
    """Tags of labels most of which are names, some perhaps of types that have positions."""
    matches = [_PREFIXED.fullmatch(name) for name in labels]
    said = [
        Tag(_POSITIONS[match["position"].upper()], match["kind"])
        for match in matches
        if match and match["kind"]
    ]
    begun = {tag.kind for tag in said if tag.position == BEGIN}
    kinds = begun & {tag.kind for tag in said if tag.position in (INSIDE, END)}
    outside = _outside(labels)
    return tuple(
        Tag(_POSITIONS[match["position"].upper()], match["kind"])
        if match and match["kind"] in kinds
        else Tag(OUTSIDE if name in outside else INSIDE, name)
        for name, match in zip(labels, matches, strict=True)
    )


def _is_scheme(tags: Sequence[Tag], form: re.Pattern[str]) -> bool:
    """Whether positions are no coincidence (E-MAIL, VITAMIN-B): what ends begins or goes on."""
    kinds = {p: {tag.kind for tag in tags if tag.position == p} for p in _POSITIONS.values()}
    if not kinds[END] <= kinds[BEGIN] | kinds[INSIDE]:
        return False
    if form is _SUFFIXED or any(_NAMELESS in of_position for of_position in kinds.values()):
        return bool(kinds[BEGIN] and kinds[INSIDE])
    return bool(kinds[BEGIN]) or bool(kinds[INSIDE] and not kinds[SINGLE])


def _outside(labels: Sequence[str]) -> frozenset[str]:
    """Names that mean no entity, where labels are plain names."""
    if "O" in labels or all(name.isdecimal() for name in labels):
        return _SPECIAL | {"O"}
    return _SPECIAL | _NOTHING
