"""Checkpoints in PyTorch: the one door to transformers' models and tokenizers, and pooling."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
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
from edgebert.sentence_modules import Dense

_CLASSES = {
    EMBEDDINGS: transformers.AutoModel,
    TEXT_CLASSIFICATION: transformers.AutoModelForSequenceClassification,
    TOKEN_CLASSIFICATION: transformers.AutoModelForTokenClassification,
    FILL_MASK: transformers.AutoModelForMaskedLM,
    QUESTION_ANSWERING: transformers.AutoModelForQuestionAnswering,
}


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
    if checkpoint.task == EMBEDDINGS and is_encoder_alone(checkpoint):
        auto_class = transformers.AutoModelForTextEncoding
    model, missing = load_weights(auto_class, checkpoint, attn_implementation=attention)
    if checkpoint.task == EMBEDDINGS:  # which do not pass through BERT's pooler
        missing = {name for name in missing if not name.startswith("pooler.")}
    if missing:
        raise CheckpointError(
            f"{checkpoint.path} has no fitting weights for {min(missing)}: "
            f"it was not trained for {checkpoint.task}, or config.json is not its own"
        )
    return model.eval()


def is_encoder_alone(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint of a family with encoder and decoder has the encoder only, as T5's may."""
    classes = checkpoint.config.get("architectures") or [""]
    return str(classes[0]).endswith("EncoderModel")


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
    """Makes one vector of each text's token vectors: pooling, Dense layers, then length 1."""

    def __init__(self, pooling: str, dense: Sequence[Dense] = (), *, normalize: bool) -> None:
        super().__init__()
        self.pooling = pooling
        self.normalize = normalize
        self.dense = torch.nn.Sequential(*map(_dense_module, dense))

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> SentenceHead:
        pooling = checkpoint.pooling or "mean"
        return cls(pooling, checkpoint.dense, normalize=checkpoint.normalize)

    def forward(self, hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Embeddings, float [texts, width].

        Args:
            hidden: float [texts, tokens, hidden].
            attention_mask: int64 [texts, tokens].
        """
        pooled = self.dense(pool(hidden, attention_mask, self.pooling))
        return torch.nn.functional.normalize(pooled, dim=-1) if self.normalize else pooled


def pool(hidden: torch.Tensor, attention_mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool float [texts, tokens, hidden] to [texts, hidden]; a row that is all padding gives 0.

    Args:
        hidden: token vectors.
        attention_mask: int64 [texts, tokens].
        pooling: mean, max, cls (the first token that is not masked) or lasttoken.
    """
    real = attention_mask.unsqueeze(-1).to(hidden.dtype)
    if pooling == "mean":
        return (hidden * real).sum(dim=1) / real.sum(dim=1).clamp(min=1.0)
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


def _dense_module(dense: Dense) -> torch.nn.Module:
    linear = torch.nn.Linear(dense.in_features, dense.out_features)
    linear.weight.data = torch.from_numpy(dense.weight().copy())
    linear.bias.data = torch.from_numpy(dense.bias_or_zeros().copy())
    activation = getattr(torch.nn, dense.activation)()
    return torch.nn.Sequential(linear, activation).requires_grad_(False)


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
