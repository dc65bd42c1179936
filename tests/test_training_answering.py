"""Readers: what they are taught of a context in windows, and that bundles answer as they learned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import transformers
from click.testing import CliRunner, Result
from tiny import make_untrained, write_tokenizer

from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.data import Columns, Examples, read_examples
from edgebert.data.questions import span_of_answer
from edgebert.drift import check
from edgebert.errors import InputError
from edgebert.export import export_model
from edgebert.records.trained import TrainingRecord
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.references.sources import ask
from edgebert.runtimes import load
from edgebert.text.words import token_span
from edgebert.training import FinetuneOptions, evaluate, finetune
from edgebert.training.loop.objective import Step
from edgebert.training.tasks.questions.answering import (
    NOT_HERE,
    AnsweredQuestions,
    encode_questions,
)
from edgebert.training.tasks.trainable import load_task

WHO, WHERE = "1 ?", "2 ?"  # in words that the tiny vocabulary has
FILLER = "please tell that it is late and not good . "
LONG = f"{FILLER * 14}anna is in paris"  # 154 tokens, of which the answer is the last
OPTIONS = FinetuneOptions(
    epochs=16, batch_size=4, learning_rate=3e-3, precision="fp32", metric="loss"
)

Row = dict[str, Any]


def row(question: str, context: str, *answers: str) -> Row:
    found = [{"text": text, "answer_start": context.index(text)} for text in answers]
    return {"question": question, "context": context, "answers": found}


def ten_questions() -> list[Row]:
    """Eight about short contexts, one about a long one, and one without an answer."""
    told = [("anna", "paris"), ("ben", "berlin"), ("ben", "the kitchen"), ("anna", "the bedroom")]
    rows = [
        row(question, f"it is late , {who} is in {where} .", answer)
        for who, where in told
        for question, answer in ((WHO, who), (WHERE, where))
    ]
    return [*rows, row(WHERE, LONG, "paris"), row("3 ?", "it is late , ben is in paris .")]


def write(path: Path, rows: Sequence[Row]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_untrained(tmp_path_factory.mktemp("bert"), spread=0.1)


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("questions") / "train.jsonl", ten_questions())


@pytest.fixture(scope="module")
def trained(bert: Path, questions: Path) -> tuple[Path, TrainingRecord]:
    output = bert.with_name("reader")
    record = finetune(
        str(bert), output, task="question-answering", train=questions, dev=questions,
        options=OPTIONS,
    )  # fmt: skip
    return output, record


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    write_tokenizer(folder)
    return folder


def encoded(folder: Path, *rows: Row) -> AnsweredQuestions:
    """What a reader of 64 tokens is taught of these rows."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.model_max_length = 64
    path = write(folder.with_name("rows.jsonl"), rows)
    return encode_questions(read_examples(path, columns=Columns()), tokenizer=tokenizer)


def taught(data: AnsweredQuestions) -> list[str]:
    """The characters that each window's targets stand for; of one without an answer none."""
    texts: list[str] = []
    for (_, context), windows in zip(data.pairs, data.reader.windows(data.pairs), strict=True):
        for window in windows:
            start, end = data.targets[len(texts)].tolist()
            (first, _), (_, last) = (
                token_span(context, window.offsets[place], window.tokens[place])
                for place in (start, end)
            )
            texts.append("" if start == NOT_HERE == end else context[first:last])
    return texts


def test_a_reader_learns_ten_questions(trained: tuple[Path, TrainingRecord]) -> None:
    folder, record = trained
    assert (record.task, record.metric) == ("question-answering", "loss")
    assert record.evaluations[-1].scores["f1"] == 100
    names = {"f1", "exact_match", "has_answer_f1", "has_answer_exact_match", "no_answer_accuracy"}
    assert record.evaluations[-1].scores.keys() == names | {"loss"}
    assert record.examples > 10  # windows
    assert open_checkpoint(folder).task == "question-answering"


def test_a_bundle_answers_as_the_reader_learned(
    trained: tuple[Path, TrainingRecord], questions: Path, tmp_path: Path
) -> None:
    folder, _ = trained
    export_model(folder, tmp_path / "bundle")
    model = load(tmp_path / "bundle")
    for one in ten_questions():
        answer = model.answer(one["question"], one["context"], allow_no_answer=True)
        assert answer.text == (one["answers"][0]["text"] if one["answers"] else "")
    assert model.answer(WHERE, LONG).end == len(LONG)
    record = check(folder, tmp_path / "bundle", questions)
    assert record.metric is not None and record.metric.name == "f1"
    assert record.metric.reference == record.metric.candidate == 100


