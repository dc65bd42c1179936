"""`check` asks questions as `answer` does: in contexts of any length, some without an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from lookup import byte_level, write_lookup

from edgebert.drift import check
from edgebert.errors import GateError
from edgebert.export import export_model
from edgebert.quantize.search.mixture_drift import DriftMeter
from edgebert.runtimes import load

SHORT, LONG = "anna lives in new york .", "the lamp is good . " * 30 + "anna lives in new york ."
NOTHING = "good lamp in paris !"
Asked = Sequence[tuple[str, Sequence[str]]]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Starts at new, ends at york, and finds "nothing" at its first token likelier than all else."""
    rows = {"Ġ": (1.0, 1.0), "<s>": (5.0, 5.0), "Ġnew": (9.0, 0.0), "Ġyork": (0.0, 9.0)}
    tokenizer = byte_level()
    folder = tmp_path_factory.mktemp("reader")
    return write_lookup(folder, tokenizer, "QuestionAnswering", rows)


@pytest.fixture(scope="module")
def bundle(reader: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "reader"
    export_model(reader, folder)
    return folder


def squad(path: Path, asked: Asked) -> Path:
    paragraphs = [
        {
            "context": context,
            "qas": [
                {
                    "id": str(number),
                    "question": "where is it",
                    "answers": [{"text": a, "answer_start": context.find(a)} for a in answers],
                    "is_impossible": not answers,
                }
            ],
        }
        for number, (context, answers) in enumerate(asked)
    ]
    path.write_text(json.dumps({"version": "v2.0", "data": [{"paragraphs": paragraphs}]}))
    return path


def points(reference: Path, candidate: Path, data: Path) -> list[tuple[float, float]]:
    try:
        record = check(reference, candidate, data)
    except GateError as error:
        pytest.fail(str(error))
    return [(metric.reference, metric.candidate) for metric in record.metrics]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([(SHORT, ["new york"]), (NOTHING, [])], 100),
        ([(SHORT, ["new york"]), (LONG, ["new york"])], 100),
        ([(SHORT, []), (NOTHING, []), (LONG, ["new york"])], 100 * 2 / 3),
        # all questions have an answer: one is given, as SQuAD 1.1 asks
        ([(SHORT, ["new york"]), (NOTHING, ["paris"])], 50),
    ],
)
def test_questions_are_scored_by_what_answer_says(
    reader: Path, bundle: Path, tmp_path: Path, asked: Asked, expected: float
) -> None:
    data = squad(tmp_path / "asked.json", asked)
    model, impossible = load(bundle), any(not answers for _, answers in asked)
    given = [model.answer("where is it", c, allow_no_answer=impossible).text for c, _ in asked]
    exact = [text in (answers or [""]) for text, (_, answers) in zip(given, asked, strict=True)]
    for candidate in (bundle, bundle / "model.onnx"):
        f1, exact_match = points(reader, candidate, data)
        assert f1[0] == f1[1] >= exact_match[0]
        assert exact_match == pytest.approx((expected, expected))
        assert exact_match[1] == pytest.approx(100 * sum(exact) / len(exact))


def test_answers_hold_no_blank_around_them(bundle: Path) -> None:
    found = load(bundle).answer("where is it", SHORT)
    assert (found.text, found.start, found.end) == ("new york", 14, 22)


def test_quantization_judges_answers_as_they_are_given(bundle: Path) -> None:
    model = load(bundle)
    pairs = [("where is it", context) for context in (SHORT, NOTHING, LONG)]
    for allowed in (False, True):
        kept = DriftMeter(model, pairs, allow_no_answer=allowed)._reference
        given = [model.answer(*pair, allow_no_answer=allowed).text for pair in pairs]
        assert kept.answers == tuple(given)
