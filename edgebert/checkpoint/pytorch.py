"""Checkpoints in PyTorch: the one door to transformers' models and tokenizers."""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, normalizers

from edgebert.checkpoint.checkpoint import Checkpoint
from edgebert.checkpoint.dropped_weights import refuse_what_would_be_dropped
from edgebert.checkpoint.table_model import load_table_model, load_table_tokenizer, table_config
from edgebert.checkpoint.tokenizer_file import FILE, first_difference, follow_file
from edgebert.checkpoint.translation.model import TranslationModel, encoder_config
from edgebert.errors import CheckpointError, InputError
from edgebert.json_files import read_object
from edgebert.records.made import TokenizerDifference
from edgebert.tasks import task_of


def load_model(checkpoint: Checkpoint, *, attention: str | None = None) -> Any:
    """Load the weights into PyTorch, in evaluation mode.

    Args:
        checkpoint: where the weights are.
        attention: one of transformers' attentions; by default the fastest that the model has.

    Raises:
        CheckpointError: they do not fit, or some are missing: transformers would draw those at
            random and go on.
    """
    task = task_of(checkpoint.task)
    if task.writes:
        return _load_translator(checkpoint, attention)
    auto_class = getattr(transformers, task.auto_class)
    if not task.head and is_encoder_alone(checkpoint):
        auto_class = transformers.AutoModelForTextEncoding
    model, absent = load_weights(auto_class, checkpoint, attn_implementation=attention)
    if not task.head:  # vectors of tokens do not pass through BERT's pooler
        absent = {name: why for name, why in absent.items() if not name.startswith("pooler.")}
    _refuse_absent(absent, checkpoint)
    return model.eval()


def _load_translator(checkpoint: Checkpoint, attention: str | None) -> TranslationModel:
    """A translator, whose encoder has this attention."""
    model, absent = load_weights(TranslationModel, checkpoint)
    _refuse_absent(absent, checkpoint)
    if attention is not None:
        model.encoder.set_attn_implementation(attention)
    loaded: TranslationModel = model.eval()
    return loaded


def _refuse_absent(absent: dict[str, str], checkpoint: Checkpoint) -> None:
    if absent:
        name = min(absent)
        raise CheckpointError(
            f"{checkpoint.path} has no fitting weights for {name}: "
            f"{absent[name] or f'it was not trained for {checkpoint.task}'}, or config.json is not "
            "its own"
        )


