"""How many guesses for masks are given at a time."""

from __future__ import annotations

from edgebert.serving.errors import VALIDATION, ApiError
from edgebert.serving.models import ServedModel

_MOST = 100_000
"""Some 30 MB of JSON: of 8 MB of masks a thousand guesses each would be hundreds of GB."""


def require_few_guesses(served: ServedModel, texts: str | list[str], k: int) -> None:
    """Refuse more guesses than are given.

    Args:
        served: fills masks.
        texts: with masks.
        k: guesses for each mask.

    Raises:
        ApiError: 413 there would be more.
    """
    mask = str(served.model.spec.mask_token)
    guesses = k * sum(text.count(mask) for text in ([texts] if isinstance(texts, str) else texts))
    if guesses > _MOST:
        said = f"{guesses:,} guesses; at most {_MOST:,} are given in a request"
        raise ApiError(413, VALIDATION, f"{said}: send fewer texts, or ask for fewer a mask")
