"""Checkpoints in PyTorch: the one door to transformers' models and tokenizers, and pooling."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import normalizers

from edgebert.checkpoint import Checkpoint
from edgebert.errors import CheckpointError
from edgebert.json_files import read_object
from edgebert.records.manifest import (
    EMBEDDINGS,
    FILL_MASK,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.sentence_modules import Dense, LayerNorm, SentenceModules, Step, Truncate

_CLASSES = {
    EMBEDDINGS: transformers.AutoModel,
    TEXT_CLASSIFICATION: transformers.AutoModelForSequenceClassification,
    TOKEN_CLASSIFICATION: transformers.AutoModelForTokenClassification,
    FILL_MASK: transformers.AutoModelForMaskedLM,
    QUESTION_ANSWERING: transformers.AutoModelForQuestionAnswering,
}

_PLACE = 2.0**-9
"""By what places are multiplied, without rounding: sums of those of long texts are no fp16."""


def load_model(checkpoint: Checkpoint, *, attention: str | None = None) -> Any:
    """Load the weights into PyTorch, in evaluation mode.

    Args:
        checkpoint: where the weights are.
        attention: one of transformers' attentions; by default the fastest that the model has.

    Raises:
        CheckpointError: they do not fit, or some are missing: transformers would draw those at
            random and go on.
    """
    auto_class = _CLASSES[checkpoint.task]
    model, missing = load_weights(auto_class, checkpoint, attn_implementation=attention)
    if checkpoint.task == EMBEDDINGS:  # which do not pass through BERT's pooler
        missing = {name for name in missing if not name.startswith("pooler.")}
    if missing:
        raise CheckpointError(
            f"{checkpoint.path} has no fitting weights for {min(missing)}: "
            f"it was not trained for {checkpoint.task}, or config.json is not its own"
        )
    return model.eval()


def load_config(checkpoint: Checkpoint) -> Any:
    """The configuration, with the defaults of its family that config.json may leave out.

    Raises:
        CheckpointError: it is of no known kind.
    """
    with quiet_transformers(), _failures_named(checkpoint.path):
        return transformers.AutoConfig.from_pretrained(
            checkpoint.path,
            local_files_only=True,
            trust_remote_code=checkpoint.trust_remote_code,
        )


def load_weights(auto_class: Any, checkpoint: Checkpoint, **config: Any) -> tuple[Any, set[str]]:
    """Load the weights in float32 under a head of `auto_class`, one of transformers' Auto classes.

    Args:
        auto_class: decides the head; one that the checkpoint does not have starts at random.
        checkpoint: where the weights are.
        config: values that differ from the checkpoint's own configuration.

    Returns:
        The model, and the names of the weights that the checkpoint does not have, or has in
        another shape.

    Raises:
        CheckpointError: the weights do not fit the configuration, or it is of no known kind, or
            transformers would leave out a part of the model.
    """
    _refuse_relative_keys(checkpoint)
    with quiet_transformers(), _failures_named(checkpoint.path):
        model, info = auto_class.from_pretrained(
            checkpoint.path,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=checkpoint.trust_remote_code,
            **config,
        )
    return model, {*info["missing_keys"], *(name for name, *_ in info["mismatched_keys"])}


def _refuse_relative_keys(checkpoint: Checkpoint) -> None:
    """Transformers 5 took these positions out, and runs such a model without them unasked."""
    kind = str(checkpoint.config.get("position_embedding_type"))
    if kind.startswith("relative_key") and not checkpoint.trust_remote_code:
        raise CheckpointError(
            f"{checkpoint.path} has positions of the kind {kind}, which transformers "
            f"{transformers.__version__} leaves out: its answers would not be the model's"
        )


class SentenceHead(torch.nn.Module):
    """Makes one vector of each text's token vectors: poolings, then the steps in their order."""

    def __init__(self, modules: SentenceModules) -> None:
        super().__init__()
        self.poolings = modules.poolings
        self.steps = torch.nn.Sequential(*map(_step_module, modules.steps))

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> SentenceHead:
        return cls(checkpoint.modules or SentenceModules(("mean",)))

    def forward(self, hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Embeddings, float [texts, width].

        Args:
            hidden: float [texts, tokens, hidden].
            attention_mask: int64 [texts, tokens].
        """
        pooled = [pool(hidden, attention_mask, pooling) for pooling in self.poolings]
        embeddings: torch.Tensor = self.steps(
            torch.cat(pooled, 1) if len(pooled) > 1 else pooled[0]
        )
        return embeddings


def pool(hidden: torch.Tensor, attention_mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool float [texts, tokens, hidden] to [texts, hidden]; a row that is all padding gives 0.

    Args:
        hidden: token vectors.
        attention_mask: int64 [texts, tokens].
        pooling: one of `edgebert.sentence_modules.POOLINGS`; cls is the first token that is not
            masked, and weightedmean counts a token by its place from that one on.
    """
    if pooling == "weightedmean":
        weights = _places_from_first(attention_mask, hidden.dtype).unsqueeze(-1)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=_PLACE)
    real = attention_mask.unsqueeze(-1).to(hidden.dtype)
    if pooling in ("mean", "mean_sqrt_len_tokens"):
        count = real.sum(dim=1).clamp(min=1.0)
        return (hidden * real).sum(dim=1) / (count if pooling == "mean" else count.sqrt())
    if pooling == "max":
        lowest = torch.finfo(hidden.dtype).min
        highest = hidden.masked_fill(real == 0, lowest).amax(dim=1)
        return highest * real.amax(dim=1)
    place = _first_or_last(attention_mask, last=pooling == "lasttoken")
    chosen = hidden.gather(1, place[:, None, None].expand(-1, 1, hidden.shape[-1]))
    return chosen.squeeze(1) * real.amax(dim=1)


