"""Pretrains a BERT on plain text: masked language model and next sentence prediction.

Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding". Masks are drawn anew for every batch, as in RoBERTa (Liu et al. 2019).
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from edgebert.records.trained import TrainingRecord
from edgebert.training.loop.fit import fit
from edgebert.training.loop.seeding import seeded
from edgebert.training.models import save_model
from edgebert.training.options import PretrainOptions
from edgebert.training.pretraining.beginning import new_bert, open_start
from edgebert.training.pretraining.corpus import Corpus
from edgebert.training.pretraining.packed_pairs import PackedPairs
from edgebert.training.pretraining.packing import pack
from edgebert.training.pretraining.token_store import store_tokens
from edgebert.training.results import Run
from edgebert.training.tasks.masked_words import MASKED_LM
from edgebert.training.watching import watched


def pretrain(
    corpora: Sequence[Path],
    output: Path,
    *,
    start: str | None = None,
    options: PretrainOptions,
    resume: bool = False,
    tensorboard: Path | None = None,
    force: bool = False,
    offline: bool = False,
) -> TrainingRecord:
    """Learn a vocabulary and train a BERT on text files.

    The metric is the share of masked tokens of held-out documents that are guessed right.

    Args:
        corpora: text files.
        output: the checkpoint to write.
        start: a BERT that goes on with its vocabulary and its size, a folder or a Hugging Face id; by
            default a new one is made.
        options: its size, how long and how fast.
        resume: go on with a run that was stopped; `output`.unfinished holds it.
        tensorboard: where TensorBoard finds the curves while they grow, under the output's name.
        force: replace an output that exists.
        offline: never touch the network.

    Raises:
        CheckpointError: `start` cannot be loaded, or is of another architecture.
        InputError: too little text, a width that is no multiple of 32, a vocabulary too small for the
            characters, or inputs longer than `start` has positions for.
        MissingExtra: `tensorboard` is asked for and not installed.
        OutputError: `output` exists, or cannot be written.
        KeyboardInterrupt: a signal came; what was done is kept.
    """
    run = Run("pretrain", MASKED_LM, {"corpora": tuple(corpora), "start": start}, output, options)
    with (
        run.folder(resume=resume, force=force) as folder,
        watched(tensorboard, output) as watch,
        seeded(options.seed),
    ):
        corpus = Corpus(corpora)
        count = corpus.count()
        begun = open_start(start, options, offline=offline) if start else new_bert(corpus, options)
        model, tokenizer = begun.model, begun.tokenizer
        run = replace(run, options=begun.options)
        with _aside(output) as tokens:
            train, held_out = _examples(corpus, count, tokenizer, options, tokens)
            unfinished = run.unfinished(
                lambda folder: save_model(model, tokenizer, folder),
                *([begun.checkpoint] if begun.checkpoint else []),
            )
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
