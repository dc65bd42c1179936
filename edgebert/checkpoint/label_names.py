"""The labels of a head in the order of its logits, from config.json as transformers reads it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from edgebert.errors import CheckpointError

_UNSAID = 2  # labels, in transformers


def label_names(config: dict[str, Any], where: str) -> tuple[str, ...]:
    """A name for each logit, no two of them alike.

    Where config.json names none, they are LABEL_0, LABEL_1 and so on, as many as its num_labels
    says. Names that are numbers become text.

    Args:
        config: a config.json.
        where: how a message about it begins.

    Raises:
        CheckpointError: a logit without a name, two with the same one, or a name that is none.
    """
    stated, number = config.get("id2label"), config.get("num_labels")
    if number is not None and (type(number) is not int or number < 1):
        raise CheckpointError(f"{where}: num_labels is a number from 1 on, not {number!r}")
    if stated is None:
        return tuple(f"LABEL_{i}" for i in range(number or _UNSAID))
    if not isinstance(stated, dict):
        raise CheckpointError(f"{where}: id2label should give a name to each number, not a list")
    names = _in_order(stated, where)
    if number is not None and number != len(names):
        raise CheckpointError(f"{where}: num_labels is {number}, but id2label names {len(names)}")
    twice = [name for name, n in Counter(name.strip() for name in names).items() if n > 1]
    if twice:
        raise CheckpointError(
            f"{where}: id2label gives the name {twice[0]!r} to more than one label: their scores "
            "could not be told apart"
        )
    return names


def _in_order(stated: dict[str, Any], where: str) -> tuple[str, ...]:
    try:
        numbered = {int(key): name for key, name in stated.items()}
    except ValueError as error:
        raise CheckpointError(f"{where}: id2label has a key that is no number: {error}") from error
    missing = [i for i in range(len(stated)) if i not in numbered]
    if missing or not stated:
        raise CheckpointError(
            f"{where}: id2label names {', '.join(map(str, stated)) or 'nothing'}, and not label "
            f"{missing[0] if missing else 0}"
        )
    return tuple(_name(i, numbered[i], where) for i in range(len(stated)))


def _name(number: int, name: Any, where: str) -> str:
    if type(name) is int:
        return str(name)
    if not isinstance(name, str) or not name.strip():
        raise CheckpointError(f"{where}: id2label names label {number} {name!r}, which is no name")
    return name
