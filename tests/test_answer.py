"""Answers to questions: as SQuAD's readers find them, in contexts of any length."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
import torch
import transformers

from edgebert.checkpoint import open_checkpoint
from edgebert.errors import InputError
from edgebert.references.onnx_file import probe_bundle
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.references.sources import ask
from edgebert.runtimes import Answer, Model, load
from edgebert.tasks.questions import encode_contexts, read_answer
from edgebert.text.long_texts import Whole

CONTEXT = "Anna was in Paris, and Ben told the kitchen fan to turn off in Berlin."
LONG = " ".join(
    [CONTEXT, "开灯 " * 40, CONTEXT.upper(), "Café naïve 1 2 3 4 5 . " * 12, "Ben is off!"]
)


@pytest.fixture(scope="module")
def checkpoint(tiny_reader: Path) -> Path:
    return tiny_reader


@pytest.fixture(scope="module")
def model(tiny_reader_bundle: Path) -> Model:
    return load(tiny_reader_bundle)


def parts_of(pair: tuple[str, str], model: Model) -> list[tokenizers.Encoding]:
    (encoding,) = encode_contexts([pair], model.pipeline.cut, 64)
    return [encoding, *encoding.overflowing]


def plain_answer(
    checkpoint: Path, question: str, context: str, stride: int, *, allow_no_answer: bool
) -> tuple[str, float]:
    """What the question-answering pipeline of transformers 4 does, in PyTorch."""
    reader: Any = transformers.AutoModelForQuestionAnswering.from_pretrained(checkpoint).eval()
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(checkpoint)
    inputs = tokenizer(
        question,
        context,
        truncation="only_second",
        max_length=64,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_tensors="pt",
        padding=True,
    )
    names = ("input_ids", "attention_mask", "token_type_ids")
    with torch.inference_mode():
        logits = reader(**{name: inputs[name] for name in names})
    best, nowhere = ("", 0.0), 1.0
    for window in range(len(inputs["input_ids"])):
        sides = inputs.sequence_ids(window)
        read = [i == 0 or side == 1 for i, side in enumerate(sides)]
        start, end = (
            values[window].masked_fill(~torch.tensor(read), -torch.inf).softmax(0).tolist()
            for values in (logits.start_logits, logits.end_logits)
        )
        nowhere = min(nowhere, start[0] * end[0])
        for first in range(1, len(sides)):
            for last in range(first, min(first + 30, len(sides))):
                if read[first] and read[last] and start[first] * end[last] > best[1]:
                    at, to = (
                        int(inputs["offset_mapping"][window][i][j])
                        for i, j in ((first, 0), (last, 1))
                    )
                    best = context[at:to], start[first] * end[last]
    return ("", nowhere) if allow_no_answer and nowhere > best[1] else best


@pytest.mark.parametrize("allow_no_answer", [False, True])
@pytest.mark.parametrize(
    ("question", "context", "stride"),
    [
        ("where is ben ?", CONTEXT, 16),
        ("where is ben ?", LONG, 16),
        ("is it late ?", LONG, 16),
        ("the " * 40, LONG, 8),  # of 64 tokens they leave 21 for a window
        ("who ?", "anna", 16),
    ],
)
def test_an_answer_is_that_of_plain_pytorch(
    checkpoint: Path, model: Model, question: str, context: str, stride: int, allow_no_answer: bool
) -> None:
    text, score = plain_answer(
        checkpoint, question, context, stride, allow_no_answer=allow_no_answer
    )
    found = model.answer(question, context, allow_no_answer=allow_no_answer)
    assert found.text == text == context[found.start : found.end]
    assert found.score == pytest.approx(score, abs=1e-5)


@pytest.mark.parametrize("allow_no_answer", [False, True])
def test_contexts_of_any_length_are_answered_as_drift_measures_it(
    checkpoint: Path, model: Model, allow_no_answer: bool
) -> None:
    pairs = [("where is ben ?", CONTEXT), ("is it late ?", LONG), ("the " * 40, LONG)]
    answers = [model.answer(*pair, allow_no_answer=allow_no_answer).text for pair in pairs]
    for source in (model, probe_bundle(model), CheckpointModel(open_checkpoint(str(checkpoint)))):
        measured = ask(source, pairs, allow_no_answer=allow_no_answer).answers
        assert list(measured or ()) == answers


@pytest.mark.parametrize(
    ("question", "stride"), [("who ?", 16), ("the " * 40, 8), ("the " * 58, 1)]
)
def test_parts_overlap_and_hold_all_of_the_context(
    model: Model, question: str, stride: int
) -> None:
    parts = parts_of((question, LONG), model)
    places = [
        [place for place, side in zip(p.offsets, p.sequence_ids, strict=True) if side == 1]
        for p in parts
    ]
    assert len(parts) > 3
    assert all(len(part) <= 64 for part in parts)
    whole = model.pipeline.cut(None, 0).encode(LONG, add_special_tokens=False)
    assert sorted({place for part in places for place in part}) == whole.offsets
    for part, following in pairwise(places):
        assert part[-stride:] == following[:stride]


def test_questions_and_contexts_come_in_pairs_or_one_for_all(model: Model) -> None:
    questions = ["where is ben ?", "is it late ?"]
    each = [[model.answer(q, c) for c in (CONTEXT, "anna")] for q in questions]
    assert model.answer(questions, [CONTEXT, "anna"]) == [each[0][0], each[1][1]]
    assert model.answer(questions, CONTEXT) == [each[0][0], each[1][0]]
    assert model.answer(questions[0], [CONTEXT, "anna"]) == each[0]
    stream = model.answer(iter(questions), CONTEXT)
    assert iter(stream) is stream
    assert list(stream) == [each[0][0], each[1][0]]
    assert list(model.answer(questions, (c for c in (CONTEXT, "anna")))) == [each[0][0], each[1][1]]
    assert model.answer([], []) == []


def test_nothing_is_found_in_nothing(model: Model) -> None:
    assert model.answer("who ?", "") == Answer("", 1.0, 0, 0)
    assert model.answer("who ?", " \n") == Answer("", 1.0, 0, 0)
    assert model.answer("", CONTEXT).text


def test_no_answer_is_one_where_every_part_says_so(model: Model) -> None:
    pair = ("who ?", LONG)
    parts = parts_of(pair, model)
    rows = [np.zeros((len(part), 2), np.float32) for part in parts]
    for row in rows:
        row[0] = 9.0
    rows[1][[20, 22], [0, 1]] = 8.0, 8.5

    def read(*, allow_no_answer: bool) -> Answer:
        return read_answer(Whole(pair, parts, rows), allow_no_answer=allow_no_answer)

    start, end = parts[1].offsets[20][0], parts[1].offsets[22][1]
    best = read(allow_no_answer=False)
    assert (best.text, best.start, best.end) == (LONG[start:end], start, end)
    none = read(allow_no_answer=True)
    assert (none.text, none.start, none.end) == ("", 0, 0)
    assert none.score > best.score
    rows[1][[20, 22], [0, 1]] = 12.0
    assert read(allow_no_answer=True) == read(allow_no_answer=False)
    assert read(allow_no_answer=True).text == LONG[start:end]


@pytest.mark.parametrize(
    ("question", "context", "message"),
    [
        (3, "a", "question: expected a text or texts, not int"),
        ("a", None, "context: expected a text or texts, not NoneType"),
        (["a", "b"], ["c"], "2 questions and 1 contexts: not as many"),
        (["a", 3], "b", "text 1: expected str, not int"),
        ("a", ["b", 3.5], "text 1: expected str, not float"),
        (b"a", "b", "text 0: expected str, not bytes"),
        (
            ["a", "the " * 61],
            "b",
            "text 1: its question leaves no room for a context in 64 tokens",
        ),
    ],
)
def test_what_cannot_be_answered_is_named(
    model: Model, question: Any, context: Any, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        model.answer(question, context)
    assert str(caught.value) == message


def test_streams_of_different_lengths_are_an_error_at_their_end(model: Model) -> None:
    stream = model.answer(iter(["a", "b"]), iter([CONTEXT]))
    assert next(stream) == model.answer("a", CONTEXT)
    with pytest.raises(InputError, match="not as many contexts as questions"):
        next(stream)


def test_a_model_of_another_task_answers_nothing(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match="answer needs one for question-answering"):
        load(tiny_bundle).answer("who ?", "anna")
