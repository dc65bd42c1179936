"""Scheme `auto` of a translator: all layers in int8, or all but those that change most.

A mixture is not searched by time: all layers have one form, per token where onnxruntime's own
operators may be written and else static, in which no translation depends on others. Where that
breaks the budget, layers go back to floats, first the one that moves the log-probabilities of the
float model's own translations most when it alone is in int8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edgebert.bundle import TARGET_TOKENIZER, TOKENIZER, ModelFiles, copy_files
from edgebert.onnx_graph.parts import FLOAT, STATIC, TOKEN
from edgebert.progress import track
from edgebert.quantize.chosen_mixture import Proposal
from edgebert.quantize.forms.bundle_recipes import BundleRecipes
from edgebert.runtimes import Model
from edgebert.runtimes.loading import open_files
from edgebert.tasks.next_tokens import NextTokens


def translator_proposals(
    original: Model, recipes: BundleRecipes, texts: Sequence[str], scratch: Path
) -> Iterator[Proposal]:
    """All layers in int8; then mixtures that leave more and more of them as floats.

    Args:
        original: the float model.
        recipes: of its graphs.
        texts: that layers are put in order by, where that is asked for.
        scratch: a folder for graphs.
    """
    names = [group.name for group in recipes.groups]
    form = _form(recipes)
    whole = dict.fromkeys(names, form)
    yield Proposal(recipes.possible(whole), form)
    order = _most_moved_first(original, recipes, texts, scratch)
    floats = 1
    while floats < len(order):
        plan = whole | dict.fromkeys(order[:floats], FLOAT)
        yield Proposal(recipes.possible(plan), f"{form}, {floats} of {len(order)} groups floats")
        floats *= 2


def _form(recipes: BundleRecipes) -> str:
    return TOKEN if recipes.contrib else STATIC


def _most_moved_first(
    original: Model, recipes: BundleRecipes, texts: Sequence[str], scratch: Path
) -> list[str]:
    """Names of the groups by what each alone changes in int8."""
    written = original.translate(list(texts))
    pairs = [(text, one.text) for text, one in zip(texts, written, strict=True)]
    before = original.next_tokens(pairs)
    folder = scratch / "alone"
    folder.mkdir()
    copy_files(original.bundle, folder, (TOKENIZER, TARGET_TOKENIZER))
    names = [group.name for group in recipes.groups]
    moved = {}
    for name in track(names, "quantizing layers alone"):
        plan = dict.fromkeys(names, FLOAT) | {name: _form(recipes)}
        recipes.write(plan, folder, original.manifest.graphs)
        with open_files(ModelFiles(folder, original.manifest)) as alone:
            moved[name] = _moved(before, alone.next_tokens(pairs))
    return sorted(names, key=lambda name: -moved[name])


def _moved(before: Sequence[NextTokens], after: Sequence[NextTokens]) -> float:
    """Mean change of the log-probability of a token that the float model wrote."""
    changes = [
        np.abs(one.log_probabilities[:, 1] - other.log_probabilities[:, 1])
        for one, other in zip(before, after, strict=True)
    ]
    return float(np.concatenate(changes).mean())
