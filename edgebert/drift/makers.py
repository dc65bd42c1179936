"""Which model made each side of a comparison, as far as the sides say."""

from __future__ import annotations

from collections.abc import Iterator

from edgebert.drift.saved import SavedOutputs
from edgebert.drift.sources import Probe, Source
from edgebert.errors import InputError
from edgebert.records.fingerprint import Fingerprint
from edgebert.runtimes import Model


def maker_of(side: Source) -> Fingerprint | None:
    """The fingerprint of a bundle, or what saved outputs carry; None for all else."""
    if isinstance(side, Model):
        return side.made_by()
    return side.made_by if isinstance(side, SavedOutputs) else None


def require_same_options(reference: Source, candidate: Source) -> None:
    """Refuse answers to other texts than those that the other side answers: with a prompt, say.

    Raises:
        InputError: the two sides were made with other options of the run.
    """
    left, right = maker_of(reference), maker_of(candidate)
    if left and right and left.options != right.options:
        raise InputError(
            f"the two do not compare: the reference answers {left.told_options}, the candidate "
            f"{right.told_options}"
        )


def other_makers(reference: Source, candidate: Source, names: tuple[str, str]) -> tuple[str, ...]:
    """A sentence for each side of saved outputs that another model made than the other side is."""
    sides = ((reference, candidate), (candidate, reference))
    return tuple(
        sentence
        for (side, other), (name, other_name) in zip(sides, (names, names[::-1]), strict=True)
        if isinstance(side, SavedOutputs) and not isinstance(other, SavedOutputs)
        for sentence in _other_maker(side, other, name, other_name)
    )


def _other_maker(side: SavedOutputs, other: Source, name: str, other_name: str) -> Iterator[str]:
    said, known = side.made_by, maker_of(other)
    if said is None or (known and known.model == said.model):
        return
    weights = _weights_of(other)
    if weights and weights != said.source:
        yield f"{name} was made by {said}, of other weights than {other_name}"
    elif known:
        yield f"{name} was made by {said}, not by {other_name} ({known})"


def _weights_of(side: Source) -> str:
    """First digits of the hash of a side's weights; "" where it is not known."""
    if isinstance(side, Model):
        return side.made_by().source
    return side.made_from[:8] if isinstance(side, Probe) else ""
