"""Makes an embedder of a checkpoint, for sentences whose cosine says how alike they are."""

from __future__ import annotations

from functools import partial

from transformers import AutoModel

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples
from edgebert.errors import InputError
from edgebert.training.models import load_model, load_tokenizer
from edgebert.training.options import FinetuneOptions
from edgebert.training.tasks.sentences.asked_vectors import ask_vectors
from edgebert.training.tasks.sentences.embedded_texts import embed_texts
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.sentences.matryoshka import Prefixes
from edgebert.training.tasks.sentences.retrieval import RankingEncoder, encode_judged, encode_pairs
from edgebert.training.tasks.sentences.similarity import encode_scored_pairs
from edgebert.training.tasks.task import Task, TaskData


def put_embedder(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    """Pooling as the checkpoint says, by default the mean, and length 1 at its end.

    Raises:
        InputError: steps of one example, which has nothing to be compared with.
    """
    if options.batch_size < 2:
        raise InputError(
            "sentence-similarity compares the examples of a step with each other: "
            "--batch-size should be at least 2"
        )
    return sentence_embedding(checkpoint, Embedder.of(checkpoint).by_cosine(), options.matryoshka)


def open_embedder(checkpoint: Checkpoint) -> Task:
    """A trained one, which makes embeddings as it says."""
    return sentence_embedding(checkpoint, Embedder.of(checkpoint))


def put_embedder_like(checkpoint: Checkpoint, other: Checkpoint) -> Task:
    """Pooling as the checkpoint says, and length 1 where the other gives it."""
    embedder = Embedder.of(checkpoint)
    if Embedder.of(other).unit:
        embedder = embedder.by_cosine()
    return sentence_embedding(checkpoint, embedder)


def sentence_embedding(
    checkpoint: Checkpoint, embedder: Embedder, matryoshka: tuple[int, ...] = ()
) -> Task:
    model = load_model(AutoModel, checkpoint, {})
    tokenizer = load_tokenizer(checkpoint)
    prefixes = Prefixes.of(matryoshka, embedder.width(model.config.hidden_size))

    def related(examples: Examples) -> TaskData:
        """What the file says belongs together: by scores, by judgements, or as pairs."""
        if examples.scores is not None:
            return encode_scored_pairs(
                examples, tokenizer=tokenizer, embedder=embedder, prefixes=prefixes
            )
        encoder = RankingEncoder(tokenizer, embedder, prefixes)
        if examples.retrieval is not None:
            return encode_judged(examples, examples.retrieval, encoder)
        return encode_pairs(examples, encoder)

    return Task(
        model,
        tokenizer,
        targets="scores",
        encode=related,
        answer=partial(embed_texts, tokenizer=tokenizer, embedder=embedder),
        ask=partial(ask_vectors, tokenizer=tokenizer, embedder=embedder),
        embedder=embedder,
    )
