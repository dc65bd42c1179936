"""Which kind of text classification a checkpoint is of."""

from __future__ import annotations

from edgebert.checkpoint import Checkpoint
from edgebert.errors import CheckpointError
from edgebert.tasks.classification import MULTI_LABEL, REGRESSION
from edgebert.training.tasks.labels.classification import MultiLabel, SingleLabel
from edgebert.training.tasks.labels.scoring import Relevance, Score
from edgebert.training.tasks.labels.texts import TextKind


def text_kind(checkpoint: Checkpoint) -> TextKind:
    """What the logits of a text classifier mean.

    Raises:
        CheckpointError: several scores for each text.
    """
    labels = checkpoint.labels
    if checkpoint.problem_type == MULTI_LABEL:
        return MultiLabel(labels)
    if len(labels) > 1 and checkpoint.problem_type == REGRESSION:
        raise CheckpointError(
            f"{checkpoint.id} gives a text {len(labels)} scores; only one is trained here"
        )
    if checkpoint.problem_type == REGRESSION:
        return Score(labels)
    return Relevance(labels) if len(labels) == 1 else SingleLabel(labels)
