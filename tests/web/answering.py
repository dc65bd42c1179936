"""Answers of bundles in Node and in Chromium, held to Python's without kernels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bundle_answers import CONTEXTS, MASKED, PAIRS, QUESTION, TEXTS, plain

from edgebert.bundle import read_bundle
from edgebert.data.samples import SENTENCES
from edgebert.measures.similarity import cosines
from edgebert.runtimes import load
from edgebert.runtimes.kernels import OFF
from edgebert.tasks import task_of
from web.laid_out import SITE, in_utf16
from web.running import CLIENT, HERE, asked

MOST_APART = 1e-5
"""Of a number of an fp32 bundle to Python's, above 1 of its share."""

LEAST_MEAN, LEAST = 0.9995, 0.998
"""Cosines of an int8 embedder's vectors to Python's."""

PLACES = {
    "Node": ("in_node.mjs", {}),
    "Chromium, 1 thread": ("in_chromium.mjs", {"isolated": False}),
    "Chromium, isolated, 2 threads": ("in_chromium.mjs", {"isolated": True}),
}


@dataclass(frozen=True)
class Compared:
    """The vectors of an int8 embedder somewhere."""

    bundle: str
    where: str
    mean: float
    least: float


def answer_alike(bundles: Mapping[str, Path], found: list[Compared]) -> Iterator[str]:
    """Ask each bundle everywhere; what int8 embedders give is told in `found`."""
    questions = {name: _questions(bundle) for name, bundle in bundles.items()}
    wanted = {name: _python(bundle, questions[name]) for name, bundle in bundles.items()}
    plan = {"folder": str(SITE), "client": str(CLIENT / "dist"), "bundles": questions}
    for where, (program, more) in PLACES.items():
        answers = asked(HERE / program, plan | more)
        yield from (f"{where}: {problem}" for problem in answers.get("problems", ()))
        for name, bundle in bundles.items():
            here = answers["bundles"][name]
            yield from (f"{where}, {name}: {failure}" for failure in here["failures"])
            if "isolated" in more and here["threads"] != 1 + more["isolated"]:
                yield f"{where}, {name}: {here['threads']} threads run"
            said = f"{where}, {name}"
            if read_bundle(bundle).manifest.precision == "fp32":
                yield from _as_python(said, here["answers"], wanted[name])
            elif "embed" in questions[name][0]:
                yield from _near_python(name, where, here["answers"], wanted[name], found)


def _questions(bundle: Path) -> list[list[Any]]:
    """Calls of the client, with the texts that all clients are asked."""
    manifest = read_bundle(bundle).manifest
    texts: list[Any] = [*TEXTS, *SENTENCES]
    task = task_of(manifest.task)
    if task.vectors and not task.dense:
        return [["embedSparse", texts]]
    if task.vectors:
        return [["embed", texts], ["embed", texts[:5], {"longText": "mean"}]]
    if task.reads_whole and task.reads_pairs:
        return [["answer", QUESTION, list(CONTEXTS)]]
    if task.reads_whole:
        return [["tag", texts]]
    if manifest.mask_token:
        return [["fillMask", [text.format(manifest.mask_token) for text in MASKED]]]
    return [["classify", [*texts, *map(list, PAIRS)]]]


def _python(bundle: Path, questions: Sequence[Sequence[Any]]) -> list[Any]:
    model = load(bundle, kernels=OFF)
    verbs = {"fillMask": "fill_mask", "embedSparse": "embed_sparse"}
    answers = []
    for verb, *given in questions:
        options = {"long_text": given.pop()["longText"]} if isinstance(given[-1], dict) else {}
        given = [_pairs(item) for item in given]
        answer = plain(getattr(model, verbs.get(verb, verb))(*given, **options))
        answers.append(_in_units(answer, given[-1]))
    return answers


def _pairs(given: Any) -> Any:
    """Pairs are tuples in Python."""
    if isinstance(given, str):
        return given
    return [tuple(item) if isinstance(item, list) else item for item in given]


def _in_units(answers: Any, texts: Any) -> Any:
    """Places of answers as JavaScript counts them."""
    return [_placed(answer, text) for answer, text in zip(answers, texts, strict=False)]


def _placed(answer: Any, text: str) -> Any:
    if isinstance(answer, list):
        return [_placed(one, text) for one in answer]
    if isinstance(answer, dict) and "start" in answer:
        ((start, end),) = in_utf16(text, [(answer["start"], answer["end"])])
        return answer | {"start": start, "end": end}
    return answer


def _as_python(where: str, here: Any, wanted: Any) -> Iterator[str]:
    apart = distance(here, wanted)
    if not apart <= MOST_APART:
        yield f"{where}: fp32 answers are {apart:.1e} from Python's, more than {MOST_APART:g}"


def distance(one: Any, other: Any) -> float:
    """Largest difference of two numbers, of those above 1 as a share; infinite where all else differs."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return max((distance(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return max((distance(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) / max(1, abs(other))
    return 0.0 if one == other else math.inf


def _near_python(
    name: str, where: str, here: Any, wanted: Any, found: list[Compared]
) -> Iterator[str]:
    near = np.concatenate([cosines(*sides) for sides in zip(here, wanted, strict=True)])
    compared = Compared(name, where, float(near.mean()), float(near.min()))
    found.append(compared)
    if compared.mean < LEAST_MEAN or compared.least < LEAST:
        yield (
            f"{where}, {name}: cosines to Python have mean {compared.mean:.5f} and least "
            f"{compared.least:.5f}, where {LEAST_MEAN} and {LEAST} are held"
        )
