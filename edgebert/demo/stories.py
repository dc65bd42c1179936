"""Unlabelled household text for pretraining: short stories, one a document.

The stories use every word of the language, those of the dev and test sentences too, as a corpus
for pretraining would. They share no sentence with the labelled data: a model has met the word
"projector" there, but never a request that names one, nor how any request is meant.
"""

from __future__ import annotations

import random

from edgebert.demo.grammar import write_sentence
from edgebert.demo.language import Language


def write_story(language: Language, generator: random.Random) -> list[str]:
    """The sentences of one story; its words stay the same from the first to the last."""
    filling = _fill(language, generator)
    sentences = generator.choice(language.stories)
    chosen = (generator.choice(alternatives) for alternatives in sentences)
    return [write_sentence(line, filling, "").text + language.full_stop for line in chosen]


def _fill(language: Language, generator: random.Random) -> dict[str, str]:
    filling = {kind: generator.choice(split.all()) for kind, split in language.slots.items()}
    others = [name for name in language.slots["person"].all() if name != filling["person"]]
    filling["other"] = generator.choice(others)
    for names, opposites in language.story_opposites.items():
        filling.update(zip(names, generator.sample(opposites, 2), strict=True))
    return filling
