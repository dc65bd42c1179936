"""What a model is, apart from its weights: everything that a metric, a report or an app asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgebert.records.manifest import COSINE, SOFTMAX, Manifest
from edgebert.tasks import task_of
from edgebert.tasks.base import Task
from edgebert.tasks.entities import FIRST
from edgebert.vectors.similarity_function import SimilarityFunction


@dataclass(frozen=True)
class ModelSpec:
    """What a bundle's manifest, a checkpoint's files or those beside an ONNX file say.

    Attributes:
        task: what it answers.
        max_length: longest input in tokens.
        labels: of its logits, in order; empty where they have no names.
        multi_label: whether a text may have several labels.
        scoring: how scores are made of logits: softmax, sigmoid or identity.
        pooling: how token vectors become one, by sentence-transformers' name.
        normalize: whether vectors have length 1.
        prompts: by name; `default_prompt` is the text before every text when none is asked for.
        mask_token: what stands for a word to guess, where words are guessed.
        aggregation: how the labels of tokens become those of words; None where nothing says it.
        similarity: what vectors are compared by, by sentence-transformers' name.
        embedding_rows: how many token ids have an embedding, where the tokenizer knows more.
    """

    task: Task
    max_length: int
    labels: tuple[str, ...] = ()
    multi_label: bool = False
    scoring: str = SOFTMAX
    pooling: str | None = None
    normalize: bool = False
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str = ""
    mask_token: str | None = None
    aggregation: str | None = None
    similarity: str = COSINE
    embedding_rows: int | None = None

    @property
    def similarity_function(self) -> SimilarityFunction:
        """What vectors are compared by."""
        return SimilarityFunction(self.similarity, unit=self.normalize)

    @property
    def gives_score(self) -> bool:
        """Whether a text gets a score (rerankers, regression), not a choice of labels."""
        return self.task.gives_score(self.labels, self.scoring, multi_label=self.multi_label)


def spec_of(manifest: Manifest) -> ModelSpec:
    """What a manifest says."""
    named = manifest.default_prompt
    return ModelSpec(
        task=task_of(manifest.task),
        max_length=manifest.max_length,
        labels=manifest.labels,
        multi_label=manifest.multi_label,
        scoring=manifest.scoring,
        pooling=manifest.pooling,
        normalize=manifest.normalize,
        prompts=manifest.prompts,
        default_prompt=manifest.prompts[named] if named else "",
        mask_token=manifest.mask_token,
        aggregation=manifest.aggregation or FIRST,  # of bundles older than the choice
        similarity=manifest.similarity,
        embedding_rows=manifest.embedding_rows,
    )


class Specified:
    """A model that knows its `spec`: what is asked of it most, by name."""

    spec: ModelSpec

    @property
    def task(self) -> str:
        """By Hugging Face's name of the pipeline."""
        return self.spec.task.name

    @property
    def labels(self) -> tuple[str, ...]:
        """Of its logits, in order; empty where they have no names."""
        return self.spec.labels

    @property
    def multi_label(self) -> bool:
        """Whether a text may have several labels."""
        return self.spec.multi_label

    @property
    def scoring(self) -> str:
        """How scores are made of logits: softmax, sigmoid or identity."""
        return self.spec.scoring

    @property
    def mask_token(self) -> str | None:
        """What stands for a word to guess, where words are guessed."""
        return self.spec.mask_token

    @property
    def aggregation(self) -> str | None:
        """How the labels of tokens become those of words; None where nothing says it."""
        return self.spec.aggregation

    @property
    def similarity_fn_name(self) -> str:
        """What vectors are compared by, by sentence-transformers' name."""
        return self.spec.similarity

    @property
    def prompts(self) -> Mapping[str, str]:
        """Texts that stand before texts, by name."""
        return self.spec.prompts

    @property
    def default_prompt(self) -> str:
        """The text that stands before every text when no prompt is asked for."""
        return self.spec.default_prompt

    @property
    def max_length(self) -> int:
        """Longest input in tokens."""
        return self.spec.max_length
