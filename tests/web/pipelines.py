"""Packages for transformers.js and for Node, opened by what they are made for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bundle_answers import MASKED, QUESTION

from edgebert.bundle import read_bundle
from edgebert.packaging.making import package_bundles
from edgebert.packaging.targets import NODE, TRANSFORMERS_JS
from edgebert.runtimes import load
from edgebert.runtimes.kernels import OFF
from web.running import CLIENT, HERE, WORK, asked, fresh, run

MOST_APART = 1e-5
"""Of a score or a number of a vector, to Python's."""

LEAST_COSINE = 0.998
"""Of int8 vectors of texts that a pipeline pads beside each other, to Python's, which pads none."""

_TEXTS = ["anna is in paris", "turn the lamp off in the kitchen and tell ben", "北京"]
_CONTEXT = "anna is in berlin . ben is in paris"

Asked = dict[str, Any]


def pipelines_open(models: Mapping[str, Sequence[Path]]) -> Iterator[str]:
    """Package each model, and hold the pipelines' answers to Python's.

    Args:
        models: bundles of one model in one precision or two, by name.
    """
    folder = fresh(WORK / "pipelines")
    for name, bundles in models.items():
        package_bundles(bundles, folder / name, target=TRANSFORMERS_JS)
    questions = [question for name, bundles in models.items() for question in _asked(name, bundles)]
    plan = [{key: question[key] for key in _SENT} for question in questions]
    answers = asked(HERE / "in_pipelines.mjs", {"folder": str(folder), "asked": plan})
    for question, answer in zip(questions, answers, strict=True):
        where = f"{question['name']} in {question['options'].get('dtype', 'its own precision')}"
        for problem in _COMPARED[question["verb"]](question["bundle"], answer):
            yield f"{where}: {problem}"


def node_runs(bundle: Path) -> Iterator[str]:
    """Package a bundle for Node, with the onnxruntime-node of the client, and run its script."""
    folder = WORK / "node"
    package_bundles([bundle], folder, target=NODE, force=True)
    (folder / "node_modules").symlink_to(os.path.relpath(CLIENT / "node_modules", folder))
    said = run("node", "ask.mjs", cwd=folder)
    if not said.startswith("golden answers hold\n"):
        yield f"a package for Node says: {said[:300]}"


_SENT = ("name", "task", "options", "given")


def _asked(name: str, bundles: Sequence[Path]) -> Iterator[Asked]:
    dtypes = {"fp32": "fp32", "int8": "q8"}
    for number, bundle in enumerate(bundles):
        manifest = read_bundle(bundle).manifest
        verb, given = _questions(manifest.task, manifest.mask_token)
        if manifest.task == "feature-extraction":
            options = {"pooling": manifest.pooling, "normalize": manifest.normalize}
            given = [[_TEXTS, options]]
        named = {"dtype": dtypes[manifest.precision]}
        for choice in (named, {}) if number == 0 else (named,):
            yield {
                "name": name, "task": manifest.task, "options": choice, "given": given,
                "verb": verb, "bundle": bundle,
            }  # fmt: skip


def _questions(task: str, mask_token: str | None) -> tuple[str, list[list[Any]]]:
    if mask_token:
        return "fill", [[MASKED[0].format(mask_token)]]
    questions: dict[str, tuple[str, list[list[Any]]]] = {
        "feature-extraction": ("embed", []),
        "text-classification": ("classify", [[_TEXTS, {"top_k": None}]]),
        "token-classification": ("tag", [[text] for text in _TEXTS]),
        "question-answering": ("answer", [[QUESTION, _CONTEXT]]),
    }
    return questions[task]


def _vectors(bundle: Path, answers: Any) -> Iterator[str]:
    wanted = load(bundle, kernels=OFF).embed(_TEXTS)
    found = np.asarray(answers[0], np.float32)
    if read_bundle(bundle).manifest.precision == "fp32":
        yield from _far(float(np.abs(found - wanted).max()))
        return
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    least = float((np.sum(found * wanted, axis=1) / lengths).min())
    if least < LEAST_COSINE:
        yield f"the least cosine to Python is {least:.5f}"


def _labels(bundle: Path, answers: Any) -> Iterator[str]:
    wanted = load(bundle, kernels=OFF).classify(_TEXTS)
    for answer, python in zip(answers[0], wanted, strict=True):
        scores = {row["label"]: row["score"] for row in answer}
        if scores.keys() != python.scores.keys():
            yield f"labels are {sorted(scores)}"
            continue
        yield from _far(max(abs(scores[label] - python.scores[label]) for label in scores))


def _entities(bundle: Path, answers: Any) -> Iterator[str]:
    """Each token by itself: what Python calls `simple`, before tokens become entities."""
    model = load(bundle, kernels=OFF)
    for text, answer in zip(_TEXTS, answers, strict=True):
        (logits,) = model.outputs([text])
        likeliest = [model.labels[int(row.argmax())] for row in logits]
        wanted = [label for label in likeliest[1:-1] if label != "O"]
        found = [row["entity"] for row in answer]
        if found != wanted:
            yield f"labels of the tokens of {text!r} are {found} where Python has {wanted}"


def _answer(bundle: Path, answers: Any) -> Iterator[str]:
    wanted = load(bundle, kernels=OFF).answer(QUESTION, _CONTEXT)
    found = answers[0]
    if _letters(found["answer"]) != _letters(wanted.text):
        yield f"the answer is {found['answer']!r} where Python has {wanted.text!r}"
    else:
        yield from _far(abs(found["score"] - wanted.score))


def _letters(text: str) -> str:
    """Without blanks, as pieces are told where a tokenizer's file says not how they are joined."""
    return text.replace(" ", "").replace("Ġ", "")


def _fills(bundle: Path, answers: Any) -> Iterator[str]:
    model = load(bundle, kernels=OFF)
    wanted = model.fill_mask(MASKED[0].format(model.mask_token))
    found = answers[0]
    if [row["token"] for row in found] != [fill.id for fill in wanted]:
        yield f"guesses are {[row['token_str'] for row in found]}"
    else:
        pairs = zip(found, wanted, strict=True)
        yield from _far(max(abs(row["score"] - fill.score) for row, fill in pairs))


_COMPARED = {
    "embed": _vectors,
    "classify": _labels,
    "tag": _entities,
    "answer": _answer,
    "fill": _fills,
}


def _far(apart: float) -> Iterator[str]:
    if not apart <= MOST_APART:
        yield f"an answer is {apart:.1e} from Python's"