def is_encoder_alone(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint of a family with encoder and decoder has the encoder only, as T5's may."""
    classes = checkpoint.config.get("architectures") or [""]
    return str(classes[0]).endswith("EncoderModel")


def load_config(checkpoint: Checkpoint) -> Any:
    """The configuration, with the defaults of its family that config.json may leave out.

    Raises:
        CheckpointError: it is of no known kind.
    """
    if checkpoint.is_table:
        return table_config(checkpoint)
    with quiet_transformers(), _failures_named(checkpoint.path):
        return transformers.AutoConfig.from_pretrained(
            checkpoint.path,
            local_files_only=True,
            trust_remote_code=checkpoint.trust_remote_code,
        )


def load_encoder_config(checkpoint: Checkpoint) -> Any:
    """The same of the part that reads texts, which may be all of the model."""
    if not task_of(checkpoint.task).writes:
        return load_config(checkpoint)
    with _failures_named(checkpoint.path):
        return encoder_config(checkpoint.encoder_config)


def load_weights(
    auto_class: Any, checkpoint: Checkpoint, **config: Any
) -> tuple[Any, dict[str, str]]:
    """Load the weights in float32 under a head of `auto_class`, one of transformers' Auto classes.

    Args:
        auto_class: decides the head; one that the checkpoint does not have starts at random.
        checkpoint: where the weights are.
        config: values that differ from the checkpoint's own configuration.

    Returns:
        The model, and the names of the weights that the checkpoint does not have, or has in
        another shape; each with those shapes, or nothing.

    Raises:
        CheckpointError: the weights do not fit the configuration, or it is of no known kind, or
            transformers would leave out a part of the model.
    """
    if checkpoint.is_table:
        model, info = load_table_model(auto_class, checkpoint, config)
    else:
        model, info = _from_pretrained(auto_class, checkpoint, config)
    shapes = {
        name: f"it is {' x '.join(map(str, found))} there, not {' x '.join(map(str, expected))}"
        for name, found, expected in info["mismatched_keys"]
    }
    return model, dict.fromkeys(info["missing_keys"], "") | shapes


def _from_pretrained(
    auto_class: Any, checkpoint: Checkpoint, config: dict[str, Any]
) -> tuple[Any, Any]:
    """What transformers makes of the folder, and what it says about that."""
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
    refuse_what_would_be_dropped(model, info, checkpoint)
    return model, info


def _refuse_relative_keys(checkpoint: Checkpoint) -> None:
    """Transformers 5 took these positions out, and runs such a model without them unasked."""
    kind = str(checkpoint.config.get("position_embedding_type"))
    if kind.startswith("relative_key") and not checkpoint.trust_remote_code:
        raise CheckpointError(
            f"{checkpoint.path} has positions of the kind {kind}, which transformers "
            f"{transformers.__version__} leaves out: its answers would not be the model's"
        )


def refuse_unknown_ids(model: Any) -> Any:
    """Let a model say so, in one line, when a text has a token that it has no embedding for.

    Raises (the model, when it runs):
        InputError: a token id is beyond its table.
    """

    def check(table: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        highest, rows = int(inputs[0].max()), int(table.weight.shape[0])
        if highest >= rows:
            raise InputError(
                f"a text has the token with the id {highest}, which has no embedding: the model "
                f"has {rows}"
            )

    model.get_input_embeddings().register_forward_pre_hook(check)
    return model


def load_tokenizer(checkpoint: Checkpoint) -> Any:
    """Load the checkpoint's tokenizer in its fast form, which knows words and offsets.

    Where it has a tokenizer.json, it cuts texts as that says (see `edgebert.checkpoint.tokenizer_file`).

    Raises:
        CheckpointError: it cannot be loaded, or has no fast form.
    """
    tokenizer = _load_tokenizer(checkpoint)
    file = checkpoint.path / FILE
    if file.is_file() and not checkpoint.trust_remote_code:
        with _failures_named(checkpoint.path):
            follow_file(tokenizer.backend_tokenizer, file)
    if checkpoint.is_table:  # special tokens around a text would be in each of its means
        tokenizer.backend_tokenizer.post_processor = None
    if checkpoint.lower_case:
        _lower_case(tokenizer.backend_tokenizer)
    return tokenizer


def tokenizer_difference(
    checkpoint: Checkpoint, followed: Any, texts: Sequence[str]
) -> TokenizerDifference | None:
    """Where the checkpoint's tokenizer.json and what transformers makes of it cut a text apart.

    Args:
        checkpoint: whose tokenizer it is.
        followed: what `load_tokenizer` gives of it.
        texts: to cut.
    """
    file = checkpoint.path / FILE
    if not file.is_file() or checkpoint.trust_remote_code or checkpoint.is_table:
        return None
    with _failures_named(checkpoint.path):
        plain, loaded = Tokenizer.from_file(str(file)), _load_tokenizer(checkpoint)
        if checkpoint.lower_case:
            _lower_case(plain)
            _lower_case(loaded.backend_tokenizer)
        used = copy.deepcopy(followed.backend_tokenizer)
        return first_difference(plain, loaded.backend_tokenizer, used, texts)


def _load_tokenizer(checkpoint: Checkpoint) -> Any:
    """As transformers makes it."""
    if checkpoint.is_table:
        with _failures_named(checkpoint.path):
            return load_table_tokenizer(checkpoint)
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
    return tokenizer


_IN_PYTHON = (transformers.PreTrainedTokenizer, transformers.RoFormerTokenizer)
"""Classes that cut texts in Python: RoFormer's, a fast one by its kind, has jieba find words."""


def _refuse_without_fast_form(path: Path) -> None:
    """Say what is missing before transformers asks for packages that would not help."""
    name = read_object(path / "tokenizer_config.json").get("tokenizer_class") or ""
    if not name and read_object(path / "config.json").get("model_type") == "roformer":
        name = "RoFormerTokenizer"
    known = getattr(transformers, name, object)
    if isinstance(known, type) and issubclass(known, _IN_PYTHON):
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
