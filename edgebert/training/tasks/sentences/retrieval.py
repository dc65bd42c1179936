"""Pairs, triplets and judged documents of a file as queries and documents with numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from edgebert.data import Examples, Retrieval
from edgebert.errors import InputError
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.sentences.matryoshka import Prefixes
from edgebert.training.tasks.sentences.ranking import Pair, RankedPairs
from edgebert.training.tasks.sentences.ranking_metrics import (
    AMONG_POSITIVES,
    OF_JUDGEMENTS,
    RankingMetric,
)


@dataclass(frozen=True)
class RankingEncoder:
    """Makes tensors of texts: a query with its prompt, a document with its own."""

    tokenizer: PreTrainedTokenizerBase
    embedder: Embedder
    prefixes: Prefixes

    def encode(
        self,
        queries: Sequence[str],
        documents: Sequence[str],
        pairs: Sequence[Pair],
        judged: Retrieval,
        ranked: tuple[RankingMetric, ...] = (),
        both_ways: bool = False,
    ) -> RankedPairs:
        return RankedPairs(
            queries=self.embedder.encode_queries(self.tokenizer, queries),
            documents=self.embedder.encode_documents(self.tokenizer, documents),
            pairs=tuple(pairs),
            answers=_answers(queries, documents, pairs),
            judged=judged,
            ranked=ranked,
            embedder=self.embedder,
            prefixes=self.prefixes,
            both_ways=both_ways,
        )


def encode_pairs(examples: Examples, encoder: RankingEncoder) -> RankedPairs:
    """Encode pairs that belong together, with hard negatives where the file has them.

    Anchors look for their positives among all of the file; where neither text is one, each side
    looks for the other.

    Raises:
        InputError: no pairs, or pairs with labels, which do not say which belong together.
    """
    texts, negatives = examples.require_related_pairs()
    queries = {query: place for place, query in enumerate(dict.fromkeys(q for q, _ in texts))}
    positives = dict.fromkeys(positive for _, positive in texts)
    wrong = (text for of_pair in negatives for text in of_pair)
    documents = {text: place for place, text in enumerate(dict.fromkeys((*positives, *wrong)))}
    pairs = [
        Pair(queries[query], documents[positive], tuple(documents[text] for text in of_pair))
        for (query, positive), of_pair in zip(texts, negatives, strict=True)
    ]
    relevance: list[dict[int, int]] = [{} for _ in queries]
    for pair in pairs:
        relevance[pair.query][pair.document] = 1
    identical = {
        place: documents[query]
        for query, place in queries.items()
        if query in positives and documents[query] not in relevance[place]
    }
    judged = Retrieval(len(queries), tuple(relevance), identical)
    sides, both_ways = (list(queries), list(documents)), examples.negatives is None
    ranked = () if both_ways or any(negatives) else AMONG_POSITIVES
    return encoder.encode(*sides, pairs, judged, ranked, both_ways)


def encode_judged(examples: Examples, judged: Retrieval, encoder: RankingEncoder) -> RankedPairs:
    """Encode queries, all documents, and as pairs each query with each relevant document.

    Raises:
        InputError: no document is relevant to any query.
    """
    texts = [str(text) for text in examples.texts]
    pairs = [
        Pair(query, document)
        for query, grades in enumerate(judged.relevance)
        for document, grade in grades.items()
        if grade > 0
    ]
    if not pairs:
        raise InputError(f"{examples.path}: no document is relevant to any query")
    queries, documents = texts[: judged.queries], texts[judged.queries :]
    return encoder.encode(queries, documents, pairs, judged, OF_JUDGEMENTS)


def _answers(
    queries: Sequence[str], documents: Sequence[str], pairs: Sequence[Pair]
) -> tuple[frozenset[int], ...]:
    """Of each query all documents with the text of one of its own, or with its own text."""
    places = defaultdict(set)
    for place, text in enumerate(documents):
        places[text].add(place)
    answers = {query: set(places[query]) for query in queries}
    for pair in pairs:
        answers[queries[pair.query]] |= places[documents[pair.document]]
    return tuple(frozenset(answers[query]) for query in queries)