def test_the_exam_is_what_a_model_answers(trained: tuple[Path, TrainingRecord]) -> None:
    folder, _ = trained
    task = load_task(open_checkpoint(folder))
    data = encoded(folder, *ten_questions())
    side = CheckpointModel(open_checkpoint(str(folder)))
    asked = ask(side, data.pairs, allow_no_answer=True).answers
    assert asked == tuple("".join(answers) for answers in data.answers)
    assert (
        task.encode(read_examples(folder.with_name("rows.jsonl"))).scores(task.model)["f1"] == 100
    )


def test_a_trained_reader_is_scored_by_its_file(
    trained: tuple[Path, TrainingRecord], questions: Path, tmp_path: Path
) -> None:
    folder, _ = trained
    assert evaluate(str(folder), questions) == 100
    wrong = [
        {**one, "answers": row("", one["context"], "is")["answers"]} for one in ten_questions()
    ]
    assert evaluate(str(folder), write(tmp_path / "wrong.jsonl", wrong)) < 50


def test_transformers_finds_the_same_answers(trained: tuple[Path, TrainingRecord]) -> None:
    reader: Any = transformers.AutoModelForQuestionAnswering.from_pretrained(trained[0]).eval()
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(trained[0])
    for one in ten_questions()[:8]:
        inputs = tokenizer(one["question"], one["context"], return_tensors="pt")
        output = reader(**inputs)
        start, end = int(output.start_logits.argmax()), int(output.end_logits.argmax())
        found = tokenizer.decode(inputs["input_ids"][0, start : end + 1])
        assert found == one["answers"][0]["text"]


def test_the_loss_is_that_of_transformers(tiny_reader: Path, tokenizer: Path) -> None:
    model = transformers.AutoModelForQuestionAnswering.from_pretrained(tiny_reader).eval()
    data = encoded(tokenizer, *ten_questions())
    expected = 0.0
    for place, (start, end) in enumerate(data.targets):
        inputs = data.encoded.batch([place])
        expected += model(
            **inputs, start_positions=start[None], end_positions=end[None]
        ).loss.item()  # fmt: skip
    count = len(data.lengths)
    for micro_batch in (count, 2):  # padded in other ways
        losses = data.losses(model, Step(range(count), count, micro_batch))
        assert float(sum(loss.item() for loss in losses)) == pytest.approx(expected / count)
    assert data.scores(model)["loss"] == pytest.approx(expected / count)


def test_every_window_that_holds_the_answer_is_taught_it_and_no_other(tokenizer: Path) -> None:
    context = f"{FILLER * 5}anna is in paris . {FILLER * 5}"
    data = encoded(
        tokenizer,
        row("where ?", context, "anna is in paris"),
        row("where is anna ?", LONG, "paris"),
        row("why ?", context),
    )
    found = [len(windows) for windows in data.reader.windows(data.pairs)]
    texts = taught(data)
    assert min(found) > 2 and sum(found) == len(texts) == len(data.lengths)
    assert max(data.lengths) == 64
    assert set(texts[: found[0]]) == {"", "anna is in paris"}
    assert texts[found[0] : found[0] + found[1]] == [*[""] * (found[1] - 1), "paris"]
    assert texts[-found[2] :] == [""] * found[2]


def test_an_answer_at_the_edge_of_a_window_is_taught_where_it_is_whole(tokenizer: Path) -> None:
    words = "one two three four five six seven eight nine".split()
    context = " ".join(f"{word} 1" for word in words * 12)
    for begin in range(60):
        pieces = context.split()
        answer = " ".join(pieces[begin : begin + 3])
        place = len(" ".join(pieces[:begin])) + (begin > 0)
        one = row("who ?", context)
        one["answers"] = [{"text": answer, "answer_start": place}]
        texts = taught(encoded(tokenizer, one))
        assert set(texts) == {"", answer}


@pytest.mark.parametrize(
    ("context", "answer", "expected"),
    [
        ("  Anna is in Paris .  ", "Paris", "Paris"),
        ("anna is in the café .", "the café", "the café"),
        ("cafe\u0301 is off", "cafe\u0301", "cafe"),  # for which no token stands
        ("👩‍👩‍👧 anna is in 北京 .", "北京", "北京"),
        ("开灯 is in 北京", "京", "京"),
        ("the fans turned off", "fan", "fan"),
    ],
)
def test_offsets_are_characters(tokenizer: Path, context: str, answer: str, expected: str) -> None:
    (text,) = taught(encoded(tokenizer, row("where ?", context, answer)))
    assert text == expected


