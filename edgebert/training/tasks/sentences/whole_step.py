"""What a loss over all examples of a step needs: their embeddings, of all turns and processes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from edgebert.training.loop.batches import chunks
from edgebert.training.loop.device import training_device
from edgebert.training.loop.objective import Step
from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.sentences.embedder import Embedder


def embed_rows(
    embedder: Embedder, model: PreTrainedModel, encoded: Encoded, rows: Sequence[int], step: Step
) -> Tensor:
    """Embeddings of these rows, float32 [rows, width], at most `step.micro_batch` at once.

    Where one turn is not enough, a turn leaves behind nothing but its embeddings, and is computed
    again when its gradient is due, with the same random numbers: the gradient is that of all rows
    at once in the memory of one turn (Gao et al. 2021, "Scaling Deep Contrastive Learning Batch
    Size under Memory Limited Setup").
    """
    if not rows:  # of a process that has no share in a short step
        return torch.empty(0, device=training_device())
    if len(rows) <= step.micro_batch:
        return embedder.embed(model, encoded.batch(rows))
    ids = encoded.columns["input_ids"]
    order = sorted(range(len(rows)), key=lambda place: len(ids[rows[place]]))
    turns = [
        checkpoint(
            embedder.embed,
            model,
            encoded.batch([rows[place] for place in turn]),
            use_reentrant=False,
        )
        for turn in chunks(order, step.micro_batch)
    ]
    back = torch.tensor(order, device=training_device()).argsort()
    return torch.cat(turns)[back]


def as_share(loss: Tensor, step: Step) -> Tensor:
    """The loss of a whole step, which every process computes, as this one's share of it.

    The shares add up to the loss. The gradient stays whole: it is that for this process's rows.
    """
    share = len(step.rows) / step.size
    return loss - (1 - share) * loss.detach()