def _first_or_last(attention_mask: torch.Tensor, *, last: bool) -> torch.Tensor:
    """Place of the first or last token that is not masked, int64 [texts]."""
    length = attention_mask.shape[1]
    places = torch.arange(length, dtype=torch.int32, device=attention_mask.device)
    rank = places + 1 if last else length - places
    return (attention_mask.to(torch.int32) * rank).argmax(dim=1)


def _places_from_first(attention_mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """1, 2, ... times `_PLACE` from the first real token on, 0 where masked, [texts, tokens]."""
    places = torch.arange(attention_mask.shape[1], dtype=torch.int32, device=attention_mask.device)
    first = _first_or_last(attention_mask, last=False).to(torch.int32)
    counted = (places.unsqueeze(0) - first.unsqueeze(1) + 1) * attention_mask.to(torch.int32)
    return counted.to(dtype) * _PLACE


def _step_module(step: Step) -> torch.nn.Module:
    if isinstance(step, Dense):
        return _DenseModule(step).requires_grad_(False)
    if isinstance(step, LayerNorm):
        norm = torch.nn.LayerNorm(step.dimension, eps=step.epsilon)
        norm.weight.data = torch.from_numpy(step.weight().copy())
        norm.bias.data = torch.from_numpy(step.bias().copy())
        return norm.requires_grad_(False)
    return _Cut(step.dimension) if isinstance(step, Truncate) else _UnitLength()


class _DenseModule(torch.nn.Module):
    def __init__(self, dense: Dense) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(dense.in_features, dense.out_features)
        self.linear.weight.data = torch.from_numpy(dense.weight().copy())
        self.linear.bias.data = torch.from_numpy(dense.bias_or_zeros().copy())
        self.activation = getattr(torch.nn, dense.activation)()
        self.residual = _residual_module(dense)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.activation(self.linear(vectors))
        return made if self.residual is None else made + self.residual(vectors)


def _residual_module(dense: Dense) -> torch.nn.Module | None:
    weight = dense.residual_weight()
    if weight is None:
        return torch.nn.Identity() if dense.residual else None
    projection = torch.nn.Linear(dense.in_features, dense.out_features, bias=False)
    projection.weight.data = torch.from_numpy(weight.copy())
    return projection


class _UnitLength(torch.nn.Module):
    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(vectors, dim=-1)


class _Cut(torch.nn.Module):
    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.dimension = dimension

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return vectors[:, : self.dimension]


def load_tokenizer(checkpoint: Checkpoint) -> Any:
    """Load the checkpoint's tokenizer in its fast form, which knows words and offsets.

    Raises:
        CheckpointError: it cannot be loaded, or has no fast form.
    """
    _refuse_without_fast_form(checkpoint.path)
    with quiet_transformers(), _failures_named(checkpoint.path):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            checkpoint.path,
            local_files_only=True,
            trust_remote_code=checkpoint.trust_remote_code,
        )
    if not tokenizer.is_fast:
        raise CheckpointError(
            f"{checkpoint.path} has no tokenizer.json, and none can be made of it"
        )
    if checkpoint.lower_case:
        _lower_case(tokenizer.backend_tokenizer)
    return tokenizer


def _refuse_without_fast_form(path: Path) -> None:
    """Say what is missing before transformers asks for packages that would not help."""
    name = read_object(path / "tokenizer_config.json").get("tokenizer_class") or ""
    known = getattr(transformers, name, object)
    if isinstance(known, type) and issubclass(known, transformers.PreTrainedTokenizer):
        raise CheckpointError(
            f"{path} has a {name}, which runs in Python only: no tokenizer.json can be made of it"
        )
    files = [file.name for file in sorted(path.glob("*.model"))]
    needs = files and not (path / "tokenizer.json").is_file()
    if needs and importlib.util.find_spec("sentencepiece") is None:
        raise CheckpointError(
            f"{path} has no tokenizer.json, and to make one of {files[0]} a package is missing: "
            "pip install sentencepiece"
        )


def _lower_case(backend: Any) -> None:
    """Lower-case texts before anything else is done to them, as sentence-transformers does."""
    steps = [normalizers.Lowercase()]
    if backend.normalizer is not None:
        steps.append(backend.normalizer)
    backend.normalizer = normalizers.Sequence(steps)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' warnings and bars off the terminal: what matters is said by us."""
    verbosity = transformers.logging.get_verbosity()
    bars = transformers.logging.is_progress_bar_enabled()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(verbosity)
        if bars:
            transformers.logging.enable_progress_bar()


@contextmanager
def _failures_named(path: Path) -> Iterator[None]:
    """Transformers, safetensors and tokenizers raise many kinds of error for a bad folder."""
    try:
        yield
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} cannot be loaded: {reason}") from error
