"""How tokens relate to each other in the last layer: queries, keys and values, each among themselves.

Wang et al. 2021, "MiniLMv2: Multi-Head Self-Attention Relation Distillation for Compressing Pretrained
Transformers". Student and teacher may have heads of other number and width: what is compared has a row
and a column for each token.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax
from transformers import PreTrainedModel

from edgebert.errors import CheckpointError
from edgebert.training.distillation.insides import Insides
from edgebert.training.distillation.student import layers_of

_NAMES = (
    ("query", "key", "value"),
    ("q_lin", "k_lin", "v_lin"),
    ("query_proj", "key_proj", "value_proj"),
    ("q_proj", "k_proj", "v_proj"),
    ("q", "k", "v"),
    ("Wqkv",),
)
"""How families call the products that make queries, keys and values, or all three at once."""


@dataclass(frozen=True)
class Relations:
    """The relations of the last layer.

    Attributes:
        student, teacher: names of the modules that make queries, keys and values.
        heads: in how many parts each of them is cut, each with relations of its own.
    """

    student: tuple[str, ...]
    teacher: tuple[str, ...]
    heads: int

    @classmethod
    def between(cls, student: PreTrainedModel, teacher: PreTrainedModel) -> Relations:
        """Those of two models.

        Raises:
            CheckpointError: attention is made otherwise there.
        """
        common = math.gcd(student.config.hidden_size, teacher.config.hidden_size)
        most = teacher.config.num_attention_heads
        heads = max(count for count in range(1, most + 1) if common % count == 0)
        return cls(_projections(student), _projections(teacher), heads)

    def loss(self, learnt: Insides, taught: Insides, mask: Tensor) -> Tensor:
        """Divergence of how each token attends to the others, the mean of heads and kinds."""
        pairs = zip(_three(learnt, self.student), _three(taught, self.teacher), strict=True)
        total = sum(
            (self._divergence(mine, its, mask) for mine, its in pairs),
            torch.zeros((), device=mask.device),
        )
        return total / (3 * self.heads)

    def _divergence(self, learnt: Tensor, taught: Tensor, mask: Tensor) -> Tensor:
        """Summed over heads and tokens, of [rows, sequence, width] each."""
        mine, its = (self._log_relations(vectors, mask) for vectors in (learnt, taught))
        divergences = kl_div(mine, its, reduction="none", log_target=True).sum(dim=-1)
        return divergences.masked_select(mask[:, None]).sum()

    def _log_relations(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """How each token relates to each, as logarithms of shares, [rows, heads, sequence, sequence]."""
        rows, tokens, width = vectors.shape
        by_head = (
            vectors.float().view(rows, tokens, self.heads, width // self.heads).transpose(1, 2)
        )
        products = by_head @ by_head.transpose(2, 3) / math.sqrt(by_head.shape[-1])
        nowhere = torch.finfo(products.dtype).min / 2  # finite, so that a difference of two is 0
        return log_softmax(products.masked_fill(~mask[:, None, None], nowhere), dim=-1)


def _three(seen: Insides, names: tuple[str, ...]) -> list[Tensor]:
    """Queries, keys and values."""
    outputs = [seen.outputs[name] for name in names]
    return list(outputs[0].chunk(3, dim=-1)) if len(outputs) == 1 else outputs


def _projections(model: PreTrainedModel) -> tuple[str, ...]:
    stack = layers_of(model)
    last = f"{stack}.{model.config.num_hidden_layers - 1}"
    linear = [
        name for name, of in model.get_submodule(last).named_modules() if isinstance(of, nn.Linear)
    ]
    for names in _NAMES:
        found = [next((n for n in linear if n.split(".")[-1] == one), None) for one in names]
        if all(found):
            return tuple(f"{last}.{name}" for name in found)
    raise CheckpointError(
        f"{model.config.model_type} makes queries, keys and values otherwise than is known here: "
        "leave relations out of --match"
    )
