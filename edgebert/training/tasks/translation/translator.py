"""Puts a decoder behind an encoder, or opens a model that has one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tokenizers import Tokenizer
from transformers import AutoModel, AutoModelForTextEncoding, PreTrainedTokenizerBase

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.pytorch import is_encoder_alone
from edgebert.checkpoint.translation.model import (
    TranslationConfig,
    TranslationModel,
    settings_of,
    without_pooler,
)
from edgebert.checkpoint.translation.opening import fitting_target_tokenizer
from edgebert.checkpoint.translation.target_tokenizer import (
    TARGET_TOKENIZER,
    learn_target_tokenizer,
)
from edgebert.data import Examples, Text
from edgebert.errors import CheckpointError, InputError
from edgebert.training.loop.device import training_device
from edgebert.training.loop.precision import choose_precision
from edgebert.training.models import load_model, load_tokenizer
from edgebert.training.options import FinetuneOptions, TranslationOptions
from edgebert.training.tasks.asked import NotAsked
from edgebert.training.tasks.encoding import encode
from edgebert.training.tasks.task import Task
from edgebert.training.tasks.translation.pairs import encode_pairs, translate

_HEAD_WIDTH = 64
_TEACHER_BEAMS = 4


def put_translator(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    """The decoder that the checkpoint has, or a new one whose vocabulary is learned of the targets.

    Raises:
        CheckpointError: a table of static embeddings, of which no decoder could tell an order.
        InputError: no pairs, or a width that no heads of a decoder have.
    """
    assert isinstance(options, TranslationOptions)
    if checkpoint.architecture == TranslationConfig.model_type:
        return _opened(checkpoint, options.label_smoothing, dropout=options.dropout)
    if checkpoint.is_table:
        raise CheckpointError(
            f"{checkpoint.id} is a table of static embeddings, which knows no order of words: "
            "translation needs an encoder"
        )
    auto_class = AutoModelForTextEncoding if is_encoder_alone(checkpoint) else AutoModel
    encoder = without_pooler(load_model(auto_class, checkpoint, {}))
    target = learn_target_tokenizer(examples.require_translations()[1], options.target_vocab_size)
    width = options.decoder_hidden or encoder.config.hidden_size
    config = TranslationConfig(
        encoder=settings_of(encoder.config),
        hidden_size=width,
        num_hidden_layers=options.decoder_layers,
        num_attention_heads=_heads(width),
        intermediate_size=4 * width,
        vocab_size=target.get_vocab_size(),
        dropout=options.dropout,
    )
    model = TranslationModel(config, encoder).to(training_device())
    return _translator(model, checkpoint, target, options.label_smoothing)


def open_translator(checkpoint: Checkpoint) -> Task:
    """A trained one."""
    return _opened(checkpoint, smoothing=0.0)


def put_translator_like(checkpoint: Checkpoint, other: Checkpoint) -> Task:
    """Refused: a student is cut from its teacher, whose targets it writes.

    Raises:
        CheckpointError: always.
    """
    raise CheckpointError(
        f"a student of {other.id} is cut out of it, because it writes with its vocabulary: leave "
        "--student out, and choose --layers"
    )


def _opened(checkpoint: Checkpoint, smoothing: float, *, dropout: float | None = None) -> Task:
    config = {} if dropout is None else {"dropout": dropout}
    model = load_model(TranslationModel, checkpoint, config, trained=True)
    target = fitting_target_tokenizer(checkpoint, model)
    return _translator(model, checkpoint, target, smoothing)


def _translator(
    model: TranslationModel, checkpoint: Checkpoint, target: Tokenizer, smoothing: float
) -> Task:
    tokenizer = load_tokenizer(checkpoint)
    return Task(
        model,
        tokenizer,
        targets="texts",
        encode=partial(
            encode_pairs, tokenizer=tokenizer, target_tokenizer=target, smoothing=smoothing
        ),
        ask=NotAsked(checkpoint),
        answer=NotAsked(checkpoint),
        beside=lambda folder: _write_target(target, folder),
        write_down=partial(write_down, model, tokenizer, target),
    )


def write_down(
    model: TranslationModel,
    tokenizer: PreTrainedTokenizerBase,
    target: Tokenizer,
    train: Examples | None,
    texts: Examples | None,
    precision: str,
) -> Examples:
    """Sources with the model's own translations, and beside them the pairs of a file.

    Sequence-level knowledge (Kim & Rush 2016): what the best of some beams says is easier to learn
    than what people said, because it says the same of the same words.

    Args:
        model: the teacher.
        tokenizer, target: its own.
        train: pairs, which are learned too.
        texts: sources without translations.
        precision: in which the teacher runs, as `LoopOptions` has it.
    """
    pairs = [] if train is None else list(zip(*train.require_translations(), strict=True))
    more = [] if texts is None else list(map(_first, texts.texts))
    sources = list(dict.fromkeys([*(source for source, _ in pairs), *filter(str.strip, more)]))
    model.eval()
    with choose_precision(precision, training_device()).autocast():
        written = translate(model, encode(tokenizer, sources), target, beams=_TEACHER_BEAMS)
    told = zip(sources, written, strict=True)
    taught = [*pairs, *((source, text) for source, text in told if text.strip())]
    if not taught:
        raise InputError("the teacher wrote nothing of these texts, so there is nothing to learn")
    file = train or texts
    assert file is not None
    return Examples(file.path, tuple(taught))


def _write_target(target: Tokenizer, folder: Path) -> None:
    target.save(str(folder / TARGET_TOKENIZER))


def _first(text: Text) -> str:
    return text if isinstance(text, str) else text[0]


def _heads(width: int) -> int:
    """Heads about 64 wide.

    Raises:
        InputError: no such number of them has this width.
    """
    if width % 2:
        raise InputError(f"--decoder-hidden should be even, not {width}")
    heads = max(1, width // _HEAD_WIDTH)
    return next(count for count in range(heads, 0, -1) if width % count == 0)
