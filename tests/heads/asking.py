"""What each model says to texts that it was not trained on, as an app would ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from edgebert.runtimes import Model

_STORY = (
    "Marie Curie was born in Warsaw in 1867. She moved to Paris in 1891, where she studied "
    "physics at the Sorbonne. In 1903 she shared the Nobel Prize with her husband Pierre."
)
_QUESTIONS = {
    "Where was Marie Curie born?": "Warsaw",
    "When did she move to Paris?": "1891",
    "With whom did she share the Nobel Prize?": "Pierre",
}
_TAGGED = {
    "Watching the game in London with Taylor Swift": {"London", "Taylor Swift"},
    "just landed in New York, on my way to Chicago": {"New York", "Chicago"},
}
_QUERY = "How do I learn to play the guitar?"
_CANDIDATES = (
    "What is the price of gold today?",
    "What is the best way to learn guitar?",
    "How do I learn to drive a car?",
)


def wrong_answers(name: str, model: Model) -> Iterator[str]:
    """A sentence for each answer that is not as it should be."""
    return _ASKED[name](model)


def _asked_for_entities(model: Model) -> Iterator[str]:
    for text, expected in _TAGGED.items():
        found = {entity.text for entity in model.tag(text)}
        if not found & expected:
            yield f"the tagger finds {sorted(found)} in {text!r}, and none of {sorted(expected)}"


def _asked_for_answers(model: Model) -> Iterator[str]:
    found = {question: model.answer(question, _STORY) for question in _QUESTIONS}
    wrong = [q for q, answer in found.items() if answer is None or _QUESTIONS[q] not in answer.text]
    if len(wrong) > 1:
        yield f"the reader is wrong about {wrong}"


def _asked_for_ranks(model: Model) -> Iterator[str]:
    best = model.rerank(_QUERY, list(_CANDIDATES))[0]
    if best.index != 1:
        yield f"the reranker takes {_CANDIDATES[best.index]!r} for {_QUERY!r}"


_ASKED: dict[str, Callable[[Model], Iterator[str]]] = {
    "tagger": _asked_for_entities,
    "reader": _asked_for_answers,
    "reranker": _asked_for_ranks,
}
