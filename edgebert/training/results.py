"""What a training run leaves behind: a checkpoint folder with its record in training.json."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.records.codec import write_json
from edgebert.records.trained import TrainingRecord
from edgebert.tasks.classification import MULTI_LABEL, SINGLE_LABEL
from edgebert.training.loop.fit import Fitted
from edgebert.training.models import save_model
from edgebert.training.options import LoopOptions


@dataclass(frozen=True)
class Run:
    """A training run, as known when it starts.

    Attributes:
        source: what it starts from: a checkpoint, or the corpora.
        output: the checkpoint it will make.
        data: every file it reads examples from.
    """

    kind: str
    task: str
    source: str
    output: Path
    data: Sequence[Path]
    options: LoopOptions
    started: float = field(default_factory=time.perf_counter)

    def finish(
        self,
        folder: Path,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        examples: int,
        fitted: Fitted,
    ) -> TrainingRecord:
        """Write the model, its tokenizer and the record of the run into `folder`.

        Args:
            folder: where to.
            model: what was trained, with `tokenizer`.
            examples: how many it was trained on.
            fitted: how.
        """
        save_model(model, tokenizer, folder)
        problem = getattr(model.config, "problem_type", None)  # which classifiers alone have
        record = TrainingRecord(
            kind=self.kind,
            task=self.task,
            source=self.source,
            checkpoint=str(self.output),
            parameters=model.num_parameters(),
            layers=model.config.num_hidden_layers,
            hidden=model.config.hidden_size,
            data=tuple(map(str, self.data)),
            examples=examples,
            options=asdict(self.options),
            seed=self.options.seed,
            seconds=time.perf_counter() - self.started,
            labels=tuple(model.config.id2label.values())
            if problem in (SINGLE_LABEL, MULTI_LABEL)
            else (),
            multi_label=problem == MULTI_LABEL,
            **fitted.fields(),
        )
        write_json(record, folder / "training.json")
        return record
