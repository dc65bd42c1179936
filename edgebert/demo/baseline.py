"""A bag-of-words classifier: what can be had without knowing the order of words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgebert.data import Examples

if TYPE_CHECKING:
    import torch

_TERM = re.compile(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+(?:'\w+)?")
_STEPS = 300


def bag_of_words_accuracy(train: Examples, test: Examples) -> float:
    """Accuracy on `test`, in points, of logistic regression on words (Chinese: on characters)."""
    import torch

    vocabulary = {term: i for i, term in enumerate(sorted({t for x in _terms(train) for t in x}))}
    labels = sorted({label for (label,) in train.require_labels()})
    inputs, expected = _counts(train, vocabulary), _targets(train, labels)
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(0)
        model = torch.nn.Linear(len(vocabulary), len(labels))
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.01)
        for _ in range(_STEPS):
            loss = torch.nn.functional.cross_entropy(model(inputs), expected)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    predicted = model(_counts(test, vocabulary)).argmax(dim=-1)
    return 100 * float((predicted == _targets(test, labels)).float().mean())


def _terms(examples: Examples) -> list[list[str]]:
    return [_TERM.findall(text.lower()) for text in examples.single_texts()]


def _counts(examples: Examples, vocabulary: dict[str, int]) -> torch.Tensor:
    """How often each known word occurs: float32 [texts, vocabulary]."""
    import torch

    counts = torch.zeros(len(examples), len(vocabulary))
    for row, terms in enumerate(_terms(examples)):
        for term in terms:
            if term in vocabulary:
                counts[row, vocabulary[term]] += 1
    return counts


def _targets(examples: Examples, labels: list[str]) -> torch.Tensor:
    import torch

    return torch.tensor([labels.index(label) for (label,) in examples.require_labels()])
