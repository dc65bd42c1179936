"""All that a bundle answers, by the public face alone: any version of the package can be asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

TEXTS = (
    "anna turned the lamp off in the kitchen",
    "ben was not late in paris , and that is good",
    "请关灯,北京",
    "",
    "tell anna that the fan is on! " * 12,
    "ONE two 3 and Berlin's cafés 👍🏽",
)
"""Ragged, Chinese, empty, longer than any tiny model reads, and with pieces it does not know."""

PAIRS = (
    ("is the lamp on?", "the lamp in the bedroom is on."),
    ("is anna in berlin?", "anna and ben " * 30 + "is in berlin"),
    ("one", ""),
)
MASKED = ("anna is in {0} .", "the {0} was {0} late", "turn {0} off " * 12)
QUESTION = "is anna in paris ?"
CONTEXTS = (
    "anna is in paris . ben is in berlin",
    "the fan was on and anna off . " * 15,
    "北京 one",
)


def answers_of(model: Any) -> dict[str, Any]:
    """What a loaded bundle gives for each verb of its task, as plain JSON values.

    Returns:
        By the name of a call. Every number is as exact as the one that was given.
    """
    calls = _CALLS[model.manifest.task](model)
    return {name: plain(call()) for name, call in calls.items()} | {
        "max_length": model.max_length,
        "count_tokens": plain(model.count_tokens(list(TEXTS))),
        "truncated": plain(model.truncated(list(TEXTS))),
    }


def answers_to_keep(model: Any) -> dict[str, Any]:
    """What clients in other languages are held to: all but raw outputs, and the fingerprint."""
    found = answers_of(model) | {"fingerprint": model.fingerprint}
    return {name: value for name, value in found.items() if name != "outputs"}


def plain(value: Any) -> Any:
    """Arrays, records and iterators as JSON knows them."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, str | int | float) or value is None:
        return value
    return [plain(item) for item in value]


def _embedding(model: Any) -> dict[str, Callable[[], Any]]:
    texts, some = list(TEXTS), list(TEXTS[:3])
    calls: dict[str, Callable[[], Any]] = {
        "outputs": lambda: model.outputs(texts),
        "embed": lambda: model.embed(texts),
        "embed of one": lambda: model.embed(texts[0]),
        "embed of a stream": lambda: model.embed(iter(texts)),
        "embed whole texts": lambda: model.embed(texts, long_text="mean"),
        "embed of 12 numbers": lambda: model.embed(some, truncate_dim=12),
        "embed of 9 tokens": lambda: model.embed(texts, max_length=9),
        "embed in float16": lambda: model.embed(some, dtype="float16"),
        "similarity": lambda: model.similarity(some, texts),
        "search": lambda: model.search(some, texts, k=4),
    }
    if model.manifest.similarity == "cosine":  # of vectors whose lengths do not matter
        calls["embed in int8"] = lambda: model.embed(some, dtype="int8")
        calls["embed in bits"] = lambda: model.embed(some, dtype="binary")
    for name in model.prompts:
        calls[f"embed with the prompt {name}"] = lambda name=name: model.embed(texts, prompt=name)  # type: ignore[misc]
    return calls


def _sparse(model: Any) -> dict[str, Callable[[], Any]]:
    texts = list(TEXTS)
    return {
        "embed_sparse": lambda: model.embed_sparse(texts),
        "embed_sparse whole texts": lambda: model.embed_sparse(texts, long_text="mean"),
        "search": lambda: model.search(texts[:3], texts, k=4),
    }


def _classification(model: Any) -> dict[str, Callable[[], Any]]:
    texts, both = list(TEXTS), [*TEXTS, *PAIRS]
    calls: dict[str, Callable[[], Any]] = {
        "outputs": lambda: model.outputs(both),
        "classify": lambda: model.classify(both),
        "classify one": lambda: model.classify(texts[0]),
        "classify a stream": lambda: model.classify(iter(both)),
        "classify whole texts": lambda: model.classify(both, long_text="mean"),
    }
    if len(model.labels) == 1:
        calls["rerank"] = lambda: model.rerank(QUESTION, texts)
    return calls


def _tagging(model: Any) -> dict[str, Callable[[], Any]]:
    texts = list(TEXTS)
    calls: dict[str, Callable[[], Any]] = {
        "outputs": lambda: model.outputs(texts),
        "tag": lambda: model.tag(texts),
        "tag one": lambda: model.tag(texts[0]),
        "tag a stream": lambda: model.tag(iter(texts)),
    }
    for name in ("words", "simple", "first", "average", "max"):
        calls[f"tag by {name}"] = lambda name=name: model.tag(texts, aggregation=name)  # type: ignore[misc]
    return calls


def _filling(model: Any) -> dict[str, Callable[[], Any]]:
    texts = [text.format(model.mask_token) for text in MASKED]
    return {
        "outputs": lambda: model.outputs(texts),
        "fill_mask": lambda: model.fill_mask(texts[:2]),
        "fill_mask of one": lambda: model.fill_mask(texts[0], k=3),
        "fill_mask of a stream": lambda: model.fill_mask(iter(texts[:2])),
    }


def _answering(model: Any) -> dict[str, Callable[[], Any]]:
    contexts = list(CONTEXTS)
    pairs = [(QUESTION, context) for context in contexts]
    return {
        "outputs": lambda: model.outputs(pairs),
        "answer": lambda: model.answer(QUESTION, contexts),
        "answer one": lambda: model.answer(QUESTION, contexts[0]),
        "answer a stream": lambda: model.answer(QUESTION, iter(contexts)),
        "answer or none": lambda: model.answer(QUESTION, contexts, allow_no_answer=True),
    }


_CALLS: dict[str, Callable[[Any], dict[str, Callable[[], Any]]]] = {
    "feature-extraction": _embedding,
    "sparse-embedding": _sparse,
    "text-classification": _classification,
    "token-classification": _tagging,
    "fill-mask": _filling,
    "question-answering": _answering,
}