def test_blanks_of_a_byte_level_tokenizer_are_no_part_of_an_answer(tmp_path: Path) -> None:
    learner = tokenizers.Tokenizer(tokenizers.models.BPE())
    learner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    learner.post_processor = tokenizers.processors.RobertaProcessing(
        ("</s>", 1), ("<s>", 0), add_prefix_space=False
    )
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    learner.train_from_iterator(
        ["anna is in paris, ben is in berlin"] * 9,
        tokenizers.trainers.BpeTrainer(
            vocab_size=320,
            special_tokens=["<s>", "</s>", "<pad>"],
            initial_alphabet=alphabet,
            show_progress=False,
        ),
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=learner,
        pad_token="<pad>",
        cls_token="<s>",
        sep_token="</s>",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(tmp_path / "bytes")
    for answer in ("paris", "is in paris", "北京"):
        context = "  anna is in paris, ben is in 北京"
        data = encoded(tmp_path / "bytes", row("where is anna?", context, answer))
        assert taught(data) == [answer]
        assert data.encoded.columns.keys() == {"input_ids"}


@pytest.mark.parametrize(
    ("start", "expected"),
    [(11, 11), (0, 0), (None, 0), (9, 11), (3, 0), (99, 22), (-5, 0), (22, 22)],
)
def test_an_answer_is_taken_where_it_stands_nearest_to_its_start(
    start: int | None, expected: int
) -> None:
    context = "lamp, fan, lamp, the, lamp"
    assert span_of_answer(context, "lamp", start) == (expected, expected + 4)
    assert span_of_answer(context, "lamps", start) is None


def test_blanks_around_an_answer_are_no_part_of_it() -> None:
    assert span_of_answer("anna is in paris", " paris ", 10) == (11, 16)


def complaint(*rows: Row, tokenizer: Path) -> str:
    with pytest.raises(InputError) as caught:
        encoded(tokenizer, *rows)
    told = str(caught.value)
    assert "\n" not in told
    return told.removeprefix(str(tokenizer.with_name("rows.jsonl")))


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"context": "ben is off ."}, "the context does not hold the answer 'paris'"),
        ({"context": ""}, "the context does not hold the answer 'paris'"),
        ({"question": "the " * 61}, "its question leaves no room for a context in 64 tokens"),
        ({"context": None}, "no 'context'"),
        ({"answers": "paris"}, "'answers' should be a list of objects with 'text'"),
    ],
)
def test_a_row_that_cannot_be_learned_is_told_with_its_line(
    tokenizer: Path, bad: Row, told: str
) -> None:
    good = row("where ?", "anna is in paris", "paris")
    assert complaint(good, {**good, **bad}, tokenizer=tokenizer) == f", line 2: {told}"


def test_an_answer_that_the_tokenizer_drops_is_told(tokenizer: Path) -> None:
    context = "anna is in \u200b\u200b paris"
    one = row("where ?", "anna is in paris", "paris")
    dropped = {**one, "context": context, "answers": [{"text": "\u200b\u200b"}]}
    told = complaint(one, dropped, tokenizer=tokenizer)
    assert told.startswith(", line 2: the tokenizer leaves nothing of the answer ")


def test_a_file_without_any_answer_is_told(tokenizer: Path) -> None:
    assert complaint(row("where ?", "ben is off"), tokenizer=tokenizer) == (
        ": no question has an answer"
    )


def test_questions_of_squads_json_are_told_by_where_they_stand(bert: Path, tmp_path: Path) -> None:
    asked = [{"question": "where ?", "answers": [{"text": "paris", "answer_start": 11}]}] * 2
    paragraphs = [
        {"context": context, "qas": asked} for context in ("anna is in paris", "ben is off")
    ]
    path = tmp_path / "train.json"
    path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        finetune(
            str(bert), tmp_path / "out", task="question-answering", train=path, options=OPTIONS
        )
    assert str(caught.value) == (
        f"{path}, article 1, paragraph 2, question 1: the context does not hold the answer 'paris'"
    )
    assert not (tmp_path / "out").exists()


def test_the_command_learns_columns_of_any_name(bert: Path, tmp_path: Path) -> None:
    rows = [
        {"ask": one["question"], "passage": one["context"], "gold": one["answers"]}
        for one in ten_questions()
    ]
    train = write(tmp_path / "train.jsonl", rows)
    columns = ["--text-column", "ask", "--pair-column", "passage", "--label-column", "gold"]
    learned = ("--task", "question-answering", "--train", str(train), "--epochs", "1")
    asked = ("finetune", str(bert), *learned)
    result = call(*asked, "--dev", train, *columns, "-o", tmp_path / "out")
    assert result.exit_code == 0 and "dev f1" in result.stdout, result.stderr
    told = call(*asked, "-o", tmp_path / "other")
    assert told.exit_code == 1
    assert told.stderr == (
        f"Error: {train}, line 1: no column named 'text' or 'sentence'; columns found: ask, passage, "
        "gold. Call yours 'text', or name it with --text-column\n"
    )


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")


def test_answers_that_are_read_keep_where_they_start(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", ten_questions())
    examples: Examples = read_examples(path)
    assert examples.answer_starts is not None
    for text, answers, starts in zip(
        examples.texts, examples.require_answers(), examples.answer_starts, strict=True
    ):
        context = text[1]
        for answer, start in zip(answers, starts, strict=True):
            assert start is not None and context[start:].startswith(answer)
