"""What pretraining begins with: a new BERT and its vocabulary, or one that goes on."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from transformers import BertConfig, BertForPreTraining, BertTokenizer, PreTrainedTokenizerBase

from edgebert.checkpoint import Checkpoint, open_checkpoint
from edgebert.errors import CheckpointError, InputError
from edgebert.training.loop.device import training_device
from edgebert.training.models import load_tokenizer, load_with_absent
from edgebert.training.options import PretrainOptions
from edgebert.training.pretraining.corpus import Corpus
from edgebert.training.pretraining.vocabulary import learn_tokenizer

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Beginning:
    """A BERT as its pretraining begins.

    Attributes:
        options: with the sizes that it has.
        checkpoint: what goes on; None for a new one.
    """

    model: BertForPreTraining
    tokenizer: PreTrainedTokenizerBase
    options: PretrainOptions
    checkpoint: Checkpoint | None = None


def new_bert(corpus: Corpus, options: PretrainOptions) -> Beginning:
    """Random weights, and a vocabulary learned from the corpus.

    Raises:
        InputError: a width that is no multiple of 32, or a vocabulary too small for the characters.
    """
    tokenizer = learn_tokenizer(corpus.sentences(), options.vocab_size, options.max_length)
    model = BertForPreTraining(_config(options, tokenizer)).to(training_device())
    return Beginning(model, tokenizer, options)


def open_start(start: str, options: PretrainOptions, *, offline: bool) -> Beginning:
    """A BERT that is there already, with its vocabulary and its size.

    Raises:
        CheckpointError: it cannot be loaded, or is of another architecture.
        InputError: longer inputs than it has positions for.
    """
    checkpoint = open_checkpoint(start, offline=offline)
    kind = str(checkpoint.config.get("model_type"))
    if kind != BertConfig.model_type:
        raise CheckpointError(
            f"{checkpoint.id} is a {kind}: pretraining goes on with a BERT; finetune --task "
            "masked-language-model takes any model to the texts of a domain"
        )
    longest = int(checkpoint.config.get("max_position_embeddings") or options.max_length)
    if options.max_length > longest:
        raise InputError(
            f"--max-length {options.max_length}: {checkpoint.id} has positions for {longest} tokens"
        )
    model, absent = load_with_absent(BertForPreTraining, checkpoint, {})
    heads = sorted({name.removeprefix("cls.").split(".")[0] for name in absent if "cls." in name})
    if heads:
        _LOGGER.warning("%s lacks %s, which start at random", checkpoint.id, " and ".join(heads))
    told = replace(
        options,
        layers=model.config.num_hidden_layers,
        hidden=model.config.hidden_size,
        vocab_size=model.config.vocab_size,
    )
    return Beginning(model, load_tokenizer(checkpoint), told, checkpoint)


def _config(options: PretrainOptions, tokenizer: BertTokenizer) -> BertConfig:
    """Heads are 64 wide as in BERT, or 32 wide in a model narrower than four of those."""
    head = 64 if options.hidden >= 256 and options.hidden % 64 == 0 else 32
    if options.hidden % head:
        raise InputError(f"a hidden size of {options.hidden} is no multiple of 32")
    return BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=options.hidden,
        num_hidden_layers=options.layers,
        num_attention_heads=options.hidden // head,
        intermediate_size=4 * options.hidden,
        max_position_embeddings=options.max_length,
        pad_token_id=tokenizer.pad_token_id,
        # A small model on little compute learns more without (Geiping & Goldstein 2022).
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
