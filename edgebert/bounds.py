"""Numbers and names that a caller gives: inside their bounds, or one clear line."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from edgebert.errors import InputError


def check_number(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return a whole number from `least` to `most`, or say what was expected.

    Raises:
        InputError: it is none.
    """
    wanted = f"at least {least}" if most is None else f"{least} to {most}"
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or (most is not None and number > most):
        raise InputError(f"{name}={value!r}: expected a whole number, {wanted}")
    return number


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return one of the choices, or say which there are.

    Raises:
        InputError: it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise unknown_choice(name, value, choices)
    return value


def unknown_choice(name: str, value: Any, choices: Sequence[str]) -> InputError:
    """What to raise where a name is none of those that there are."""
    return InputError(f"{name}={value!r}: expected one of {', '.join(choices)}")
