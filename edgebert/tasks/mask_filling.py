"""Fill-mask: what may stand in the place of a mask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from edgebert.arrays import Array
from edgebert.errors import InputError
from edgebert.records.manifest import FILL_MASK
from edgebert.tasks.base import Task
from edgebert.tasks.masks import places_of
from edgebert.tasks.terms import LOGITS_BYTES, PER_MASK
from edgebert.text.encoding import Text

_GOLDEN_COLUMNS = 64
"""How many logits of a vocabulary a golden answer keeps."""


if TYPE_CHECKING:
    from edgebert.data.examples import Examples


class MaskFilling(Task):
    """Logits for each token, one for each piece of the vocabulary; those at masks are kept."""

    name = FILL_MASK
    verb = "fill_mask"
    head = "ForMaskedLM"
    auto_class = "AutoModelForMaskedLM"
    rows = PER_MASK
    over_vocabulary = True
    columns = MappingProxyType({"fills": "records"})
    most_compared = 256  # logits over a large vocabulary are a megabyte each

    def inputs_of(self, texts: Iterable[Text], mask_token: str | None = None) -> tuple[Text, ...]:
        from edgebert.data.masking import with_mask  # which an app need not load

        if mask_token is None:
            return tuple(texts)
        return tuple(with_mask(str(text), mask_token) for text in texts)

    def row_of(self, row: Array, tokens: Sequence[int], mask_id: int | None) -> Array:
        return row[places_of(tokens, mask_id)]  # a copy: a view would keep all other tokens alive

    def texts_per_window(self, vocabulary: int) -> int:
        return max(1, LOGITS_BYTES // (4 * vocabulary))

    def golden_columns(self, outputs: Sequence[Array]) -> tuple[int, ...]:
        width = outputs[0].shape[-1]  # evenly spread over the vocabulary
        return tuple(range(0, width, -(-width // _GOLDEN_COLUMNS)))

    def row(self, answer: Any) -> dict[str, Any]:
        return {"fills": [asdict(fill) for fill in answer]}

    def require_gold(self, examples: Examples, *, gives_score: bool) -> None:
        raise InputError("fill-mask has no metric: no file says which word is right")

    def call(self, labels: Sequence[str], mask_token: str | None) -> str:
        return f'model.fill_mask("a {mask_token} text")'
