"""What the graph of each task computes, as PyTorch modules around a transformers model."""

from __future__ import annotations

from typing import Any

import torch

from edgebert.checkpoint import Checkpoint
from edgebert.records.manifest import EMBEDDINGS, QUESTION_ANSWERING
from edgebert.runtimes.outputs import answer_outputs
from edgebert.sentence_head import SentenceHead


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


class LogitsGraph(torch.nn.Module):
    """Token ids to the logits of a head."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> torch.Tensor:
        inputs = _given(input_ids, attention_mask, token_type_ids)
        logits: torch.Tensor = self.model(**inputs).logits
        return logits


class SpanGraph(torch.nn.Module):
    """Token ids to the logits of where an answer starts and where it ends."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        result = self.model(**_given(input_ids, attention_mask, token_type_ids))
        return result.start_logits, result.end_logits


def task_graph(model: Any, checkpoint: Checkpoint) -> torch.nn.Module:
    """The module to trace for the checkpoint's task, in evaluation mode."""
    graph: torch.nn.Module
    if checkpoint.task == EMBEDDINGS:
        graph = EmbeddingGraph(model, checkpoint)
    elif checkpoint.task == QUESTION_ANSWERING:
        graph = SpanGraph(model)
    else:
        graph = LogitsGraph(model)
    return graph.eval()  # a wrapper left in training mode would bring Dropout into the graph


def output_names(task: str) -> tuple[str, ...]:
    """Names of the graph's outputs, in the order in which the module returns them."""
    answer = answer_outputs(task)
    return ("last_hidden_state", *answer) if task == EMBEDDINGS else answer


def _given(
    input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None
) -> dict[str, torch.Tensor]:
    """Keyword arguments for the model; some architectures have no token types."""
    inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
    return inputs if token_type_ids is None else {**inputs, "token_type_ids": token_type_ids}
