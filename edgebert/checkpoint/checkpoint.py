"""What a checkpoint folder says about itself, as others ask for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebert.checkpoint.label_names import label_names
from edgebert.checkpoint.table_folder import TABLE_MODEL
from edgebert.errors import CheckpointError
from edgebert.json_files import read_object
from edgebert.records.manifest import COSINE, IDENTITY, SIGMOID
from edgebert.sentence_modules import PROMPTS, Dense, SentenceModules
from edgebert.tasks import task_of
from edgebert.tasks.classification import MULTI_LABEL, PROBLEM_TYPES, SINGLE_LABEL
from edgebert.tasks.spec import ModelSpec

ENCODER_CONFIG = "encoder"
"""Where a model of several parts has the configuration of the one that reads texts."""

_SCORINGS = {"Sigmoid": SIGMOID, "Identity": IDENTITY}
"""Classes of torch.nn by which sentence-transformers says how a reranker scores."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint folder says about itself.

    Attributes:
        path: folder of config.json, weights and tokenizer.
        root: the folder that was named; differs where modules.json keeps the encoder below it.
        modules: how an embedding is made of token vectors; None for heads.
        default_prompt: name of the prompt that stands before every text when none is asked for.
        similarity: by which embeddings are compared, one of `SIMILARITIES`.
        lower_case: whether texts are lower-cased before the tokenizer reads them.
        max_length: longest input in tokens; `max_length_source` says which file decided.
        truncation_side: "left" or "right": the end of a longer text that is cut away.
        trust_remote_code: whether model code that the folder brings may run.
    """

    path: Path
    root: Path
    id: str
    config: dict[str, Any]
    task: str
    modules: SentenceModules | None
    max_length: int
    max_length_source: str
    prompts: dict[str, str]
    default_prompt: str | None = None
    similarity: str = COSINE
    lower_case: bool = False
    truncation_side: str = "right"
    trust_remote_code: bool = False

    @property
    def pooling(self) -> str | None:
        return self.modules.pooling if self.modules else None

    @property
    def dense(self) -> tuple[Dense, ...]:
        return self.modules.dense if self.modules else ()

    @property
    def normalize(self) -> bool:
        return self.modules is not None and self.modules.normalize

    @property
    def architecture(self) -> str:
        return str(self.config["model_type"])

    @property
    def encoder_config(self) -> dict[str, Any]:
        """What config.json says of the part that reads texts, which may be all of the model."""
        said: dict[str, Any] = self.config.get(ENCODER_CONFIG, self.config)
        return said

    @property
    def encoder_prefix(self) -> str:
        """What the names of that part's weights begin with."""
        return f"{ENCODER_CONFIG}." if ENCODER_CONFIG in self.config else ""

    @property
    def is_table(self) -> bool:
        """Whether it has a table of static embeddings in the place of an encoder."""
        return self.architecture == TABLE_MODEL

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of the logits; empty where the task has none.

        Raises:
            CheckpointError: config.json does not give each logit a name of its own.
        """
        if not task_of(self.task).labelled:
            return ()
        return label_names(self.config, str(self.path / "config.json"))

    @property
    def problem_type(self) -> str | None:
        """One of transformers' kinds of classification; None for other tasks.

        Raises:
            CheckpointError: config.json says another.
        """
        if not task_of(self.task).has_problem_types:
            return None
        said = self.config.get("problem_type") or SINGLE_LABEL
        if said not in PROBLEM_TYPES:
            raise CheckpointError(
                f"{self.path / 'config.json'} says problem_type {said!r}: one of "
                f"{', '.join(PROBLEM_TYPES)} is supported"
            )
        return str(said)

    @property
    def multi_label(self) -> bool:
        return self.problem_type == MULTI_LABEL

    @property
    def scoring(self) -> str:
        """How a classifier's scores are made of its logits.

        Raises:
            CheckpointError: the folder says so with a function that is not known here.
        """
        said = self._said_activation() if len(self.labels) == 1 else None
        return task_of(self.task).scoring(self.labels, self.problem_type, said)

    @property
    def spec(self) -> ModelSpec:
        """What the model is; a mask token only its tokenizer tells.

        Raises:
            CheckpointError: config.json contradicts itself.
        """
        return ModelSpec(
            task=task_of(self.task),
            max_length=self.max_length,
            labels=self.labels,
            multi_label=self.multi_label,
            scoring=self.scoring,
            pooling=self.pooling,
            normalize=self.normalize,
            prompts=self.prompts,
            default_prompt=self.prompts.get(self.default_prompt or "", ""),
            similarity=self.similarity,
        )

    def _said_activation(self) -> str | None:
        """What CrossEncoder wrote: in config.json, or since version 6 beside the prompts."""
        name = (
            (self.config.get("sentence_transformers") or {}).get("activation_fn")
            or self.config.get("sbert_ce_default_activation_function")
            or read_object(self.root / PROMPTS).get("activation_fn")
        )
        if name is None:
            return None
        scoring = _SCORINGS.get(str(name).rpartition(".")[2])
        if scoring is None:
            raise CheckpointError(
                f"{self.root} scores by {name}; {' or '.join(_SCORINGS)} is supported"
            )
        return scoring

    def sha256(self) -> str:
        """Hash of the weights: what identifies the checkpoint in a manifest."""
        digest = hashlib.sha256()
        for file in sorted(self.path.glob("*.safetensors")):
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        return digest.hexdigest()
