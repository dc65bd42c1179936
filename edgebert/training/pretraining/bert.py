"""Pretrains a BERT on plain text: masked language model and next sentence prediction.

Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding". Masks are drawn anew for every batch, as in RoBERTa (Liu et al. 2019).
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from transformers import BertConfig, BertForPreTraining, BertTokenizer, PreTrainedTokenizerBase

from edgebert.errors import InputError
from edgebert.records.trained import TrainingRecord
from edgebert.training.loop.device import training_device
from edgebert.training.loop.fit import fit
from edgebert.training.loop.seeding import seeded
from edgebert.training.models import save_model
from edgebert.training.options import PretrainOptions
from edgebert.training.pretraining.corpus import Corpus
from edgebert.training.pretraining.packed_pairs import PackedPairs
from edgebert.training.pretraining.packing import pack
from edgebert.training.pretraining.token_store import store_tokens
from edgebert.training.pretraining.vocabulary import learn_tokenizer
from edgebert.training.results import Run
from edgebert.training.tasks.masked_words import MASKED_LM
from edgebert.training.watching import watched


def pretrain(
    corpora: Sequence[Path],
    output: Path,
    *,
    options: PretrainOptions,
    resume: bool = False,
    tensorboard: Path | None = None,
    force: bool = False,
) -> TrainingRecord:
    """Learn a vocabulary and train a BERT on text files.

    The metric is the share of masked tokens of held-out documents that are guessed right.

    Args:
        corpora: text files.
        output: the checkpoint to write.
        options: its size, how long and how fast.
        resume: go on with a run that was stopped; `output`.unfinished holds it.
        tensorboard: where TensorBoard finds the curves while they grow, under the output's name.
        force: replace an output that exists.

    Raises:
        InputError: too little text, or a width that is no multiple of 32.
        MissingExtra: `tensorboard` is asked for and not installed.
        OutputError: `output` exists, or cannot be written.
        KeyboardInterrupt: a signal came; what was done is kept.
    """
    run = Run("pretrain", MASKED_LM, {"corpora": tuple(corpora)}, output, options)
    with (
        run.folder(resume=resume, force=force) as folder,
        watched(tensorboard, output) as watch,
        seeded(options.seed),
    ):
        corpus = Corpus(corpora)
        count = corpus.count()
        tokenizer = learn_tokenizer(corpus.sentences(), options.vocab_size, options.max_length)
        model = BertForPreTraining(_config(options, tokenizer)).to(training_device())
        with _aside(output) as tokens:
            train, held_out = _examples(corpus, count, tokenizer, options, tokens)
            unfinished = run.unfinished(lambda folder: save_model(model, tokenizer, folder))
            fitted = fit(
                model,
                train,
                options,
                exam=held_out,
                label="pretraining",
                unfinished=unfinished,
                watch=watch,
            )
            save_model(model, tokenizer, folder)
            return run.finish(folder, model, len(train.lengths), fitted)


@contextmanager
def _aside(output: Path) -> Iterator[Path]:
    """A folder beside the output, where there is room for what the corpus becomes."""
    output = output.absolute()
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.tokens.", dir=output.parent) as folder:
        yield Path(folder)


def _examples(
    corpus: Corpus,
    count: int,
    tokenizer: PreTrainedTokenizerBase,
    options: PretrainOptions,
    folder: Path,
) -> tuple[PackedPairs, PackedPairs]:
    """Pairs to train on, and pairs of documents that are held out."""
    generator = random.Random(options.seed)
    room = options.max_length - tokenizer.num_special_tokens_to_add(True)
    stores = store_tokens(corpus, count, tokenizer, room // 2, folder, generator)
    train, held_out = (
        PackedPairs(
            store.tokens,
            pack(store, room, folder / f"pairs-{number}", generator),
            tokenizer,
            options.whole_words,
        )
        for number, store in enumerate(stores)
    )
    return train, held_out


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
