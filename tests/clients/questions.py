"""What every client is asked to ask, and the names of the bundles that are served."""

from __future__ import annotations

TEXT = "the light in the kitchen is not on"
TEXTS = (
    "turn off the lamp, please",
    "Größe, naïve café: 灯关 北京 🦔",
    "a single\nword\tor  two",
    "the lamp in the bedroom was on and the fan was off " * 60,
    "I",
)
"""Of several scripts and lengths; one of them is longer than any model reads."""

QUERY = "which lamp is on?"
DOCUMENTS = ("the fan is off", "the lamp in the bedroom is on", "Anna is in Paris")
NAMED = "Anna is in Paris and Ben was not in Berlin"
QUESTION, CONTEXT = "where is Anna?", "Ben was late. Anna is in Paris, and the fan is off."
MASKED = "turn the [MASK] off"

TRANSLATED = (
    "turn the lamp on",
    "",
    "Anna was in Paris.  Ben was not!\n\nThe light is off",
    "the fan of {name} costs 12.50: https://example.org/fan?id=3",
    "Größe, naïve café: 灯关 北京 🦔",
    "the lamp is on and " * 40,
)
"""Blank, of several sentences, with what has to stay, of other scripts, and longer than is read at once."""

REAL = "real"
"""The name of the real embedder; the tiny bundles have those of their folders."""

TINY = (
    "embedder",
    "classifier",
    "multi-label",
    "tagger",
    "reranker",
    "reader",
    "filler",
    "sparse",
)
TRANSLATOR = "translator"
"""The tiny translator, which is made for these tests."""

SHORT = 8
"""Numbers that are asked for of a vector."""
