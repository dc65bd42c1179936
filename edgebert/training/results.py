"""What a training run leaves behind: a checkpoint folder with its record and its recipe."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path

from transformers import PreTrainedModel

from edgebert.bundle import MODEL_CARD, file_sha256
from edgebert.checkpoint import Checkpoint
from edgebert.output import new_folder, refuse_existing
from edgebert.records.codec import write_json
from edgebert.records.manifest import TrimmedVocabulary
from edgebert.records.trained import DataFile, TrainingRecord
from edgebert.tasks.classification import MULTI_LABEL, SINGLE_LABEL
from edgebert.training.card import card_text
from edgebert.training.loop.fit import Fitted
from edgebert.training.loop.memory import spare_memory
from edgebert.training.loop.objective import Exam
from edgebert.training.loop.processes import running
from edgebert.training.loop.unfinished import Unfinished, refuse_unfinished, unfinished_folder
from edgebert.training.options import LoopOptions
from edgebert.training.recipe import RECIPE, Given, recipe_text
from edgebert.training.tasks.explained import Explained


@dataclass(frozen=True)
class Run:
    """A training run, as known when it starts.

    Attributes:
        kind: the command.
        given: what it was given beside its options, by the command's names; first what it starts
            from: a checkpoint, or the corpora. The rest that are paths it reads examples from.
        output: the checkpoint it will make.
    """

    kind: str
    task: str
    given: Given
    output: Path
    options: LoopOptions
    started: float = field(default_factory=time.perf_counter)

    @property
    def source(self) -> str:
        first = next(iter(self.given.values()))
        return first if isinstance(first, str) else ", ".join(map(str, _paths(first)))

    @property
    def data(self) -> list[Path]:
        return [path for value in self.given.values() for path in _paths(value)]

    @contextmanager
    def folder(self, *, resume: bool, force: bool) -> Iterator[Path]:
        """Yield the folder to write; it becomes `output` when the block ends well.

        Of several processes the first one's does.

        Raises:
            OutputError: `output` exists, or an unfinished run that is not gone on with.
        """
        spare_memory()
        output = Path(self.output)
        refuse_existing(output, force=force, source=self.source)
        refuse_unfinished(output, resume=resume, force=force)
        if running().first:
            with new_folder(output, force=force) as folder:
                yield folder
        else:
            with tempfile.TemporaryDirectory() as aside:
                yield Path(aside)

    def unfinished(
        self, write_model: Callable[[Path], None], *checkpoints: Checkpoint
    ) -> Unfinished:
        """Where the run keeps what it has done.

        Args:
            write_model: writes the model as it is.
            checkpoints: what the run starts from, where that is not its data.
        """
        told = {
            "kind": self.kind,
            "task": self.task,
            "source": [*map(_source, checkpoints)],
            "data": list(self._digests.values()),
            **asdict(self.options),
        }
        return Unfinished(unfinished_folder(Path(self.output)), told, write_model)

    def finish(
        self,
        folder: Path,
        model: PreTrainedModel,
        examples: int,
        fitted: Fitted,
        *,
        exam: Exam | None = None,
        rows: Mapping[str, int] = {},
        trimmed: TrimmedVocabulary | None = None,
    ) -> TrainingRecord:
        """Write the record of the run, its recipe and the model card into `folder`.

        Args:
            folder: where to.
            model: what was trained.
            examples: how many it was trained on.
            fitted: how.
            exam: dev, of which the record tells what the model gets wrong.
            rows: how many examples there are in the file of an option.
            trimmed: what was taken out of its vocabulary when it was written.
        """
        problem = getattr(model.config, "problem_type", None)  # which classifiers alone have
        record = TrainingRecord(
            kind=self.kind,
            task=self.task,
            source=self.source,
            checkpoint=str(self.output),
            parameters=model.num_parameters() - _taken_out(model, trimmed),
            layers=model.config.num_hidden_layers,
            hidden=model.config.hidden_size,
            data=tuple(map(str, self.data)),
            examples=examples,
            options=asdict(self.options),
            seed=self.options.seed,
            seconds=fitted.earlier_seconds + time.perf_counter() - self.started,
            labels=tuple(model.config.id2label.values())
            if problem in (SINGLE_LABEL, MULTI_LABEL)
            else (),
            multi_label=problem == MULTI_LABEL,
            files=tuple(self._files(rows)),
            mistakes=exam.explain(model) if isinstance(exam, Explained) else None,
            trimmed_vocabulary=trimmed,
            **fitted.fields(),
        )
        write_json(record, folder / "training.json")
        recipe = partial(recipe_text, self.kind, self.given, self.options)
        (folder / RECIPE).write_text(recipe(Path(self.output)), encoding="utf-8")
        (folder / MODEL_CARD).write_text(card_text(record, recipe(None)), encoding="utf-8")
        return record

    def _files(self, rows: Mapping[str, int]) -> Iterator[DataFile]:
        for role, value in self.given.items():
            for path in _paths(value):
                yield DataFile(role, str(path), rows.get(role), self._digests[path])

    @cached_property
    def _digests(self) -> dict[Path, str]:
        return {path: _digest(path) for path in self.data}


def _paths(value: str | Path | Sequence[Path] | None) -> list[Path]:
    if value is None or isinstance(value, str):
        return []
    return [value] if isinstance(value, Path) else list(value)


def _taken_out(model: PreTrainedModel, trimmed: TrimmedVocabulary | None) -> int:
    """Parameters of pieces that are no longer there."""
    if trimmed is None:
        return 0
    width = model.get_input_embeddings().weight.shape[1]
    return (trimmed.pieces - trimmed.kept) * int(width)


def _source(checkpoint: Checkpoint) -> str:
    """The hash of a model's weights and of its configuration."""
    config = json.dumps(checkpoint.config, sort_keys=True)
    return hashlib.sha256(f"{checkpoint.sha256()} {config}".encode()).hexdigest()


def _digest(path: Path) -> str:
    """The hash of a file, or of all files of a folder."""
    if not path.is_dir():
        return file_sha256(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    told = "\n".join(f"{file.relative_to(path)} {file_sha256(file)}" for file in files)
    return hashlib.sha256(told.encode()).hexdigest()
