"""Hard negatives: the documents that a model takes for an answer, and that are none."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import PreTrainedModel

from edgebert.errors import InputError
from edgebert.training.loop.precision import choose_precision
from edgebert.training.options import FinetuneOptions
from edgebert.training.tasks.sentences.ranking import Pair, RankedPairs
from edgebert.training.tasks.task import TaskData

_NEAREST = 0.95


def with_negatives(
    data: TaskData, model: PreTrainedModel, options: FinetuneOptions
) -> TaskData | RankedPairs:
    """The examples, with as many hard negatives as are asked for.

    Raises:
        InputError: there are some asked for, and the examples are not pairs that belong together.
    """
    if not options.hard_negatives:
        return data
    if not isinstance(data, RankedPairs):
        raise InputError("--hard-negatives is for pairs that belong together, not for scores")
    with choose_precision(options.precision, model.device).autocast():
        return mine(data, model, options.hard_negatives)


def mine(data: RankedPairs, model: PreTrainedModel, count: int) -> RankedPairs:
    """Add to each pair the `count` documents that are nearest to its query and do not answer it.

    Documents nearer than 95 % of the cosine of the right one are left out: many of them are
    answers that nobody judged (TopK-PercPos of Moreira et al. 2024, "NV-Retriever: Improving text
    embedding models with effective hard-negative mining").

    Args:
        data: pairs, and all the documents that may be taken.
        model: by which they are near; its state is that before training.
        count: how many, where there are as many.
    """
    queries = normalize(data.embedder.embed_all(model, data.queries), dim=-1)
    documents = normalize(
        data.embedder.embed_all(model, data.documents, "embedding documents"), dim=-1
    )

    def mined(pair: Pair) -> Pair:
        cosines = documents @ queries[pair.query]
        cosines[cosines > _NEAREST * cosines[pair.document].item()] = -torch.inf
        cosines[list(data.answers[pair.query] | set(pair.negatives))] = -torch.inf
        return replace(pair, negatives=(*pair.negatives, *_nearest(cosines, count)))

    return replace(data, pairs=tuple(map(mined, data.pairs)))


def _nearest(cosines: Tensor, count: int) -> list[int]:
    """The `count` highest that are not ruled out, the highest first."""
    values, places = cosines.topk(min(count, len(cosines)))
    found: list[int] = places[values > -torch.inf].tolist()
    return found
