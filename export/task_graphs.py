"""What the graph of each task computes, as PyTorch modules around a transformers model."""

from __future__ import annotations

from typing import Any

import torch

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.sentence_head import SentenceHead
from edgebert.tasks.terms import LEXICAL, POOLED


class EmbeddingGraph(torch.nn.Module):
    """Token ids to token vectors and one pooled vector."""

    def __init__(self, encoder: torch.nn.Module, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = SentenceHead.of(checkpoint)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = _given(input_ids, attention_mask, token_type_ids)
        hidden = getattr(self.encoder(**inputs), "last_hidden_state", None)
        if hidden is None:
            raise ValueError("it gives no vector for each token, to make an embedding of")
        return hidden, self.head(hidden, attention_mask)


class HeadGraph(torch.nn.Module):
    """Token ids to the logits of a head, by the names that transformers gives them."""

    def __init__(self, model: torch.nn.Module, outputs: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self.outputs = outputs

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, ...]:
        result = self.model(**_given(input_ids, attention_mask, token_type_ids))
        return tuple(getattr(result, name) for name in self.outputs)


class LexicalGraph(torch.nn.Module):
    """Token ids to a weight for each piece of the vocabulary (see `edgebert.tasks.sparse`)."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> torch.Tensor:
        logits = self.model(**_given(input_ids, attention_mask, token_type_ids)).logits
        weights = torch.log1p(torch.relu(logits)) * attention_mask.to(logits.dtype).unsqueeze(-1)
        return weights.amax(dim=1)


def task_graph(model: Any, checkpoint: Checkpoint) -> torch.nn.Module:
    """The module to trace for the checkpoint's task, in evaluation mode."""
    task = checkpoint.spec.task
    graph: torch.nn.Module
    if task.form == POOLED:
        graph = EmbeddingGraph(model, checkpoint)
    elif task.form == LEXICAL:
        graph = LexicalGraph(model)
    else:
        graph = HeadGraph(model, task.outputs)
    return graph.eval()  # a wrapper left in training mode would bring Dropout into the graph


def _given(
    input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None
) -> dict[str, torch.Tensor]:
    """Keyword arguments for the model; some architectures have no token types."""
    inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
    return inputs if token_type_ids is None else {**inputs, "token_type_ids": token_type_ids}
