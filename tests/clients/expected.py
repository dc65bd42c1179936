"""What each answer must be: by the same bundles in this process, and by how clients tell refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from clients.questions import (
    CONTEXT,
    DOCUMENTS,
    MASKED,
    NAMED,
    QUERY,
    QUESTION,
    REAL,
    SHORT,
    TEXT,
    TEXTS,
)
from edgebert.runtimes import Model

Models = dict[str, Model]


@dataclass(frozen=True)
class Refusal:
    """How a client tells a refusal.

    Attributes:
        errors: names of its exceptions.
        words: what of our line it must show.
    """

    errors: tuple[str, ...]
    words: tuple[str, ...]

    def broken(self, told: Any) -> str | None:
        error, said = told["error"], told["said"]
        missing = [word for word in self.words if word not in said]
        if error in self.errors and not missing:
            return None
        return f"{error} in place of {' or '.join(self.errors)}: {said!r} lacks {missing}"


@dataclass(frozen=True)
class Same:
    """Numbers and words that must be those of the bundle; bit for bit, once read as float32 are."""

    value: Callable[[Models], Any]
    bits: bool = False

    def broken(self, told: Any, models: Models) -> str | None:
        meant = self.value(models)
        if not self.bits:
            return None if told == meant else f"{told!r} in place of {meant!r}"
        found = np.asarray(told, np.float32)
        if found.shape == meant.shape and found.tobytes() == meant.tobytes():
            return None
        if found.shape != meant.shape:
            return f"{found.shape} in place of {meant.shape}"
        return f"off by up to {np.abs(found - meant).max():.1e}"


def _labels(models: Models, name: str, most: int | None = None) -> list[dict[str, Any]]:
    scores = models[name].classify(TEXT).scores
    order = sorted(scores, key=lambda label: -scores[label])
    return [{"label": label, "score": scores[label]} for label in order[:most]]


def _entities(models: Models, *, ignored: str = "", **options: Any) -> list[dict[str, Any]]:
    return [
        {
            "end": entity.end,
            "score": entity.score,
            "start": entity.start,
            "word": entity.text,
            "entity_group": entity.label,
        }
        for entity in models["tagger"].tag(NAMED, **options)
        if entity.label != ignored
    ]


def _answer(models: Models, **options: Any) -> list[dict[str, Any]]:
    found = models["reader"].answer(QUESTION, CONTEXT, **options)
    return [{"answer": found.text, "end": found.end, "score": found.score, "start": found.start}]


def _fills(models: Models, k: int = 5) -> list[dict[str, Any]]:
    return [
        {"score": fill.score, "sequence": fill.text, "token": fill.id, "token_str": fill.token}
        for fill in models["filler"].fill_mask(MASKED, k)
    ]


def _order(models: Models, most: int | None = None) -> list[Any]:
    return [[hit.index, hit.score] for hit in models["reranker"].rerank(QUERY, DOCUMENTS)[:most]]


def _texts_in_order(models: Models) -> list[Any]:
    return [hit.text for hit in models["reranker"].rerank(QUERY, DOCUMENTS)]


_EMBEDDER = {"embedding": {"pooling": "mean"}}
_BAD, _UNPROCESSABLE = "BadRequestError", "UnprocessableEntityError"
_HTTP = ("HfHubHTTPError", "BadRequestError")

EXPECTED: dict[str, Same | Refusal] = {
    "vector": Same(lambda models: models[REAL].embed(TEXT), bits=True),
    "vectors": Same(lambda models: models[REAL].embed(TEXTS), bits=True),
    "matrix of one": Same(lambda models: models[REAL].embed([TEXT]), bits=True),
    "short vectors": Same(lambda models: models[REAL].embed(TEXTS, truncate_dim=SHORT), bits=True),
    "prompted": Same(lambda models: models["embedder"].embed([TEXT], prompt="query"), bits=True),
    "similarities": Same(lambda models: models[REAL].similarity(QUERY, DOCUMENTS), bits=True),
    "tokens": Same(lambda models: [models[REAL].count_tokens(TEXT)] * 2),
    "labels of classifier": Same(lambda models: _labels(models, "classifier")),
    "best label of classifier": Same(lambda models: _labels(models, "classifier", 1)),
    "labels of multi-label": Same(lambda models: _labels(models, "multi-label")),
    "best label of multi-label": Same(lambda models: _labels(models, "multi-label", 1)),
    "entities": Same(_entities),
    "entities, simple": Same(lambda models: _entities(models, aggregation="simple")),
    "entities but persons": Same(lambda models: _entities(models, ignored="PER")),
    "answer": Same(_answer),
    "answer or none": Same(lambda models: _answer(models, allow_no_answer=True)),
    "fills": Same(_fills),
    "two fills": Same(lambda models: _fills(models, 2)),
    "order": Same(_order),
    "best two": Same(lambda models: _order(models, 2)),
    "texts in order": Same(_texts_in_order),
    "lines": Refusal(("none",), ()),
    "health": Same(lambda _models: True),
    "info": Same(lambda models: [REAL, models[REAL].max_length, _EMBEDDER]),
    "names": Same(lambda models: list(models)),
    "name": Same(lambda _models: REAL),
    "no such model": Refusal(("NotFoundError",), ("gpt", REAL)),
    "token ids": Refusal((_BAD,), ("check_embedding_ctx_length=False",)),
    "nothing to embed": Refusal((_BAD,), ("input",)),
    "no embedder": Refusal((_UNPROCESSABLE,), ("classifier", "embed")),
    "no reader": Refusal(_HTTP, ("real", "answer")),
    "too large": Refusal(("APIStatusError",), ("8,000,000", "--max-body")),
    "wrong key": Refusal(
        ("AuthenticationError", "UnauthorizedError", "InferenceClientProviderApiError", *_HTTP),
        ("key",),
    ),
    "too long": Refusal(_HTTP, ("tokens",)),
    "no such prompt": Refusal(_HTTP, ("poem",)),
    "several answers": Refusal(_HTTP, ("top_k",)),
    "no mask": Refusal(_HTTP, ("[MASK]",)),
    "translated elsewhere": Refusal(_HTTP, ("/translate",)),
}
