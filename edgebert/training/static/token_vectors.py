"""What a teacher makes of each token of its vocabulary, alone."""

from __future__ import annotations

import torch
from torch import Tensor

from edgebert.training.distillation.agreement import answers_of
from edgebert.training.options import StaticOptions
from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.sentences.asked_vectors import AskedVectors
from edgebert.training.tasks.task import Task


def token_vectors(taught: Task, tokens: int, options: StaticOptions) -> Tensor:
    """The embedding of each token as a text of its own, float32 [tokens, width].

    Each is framed as the tokenizer frames a text. One that the model has no row for has the vector 0.

    Args:
        taught: a sentence model.
        tokens: how many ids its tokenizer has.
        options: of the run.
    """
    assert taught.embedder is not None
    before, after = _frame(taught)
    known = int(taught.model.get_input_embeddings().weight.shape[0])
    ids = [[*before, token, *after] for token in range(min(tokens, known))]
    encoded = Encoded({"input_ids": ids}, taught.tokenizer.pad_token_id or 0)
    asked = AskedVectors(encoded, taught.embedder)
    label = "embedding each token"
    vectors = torch.stack([*answers_of(taught, asked, precision=options.precision, label=label)])
    return torch.cat([vectors, vectors.new_zeros(tokens - len(ids), vectors.shape[1])])


def _frame(taught: Task) -> tuple[list[int], list[int]]:
    """The ids that the tokenizer puts before and behind a text."""
    read = taught.tokenizer("a", return_special_tokens_mask=True)
    ids, special = list(read["input_ids"]), list(read["special_tokens_mask"])
    first, last = special.index(0), len(special) - special[::-1].index(0)
    return ids[:first], ids[last:]
