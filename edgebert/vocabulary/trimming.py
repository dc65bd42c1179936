"""From a checkpoint to a smaller one whose vocabulary fits a corpus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from edgebert.arrays import Array
from edgebert.bundle import TOKENIZER
from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.pytorch import load_encoder_config, load_tokenizer
from edgebert.checkpoint.table_folder import is_of_model2vec
from edgebert.data import Text, read_examples
from edgebert.data.samples import GOLDEN_TEXTS
from edgebert.errors import CheckpointError, GateError
from edgebert.records.manifest import TrimmedVocabulary
from edgebert.references.pytorch_translator import in_pytorch
from edgebert.vocabulary.corpus import (
    Ids,
    cost_of_unseen_text,
    first_change,
    ids_of,
    open_untruncated,
    used_pieces,
)
from edgebert.vocabulary.folder import named_ids, open_trimmed, write_folder
from edgebert.vocabulary.kept_pieces import piece_ids, pieces_to_keep
from edgebert.vocabulary.rebuilding import rebuild_tokenizer

_KINDS = ("WordPiece", "BPE", "Unigram")
_TOLERANCE = 1e-5


def trim_vocabulary(checkpoint: Checkpoint, corpus: Path, folder: Path) -> TrimmedVocabulary:
    """Write a checkpoint whose tokenizer and embeddings hold only what texts like `corpus` need.

    Of a translator these are those of its sources; it writes with the pieces that it had.

    The texts of the corpus keep their pieces, which is proved on each of them, and the model its
    answers, which is proved on the golden texts; any other text can still be written, in more
    pieces.

    Args:
        checkpoint: what to make smaller.
        corpus: texts as `edgebert.data.read_examples` reads them.
        folder: an empty folder, where the smaller checkpoint is written.

    Returns:
        What was kept, and what it costs texts that were not in the corpus.

    Raises:
        CheckpointError: a tokenizer of another kind than WordPiece, BPE or Unigram, or weights
            that do not fit it or are in model2vec's layout.
        InputError: the corpus cannot be read.
        GateError: a text is cut into other pieces, or the model gives other answers than before.
    """
    _refuse_model2vec(checkpoint)
    texts = _read_corpus(checkpoint, corpus)
    loaded, config = load_tokenizer(checkpoint), load_encoder_config(checkpoint)
    tokenizer, golden = _as_json(checkpoint, loaded), _golden(checkpoint, loaded)
    opened = open_untruncated(tokenizer)
    ids, golden_ids = ids_of(opened, texts), ids_of(opened, golden)
    kept = pieces_to_keep(tokenizer, used_pieces([*ids, *golden_ids]) | named_ids(config))
    rebuilt = rebuild_tokenizer(tokenizer, kept)
    _require_same_pieces(open_untruncated(rebuilt), golden + texts, golden_ids + ids, kept)
    write_folder(checkpoint, folder, rebuilt, config, kept)
    trimmed = open_trimmed(checkpoint, folder)
    _require_same_answers(checkpoint, trimmed, kept)
    return TrimmedVocabulary(
        corpus=corpus.name,
        texts=len(texts),
        pieces=len(piece_ids(tokenizer)),
        kept=len(kept),
        saved_bytes=_size(checkpoint) - _size(trimmed),
        unseen=cost_of_unseen_text(tokenizer, texts, ids),
    )


def _refuse_model2vec(checkpoint: Checkpoint) -> None:
    """Refuse a table whose tokens may share rows."""
    if checkpoint.is_table and is_of_model2vec(checkpoint.path):
        raise CheckpointError(
            f"{checkpoint.id} is in model2vec's layout, whose vocabulary is not trimmed: save it with "
            "sentence-transformers, and trim that"
        )


def texts_cut_otherwise(
    checkpoint: Checkpoint, corpus: Path, files: Sequence[Sequence[str]]
) -> list[int]:
    """How many texts of each file the vocabulary that is trimmed for a corpus would cut otherwise.

    Raises:
        CheckpointError: a tokenizer of another kind than WordPiece, BPE or Unigram.
        InputError: the corpus cannot be read.
    """
    tokenizer = _as_json(checkpoint, load_tokenizer(checkpoint))
    opened = open_untruncated(tokenizer)
    used = used_pieces(ids_of(opened, _read_corpus(checkpoint, corpus)))
    kept = set(pieces_to_keep(tokenizer, used))
    needed = (ids_of(opened, _as_read(checkpoint, list(texts))) for texts in files)
    return [sum(not kept.issuperset(ids.tolist()) for ids in of_file) for of_file in needed]


def _read_corpus(checkpoint: Checkpoint, corpus: Path) -> list[str]:
    """The texts of a corpus; of translations those that are read."""
    examples, task = read_examples(corpus), checkpoint.spec.task
    if task.writes:
        return [str(text) for text in task.compared_texts(examples, None)]
    return _as_read(checkpoint, examples.single_texts())


def _as_read(checkpoint: Checkpoint, texts: list[str]) -> list[str]:
    """The texts as the tokenizer gets them: as they are, and with each of the prompts."""
    prompts = {"", *checkpoint.prompts.values()}
    return [prompt + text for prompt in sorted(prompts) for text in texts]


def _golden(checkpoint: Checkpoint, tokenizer: Any) -> list[str]:
    """The golden texts, as they are and as a model of this task reads them."""
    read = checkpoint.spec.task.golden_texts(tokenizer.mask_token)
    sides = [(text,) if isinstance(text, str) else text for text in (*GOLDEN_TEXTS, *read)]
    return [side for text in sides for side in text]


def _as_json(checkpoint: Checkpoint, loaded: Any) -> dict[str, Any]:
    """The tokenizer as transformers reads it: what a bundle's tokenizer.json is written from."""
    tokenizer: dict[str, Any] = json.loads(loaded.backend_tokenizer.to_str())
    kind = tokenizer["model"]["type"]
    if kind not in _KINDS:
        raise CheckpointError(
            f"{checkpoint.path} has a {kind} tokenizer; a vocabulary is trimmed where it is "
            f"{', '.join(_KINDS)}"
        )
    return tokenizer


