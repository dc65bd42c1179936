"""How alike a teacher finds the texts of a step, as what its student learns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax, normalize
from transformers import PreTrainedModel

from edgebert.training.loop.objective import Step
from edgebert.training.tasks.sentences.asked_vectors import AskedVectors
from edgebert.training.tasks.sentences.whole_step import as_share, embed_rows

_SCALE = 20.0  # of cosines, before they become shares


@dataclass(frozen=True)
class Similarities:
    """Texts and a teacher's embeddings of them, of any width, float32 [texts, width].

    Each text's nearness to the others of its step is to be the teacher's, as a share of all: Fang et
    al. 2021, "SEED: Self-supervised Distillation for Visual Representation", without their queue.
    """

    asked: AskedVectors
    embeddings: Tensor

    @property
    def lengths(self) -> list[int]:
        return self.asked.encoded.lengths

    def losses(self, student: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        """One loss for the whole step: each of its texts is compared with all others."""
        rows, joined = list(step.rows), step.processes.joined
        own = embed_rows(self.asked.embedder, student, self.asked.encoded, rows, step)
        learnt = joined(own)
        taught = joined(self.embeddings[rows].to(learnt.device))
        if rows:
            yield as_share(similarity_loss(learnt, taught), step)


def similarity_loss(learnt: Tensor, taught: Tensor) -> Tensor:
    """Mean divergence of the nearness of each row to the others; 0 for a row alone.

    Args:
        learnt, taught: float32 [rows, width], of any widths.
    """
    with torch.autocast(learnt.device.type, enabled=False):
        if len(learnt) < 2:
            return learnt.sum() * 0
        return kl_div(_shares(learnt), _shares(taught), reduction="batchmean", log_target=True)


def _shares(vectors: Tensor) -> Tensor:
    """Logarithms of each row's shares of the others, float32 [rows, rows - 1]."""
    count = len(vectors)
    unit = normalize(vectors.float(), dim=-1)
    others = ~torch.eye(count, dtype=torch.bool, device=vectors.device)
    cosines = (_SCALE * unit @ unit.T)[others].reshape(count, count - 1)
    return log_softmax(cosines, dim=-1)
