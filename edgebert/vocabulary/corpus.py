"""Texts as a tokenizer cuts them: what they use, what stays the same, what new ones cost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from edgebert.records.manifest import UnseenText
from edgebert.vocabulary.kept_pieces import pieces_to_keep
from edgebert.vocabulary.rebuilding import rebuild_tokenizer

Ids = npt.NDArray[np.int32]

_CHUNK = 1000
_HELD_BACK = 10
"""One text in so many is left out of choosing, to see what a text costs that was not asked."""


def open_untruncated(tokenizer: dict[str, Any]) -> Tokenizer:
    """A tokenizer.json ready to run on whole texts, one by one."""
    opened = Tokenizer.from_str(json.dumps(tokenizer))
    opened.no_truncation()
    opened.no_padding()
    return opened


def ids_of(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Ids]:
    """The ids of each text, special tokens included."""
    return list(_encode(tokenizer, texts))


def used_pieces(ids: Sequence[Ids]) -> set[int]:
    return set(np.unique(np.concatenate([*ids, np.zeros(0, np.int32)])).tolist())


def first_change(
    trimmed: Tokenizer, texts: Sequence[str], ids: Sequence[Ids], kept: Sequence[int]
) -> str | None:
    """The first text that a trimmed tokenizer cuts otherwise than into the old `ids`."""
    old_ids = np.asarray(kept, np.int32)
    for text, old, new in zip(texts, ids, _encode(trimmed, texts), strict=True):
        if not np.array_equal(old_ids[new], old):
            return text
    return None


def cost_of_unseen_text(
    tokenizer: dict[str, Any], texts: Sequence[str], ids: Sequence[Ids]
) -> UnseenText | None:
    """Trim for nine texts of ten and measure on the tenth; None for fewer than ten texts."""
    unseen = [i for i in range(len(texts)) if i % _HELD_BACK == _HELD_BACK - 1]
    if not unseen:
        return None
    seen = [row for i, row in enumerate(ids) if i % _HELD_BACK != _HELD_BACK - 1]
    trimmed = rebuild_tokenizer(tokenizer, pieces_to_keep(tokenizer, used_pieces(seen)))
    after = ids_of(open_untruncated(trimmed), [texts[i] for i in unseen])
    before = [ids[i] for i in unseen]
    return UnseenText(
        texts=len(unseen),
        pieces_before=sum(map(len, before)),
        pieces_after=sum(map(len, after)),
        unknown_before=_count(before, unknown_id(tokenizer)),
        unknown_after=_count(after, unknown_id(trimmed)),
    )


def unknown_id(tokenizer: dict[str, Any]) -> int | None:
    """The id that stands for what a tokenizer cannot write."""
    model = tokenizer["model"]
    if model["type"] == "Unigram":
        return None if model["unk_id"] is None else int(model["unk_id"])
    found = model["vocab"].get(model["unk_token"])
    return None if found is None else int(found)


def _encode(tokenizer: Tokenizer, texts: Sequence[str]) -> Iterator[Ids]:
    for start in range(0, len(texts), _CHUNK):
        for encoding in tokenizer.encode_batch(texts[start : start + _CHUNK]):
            yield np.array(encoding.ids, np.int32)


def _count(ids: Sequence[Ids], unknown: int | None) -> int:
    return 0 if unknown is None else sum(int((row == unknown).sum()) for row in ids)