def _require_same_pieces(
    trimmed: Tokenizer, texts: Sequence[str], ids: Sequence[Ids], kept: Sequence[int]
) -> None:
    changed = first_change(trimmed, texts, ids, kept)
    if changed is not None:
        raise GateError(f"the trimmed vocabulary cuts {changed[:60]!r} into other pieces")


def _require_same_answers(checkpoint: Checkpoint, trimmed: Checkpoint, kept: Sequence[int]) -> None:
    """Compare tokens and answers as PyTorch gives them, on the golden texts and a pair."""
    old_ids, old = _run(checkpoint)
    new_ids, new = _run(trimmed)
    same = map(np.array_equal, (np.asarray(kept)[ids] for ids in new_ids), old_ids)
    if not all(same):
        raise GateError("transformers reads other pieces from the trimmed tokenizer than before")
    for before, after in zip(old, new, strict=True):
        expected = before[..., kept] if after.shape != before.shape else before
        if not np.allclose(after, expected, rtol=0, atol=_TOLERANCE):
            raise GateError(f"{checkpoint.id} with a trimmed vocabulary gives other answers")


def _run(checkpoint: Checkpoint) -> tuple[list[npt.NDArray[np.int64]], list[Array]]:
    """Token ids and answers of a checkpoint, which leaves memory before the next is loaded."""
    model = in_pytorch(checkpoint)
    pair: list[Text] = [(GOLDEN_TEXTS[0], GOLDEN_TEXTS[1])]
    ids = [model.encode(texts)["input_ids"] for texts in (GOLDEN_TEXTS, pair)]
    return ids, model.outputs(model.spec.task.golden_texts(model.spec.mask_token))


def _size(checkpoint: Checkpoint) -> int:
    files = [*checkpoint.path.glob("*.safetensors"), checkpoint.path / TOKENIZER]
    return sum(file.stat().st_size for file in files if file.is_file())
