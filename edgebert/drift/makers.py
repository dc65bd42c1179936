"""Which model made each side of a comparison, as far as the sides say."""

from __future__ import annotations

from collections.abc import Iterator

from edgebert.data import Retrieval
from edgebert.errors import InputError
from edgebert.records.fingerprint import Fingerprint
from edgebert.references.saved import SavedOutputs
from edgebert.references.sources import Probe, Source
from edgebert.runtimes import Model
from edgebert.text.prompts import document_prompt, query_prompt


def maker_of(side: Source) -> Fingerprint | None:
    """The fingerprint of a bundle, or what saved outputs carry; None for all else."""
    if isinstance(side, Model):
        return side.made_by()
    return side.made_by if isinstance(side, SavedOutputs) else None


def require_same_options(reference: Source, candidate: Source, retrieval: Retrieval | None) -> None:
    """Refuse answers to other texts than those that the other side answers: with a prompt, say.

    Raises:
        InputError: the two sides were made with other options of the run.
    """
    left, right = (_runs(side, retrieval) for side in (reference, candidate))
    options = [{run.options for run in runs} for runs in (left, right)]
    if left and right and options[0] != options[1]:
        told = [" and ".join(sorted(run.told_options for run in runs)) for runs in (left, right)]
        raise InputError(
            f"the two do not compare: the reference answers {told[0]}, the candidate {told[1]}"
        )


def _runs(side: Source, retrieval: Retrieval | None) -> tuple[Fingerprint, ...]:
    """The fingerprints of what a side answers; a search has a prompt for each of its sides."""
    if isinstance(side, SavedOutputs):
        return side.makers
    if not isinstance(side, Model):
        return ()
    if retrieval is None or not side.spec.task.vectors:
        return (side.made_by(),)
    return tuple(side.made_by(prompt) for prompt in (query_prompt(side), document_prompt(side)))


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
