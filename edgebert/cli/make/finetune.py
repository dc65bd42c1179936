"""Labelled examples to a model that answers as they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, require
from edgebert.cli.make.loop_options import (
    AT_LEAST_1,
    given_to,
    loop_options,
    option_of,
    resume,
    tensorboard,
)
from edgebert.cli.make.training import PACKAGES, run_training
from edgebert.training.options import CLASS_WEIGHTS, FinetuneOptions, TranslationOptions


def _dimensions(value: str) -> tuple[int, ...]:
    return options.numbers_of(value, least=1) if value else ()


@click.command(cls=Command)
@click.argument("model", type=options.MODEL)
@options.output("Checkpoint")
@click.option(
    "--task",
    required=True,
    type=click.Choice(
        [
            "text-classification",
            "reranking",
            "token-classification",
            "sentence-similarity",
            "question-answering",
            "masked-language-model",
            "translation",
        ]
    ),
    help="What the model learns; masked-language-model needs no labels.",
)
@click.option(
    "--train",
    required=True,
    type=options.DATA,
    metavar="FILE",
    help="Labelled examples; of a folder in the BEIR layout, what qrels/train.tsv judges.",
)
@click.option(
    "--dev",
    type=options.DATA,
    metavar="FILE",
    help="Labelled examples that decide which epoch is kept; of a folder qrels/dev.tsv, or test.tsv.",
)
@option_of(
    FinetuneOptions,
    "max_length",
    type=click.IntRange(min=3),
    metavar="TOKENS",
    help="Longest input. Default: what the checkpoint says.",
)
@option_of(
    FinetuneOptions,
    "limit",
    type=AT_LEAST_1,
    metavar="N",
    help="Train on N examples drawn by the seed. Default: all.",
)
@option_of(
    FinetuneOptions,
    "multi_label",
    is_flag=True,
    help="A text may have several labels; | separates them in a cell.",
)
@option_of(
    FinetuneOptions,
    "head_learning_rate",
    type=options.POSITIVE,
    metavar="X",
    help="Highest learning rate of the head, which starts at random. Default: as the encoder's.",
)
@option_of(
    FinetuneOptions,
    "frozen_epochs",
    type=click.IntRange(min=0),
    metavar="N",
    help="First epochs in which the encoder stays as it is, and the head learns alone.",
)
@option_of(
    FinetuneOptions,
    "label_smoothing",
    type=options.FiniteRange(min=0, max=1, max_open=True),
    metavar="SHARE",
    help="Share of each label's target that is dealt out to all labels.",
)
@option_of(
    FinetuneOptions,
    "class_weights",
    type=click.Choice(CLASS_WEIGHTS),
    help="balanced: every label counts alike in the loss, however rare it is.",
)
@click.option(
    "--matryoshka",
    type=_dimensions,
    default="",
    metavar="DIMS",
    help="Learn embeddings that may be cut to these lengths, such as 384,256,128,64.",
)
@option_of(
    FinetuneOptions,
    "hard_negatives",
    type=click.IntRange(min=0),
    metavar="N",
    help="To each pair, add the N documents nearest to the query that do not answer it.",
)
@option_of(
    TranslationOptions,
    "decoder_layers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Layers of the decoder of a translation, 1 to 4.",
)
@option_of(
    TranslationOptions,
    "decoder_hidden",
    type=AT_LEAST_1,
    metavar="N",
    help="How wide they are. Default: as the encoder.",
)
@option_of(
    TranslationOptions,
    "target_vocab_size",
    type=AT_LEAST_1,
    metavar="N",
    help="Pieces that are learned of the targets of a translation.",
)
@option_of(
    TranslationOptions,
    "dropout",
    type=options.FiniteRange(min=0, max=1, max_open=True),
    metavar="SHARE",
    help="Share of what that decoder drops in training.",
)
@options.labelled_columns
@loop_options(FinetuneOptions)
@resume
@tensorboard
@options.force
@options.json_record
def finetune(
    model: str,
    output: Path,
    task: str,
    train: Path,
    dev: Path | None,
    resume: bool,
    tensorboard: Path | None,
    force: bool,
    json_path: Path | None,
    **chosen: Any,
) -> None:
    """Fine-tune MODEL (a folder or a hub id) on labelled examples.

    A label is the whole cell, unless the model is to give several of them: said with
    --multi-label, with lists of labels in .jsonl or .parquet, or by a MODEL that is multi-label.
    Scores without labels train text-classification to give a score. reranking reads pairs with
    the labels 0 and 1, and gives what 'edgebert rerank' sorts by.

    Sentences are learned from pairs with a score of any scale (sentence1, sentence2, score), from
    pairs that belong together (anchor, positive), where every other positive of a step is wrong,
    and from triplets (a negative, or negative_1, negative_2 and so on, beside them).

    translation puts a decoder behind the encoder, and learns from pairs of a source and a target.
    Its defaults are its own: 20 epochs, the encoder frozen for 3 of them, steps of 3,000 tokens,
    1e-4 for the encoder and 1e-3 for the decoder, the inverse square root, label smoothing 0.1,
    and the mean of the last 5 epochs.

    \b
        edgebert finetune bert/ --task text-classification --train train.tsv --dev dev.tsv -o clf/
    """
    if chosen["multi_label"] and task != "text-classification":
        raise click.UsageError("--multi-label is for text-classification")
    require("finetune", "train", *PACKAGES)
    from edgebert.training import TASKS
    from edgebert.training import finetune as run_finetune

    columns = options.columns_of(chosen)
    taken = TASKS[task].options
    told = given_to(taken, chosen)
    run_training(
        json_path,
        lambda: run_finetune(
            model,
            output,
            task=task,
            train=train,
            dev=dev,
            options=taken(columns=columns, **told),
            resume=resume,
            tensorboard=tensorboard,
            force=force,
            offline=is_offline(),
        ),
    )
