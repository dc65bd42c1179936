"""Pairs of sentences and how much they mean the same, from 0 to 5."""

from __future__ import annotations

import random
from collections.abc import Iterator

from edgebert.demo.grammar import draw, fill, slots, write_sentence
from edgebert.demo.language import Family, Language

SAME, OTHER_DETAIL, OPPOSITE, UNRELATED = 5.0, 3.0, 2.0, 0.0
Pair = tuple[str, str, float]


def draw_pairs(language: Language, split: str, generator: random.Random) -> Iterator[Pair]:
    """Draw pairs without end: paraphrases, other details, opposite or swapped, unrelated."""
    while True:
        family, other = generator.sample(language.families, 2)
        intent, *opposite = generator.sample(family.intents, len(family.intents))
        line = generator.choice(family.templates.of(split))
        template = family.template(line, intent)
        filling = fill(language, slots(template), split, generator)
        text = write_sentence(template, filling, intent).text
        for paraphrase in _paraphrases(family, template, intent, split, generator):
            yield text, write_sentence(paraphrase, filling, intent).text, SAME
        changed = _change_one(language, filling, split, generator)
        yield text, write_sentence(template, changed, intent).text, OTHER_DETAIL
        for swapped in opposite:
            template = family.template(line, swapped)
            yield text, write_sentence(template, filling, swapped).text, OPPOSITE
        unrelated = draw(language, other, generator.choice(other.intents), split, generator)
        yield text, unrelated.text, UNRELATED


def _paraphrases(
    family: Family, template: str, intent: str, split: str, generator: random.Random
) -> list[str]:
    """Another template with the same slots, where the family has one."""
    others = [family.template(line, intent) for line in family.templates.of(split)]
    fitting = [o for o in others if o != template and sorted(slots(o)) == sorted(slots(template))]
    return [generator.choice(fitting)] if fitting else []


def _change_one(
    language: Language, filling: dict[str, str], split: str, generator: random.Random
) -> dict[str, str]:
    kind = generator.choice(sorted(filling))
    others = [words for words in language.slots[kind].of(split) if words != filling[kind]]
    return {**filling, kind: generator.choice(others)}
