"""Texts longer than a model reads: said to be so, cut shorter, or read in windows."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from lookup import sentencepiece, write_lookup
from tokenizers import Tokenizer

from edgebert.cli import main
from edgebert.drift import check
from edgebert.errors import InputError
from edgebert.export import export_model
from edgebert.runtimes import Model, load
from edgebert.tasks.entities import decode_entities
from edgebert.text.encoding import Text, encode
from edgebert.text.long_texts import Whole, cut_at, encode_windows
from edgebert.text.stitching import stitched
from edgebert.text.words import TokenizedText

WORDS = "turn on the lamp in paris and tell ben that anna is late . ".split()
LONG = " ".join(WORDS * 12)  # 168 tokens, and two special ones

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load(tiny_bundle)


def test_tokens_of_the_whole_text_are_counted(model: Model, tiny_classifier_bundle: Path) -> None:
    assert model.count_tokens("turn on") == 4
    assert model.count_tokens(["", "turn on", LONG]) == [2, 4, 170]
    assert list(model.count_tokens(iter(["turn on", ""]))) == [4, 2]
    assert load(tiny_classifier_bundle).count_tokens([("turn on", "off"), "off"]) == [6, 3]
    with pytest.raises(InputError, match="text 1: expected str, not int"):
        model.count_tokens(["a", 3])  # type: ignore[list-item]


def test_it_can_be_asked_whether_a_text_is_cut(model: Model, tiny_classifier_bundle: Path) -> None:
    fits = " ".join(WORDS[:1] * 46)
    assert model.truncated(fits) is False
    assert model.truncated(fits + " on") is True
    assert model.truncated([LONG, "on"]) == [True, False]
    assert list(model.truncated(iter([LONG, "on"]))) == [True, False]
    assert model.truncated("turn on", max_length=3) is True
    assert load(tiny_classifier_bundle).truncated([("on", LONG), ("on", "off")]) == [True, False]


def test_fewer_tokens_are_read_where_fewer_are_asked_for(model: Model) -> None:
    short = " ".join(WORDS[:8])
    assert np.array_equal(model.embed(LONG, max_length=10), model.embed(short))
    assert np.array_equal(model.embed(LONG, max_length=48), model.embed(LONG))
    assert model.truncated(short, max_length=10) is False


def test_a_mean_counts_each_window_by_its_tokens(model: Model) -> None:
    words = LONG.split()
    windows = [" ".join(words[at : at + 46]) for at in range(0, 168, 46)]
    mean = np.array([46, 46, 46, 30]) @ model.embed(windows) / 168
    found = model.embed(LONG, long_text="mean")
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-6)
    assert not np.allclose(found, model.embed(LONG), atol=1e-3)


def test_a_mean_takes_windows_of_the_length_asked_for(model: Model) -> None:
    words = LONG.split()
    windows = [" ".join(words[at : at + 18]) for at in range(0, 168, 18)]
    mean = np.array([18] * 9 + [6]) @ model.embed(windows) / 168
    found = model.embed(LONG, long_text="mean", max_length=20)
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-6)


def test_a_text_that_fits_is_the_same_either_way(model: Model) -> None:
    texts = ["", "off", " ".join(WORDS)]
    assert np.array_equal(model.embed(texts, long_text="mean"), model.embed(texts))
    together = model.embed([*texts, LONG], long_text="mean", truncate_dim=16, dtype="int8")
    assert (together.shape, together.dtype) == ((4, 16), np.dtype(np.int8))
    alone = model.embed(LONG, long_text="mean", truncate_dim=16, dtype="int8")
    assert np.array_equal(together[3], alone)


def test_threads_may_ask_for_different_lengths_at_once(model: Model) -> None:
    lengths = list(range(4, 48, 4)) * 4
    expected = {n: model.embed(" ".join(LONG.split()[: n - 2])) for n in lengths}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: model.embed(LONG, max_length=n), lengths))
    for length, vector in zip(lengths, found, strict=True):
        assert np.array_equal(vector, expected[length])
    assert (model.tokenizer.truncation or {})["max_length"] == 48


def test_a_long_text_is_classified_by_the_mean_of_its_windows(
    tiny_classifier_bundle: Path,
) -> None:
    model = load(tiny_classifier_bundle)
    words = (LONG + " turn on the light").split()
    windows = model.classify([" ".join(words[at : at + 62]) for at in range(0, len(words), 62)])
    shares = np.array([62, 62, 48]) / 172
    found = model.classify(" ".join(words), long_text="mean")
    for label, score in found.scores.items():
        assert score == pytest.approx(shares @ [w.scores[label] for w in windows], abs=1e-6)
    assert found.label == max(found.scores, key=lambda label: found.scores[label])
    assert found.score == max(found.scores.values())
    assert found != model.classify(" ".join(words))


def test_what_fits_is_classified_the_same_either_way(tiny_classifier_bundle: Path) -> None:
    model = load(tiny_classifier_bundle)
    texts: list[Text] = ["", "off", " ".join(WORDS), ("turn on", "the lamp"), ("", "")]
    assert model.classify(texts, long_text="mean") == model.classify(texts)
    stream = model.classify(iter([*texts, LONG]), long_text="mean")
    assert list(stream) == model.classify([*texts, LONG], long_text="mean")


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_pair_the_longer_side_is_read_in_windows(
    tiny_classifier_bundle: Path, *, turned: bool
) -> None:
    model, words = load(tiny_classifier_bundle), LONG.split()

    def pair(passage: str) -> tuple[str, str]:
        return (passage, "who ?") if turned else ("who ?", passage)

    # of 64 tokens, 3 are special and 2 the question's
    windows = model.classify([pair(" ".join(words[at : at + 59])) for at in range(0, 168, 59)])
    shares = np.array([61, 61, 52]) / 174
    found = model.classify([pair(LONG)], long_text="mean")[0]
    for label, score in found.scores.items():
        assert score == pytest.approx(shares @ [w.scores[label] for w in windows], abs=1e-6)


def test_a_pair_of_two_long_sides_is_one_line_without_an_answer(
    tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    source = tmp_path / "pairs.tsv"
    source.write_text(f"text\ttext_pair\non\toff\n{LONG}\t{LONG}\non\t{LONG}\n")
    run = ["classify", str(tiny_classifier_bundle), "--input", str(source), "--long-text", "mean"]
    result = CliRunner().invoke(main, [*run, "-o", str(tmp_path / "a.jsonl")])
    assert result.exit_code == 1
    assert f"Error: {source}, line 3: both of its sides fill the 64 tokens" in result.stderr
    answers = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [("error" in answer, "label" in answer) for answer in answers] == [
        (False, True),
        (True, False),
        (False, True),
    ]
    result = CliRunner().invoke(main, [*run, "-o", str(tmp_path / "a.csv")])
    assert (result.exit_code, (tmp_path / "a.csv").exists()) == (1, False)
    assert "line 3: both of its sides fill" in result.stderr


def test_a_pair_of_two_long_sides_is_refused(tiny_classifier_bundle: Path) -> None:
    model = load(tiny_classifier_bundle)
    with pytest.raises(InputError, match="text 1: both of its sides fill the 64 tokens"):
        model.classify(["on", (LONG, LONG)], long_text="mean")
    with pytest.raises(InputError, match="long_text='all': expected one of truncate, mean"):
        model.classify("on", long_text="all")


@pytest.mark.parametrize("command", ["embed", "classify"])
def test_the_command_line_tells_how_many_texts_were_cut(
    tiny_bundle: Path, tiny_classifier_bundle: Path, tmp_path: Path, command: str
) -> None:
    bundle, length = (tiny_bundle, 48) if command == "embed" else (tiny_classifier_bundle, 64)
    (tmp_path / "texts.txt").write_text(f"{LONG}\non\n{LONG}\noff\n")
    words = [command, str(bundle), "--input", str(tmp_path / "texts.txt")]
    told = (
        f"2 of 4 texts are longer than the {length} tokens the model reads; "
        "--long-text mean reads all of them"
    )
    output = ["--output", str(tmp_path / "answers.jsonl")]
    for more in ([], output, [*output, "--force", "--resume"]):
        assert told in CliRunner().invoke(main, [*words, *more]).stderr
    read = CliRunner().invoke(main, [*words, "--long-text", "mean"])
    assert (read.exit_code, "longer than" in read.stderr) == (0, False)
    key = {"embed": "embedding", "classify": "scores"}[command]
    first = json.loads(read.stdout.splitlines()[0])[key]
    model = load(bundle)
    if command == "embed":
        assert first == pytest.approx(model.embed(LONG, long_text="mean").tolist(), abs=1e-6)
    else:
        assert first == model.classify(LONG, long_text="mean").scores
    short = CliRunner().invoke(main, [command, str(bundle), "on"])
    assert "longer than" not in short.stderr


@pytest.fixture(scope="module")
def finder_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger that reads 16 tokens at a time and knows anna, new york, and nothing else."""
    names = {"anna": "B-PER", "▁anna": "B-PER", "▁new": "B-LOC", "▁york": "I-LOC"}
    rows = {piece: [9.0 * (label == name) for label in LABELS] for piece, name in names.items()}
    tokenizer = sentencepiece("deberta")
    rows = {piece: row for piece, row in rows.items() if tokenizer.token_to_id(piece) is not None}
    folder = tmp_path_factory.mktemp("finder")
    maps = {"id2label": dict(enumerate(LABELS)), "label2id": {n: i for i, n in enumerate(LABELS)}}
    return write_lookup(folder, tokenizer, "TokenClassification", rows, max_length=16, **maps)


@pytest.fixture(scope="module")
def finder_bundle(finder_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "finder"
    export_model(finder_checkpoint, folder)
    return folder


def where(text: str) -> list[tuple[int, int, str]]:
    """All names in a text."""
    return [
        (found.start(), found.end(), "PER" if found[0] == "anna" else "LOC")
        for found in re.finditer("anna|new york", text)
    ]


@pytest.mark.parametrize("direction", ["right", "left"])
def test_entities_of_a_long_text_are_found_once_and_whole_wherever_a_window_ends(
    finder_bundle: Path, direction: str
) -> None:
    opened = load(finder_bundle)
    tokenizer = cut_at(opened.tokenizer, None, 0)
    tokenizer.enable_truncation(16, direction=direction)
    finder = Model(opened.bundle, opened.engine, tokenizer)
    texts = [
        " ".join(["the"] * before + ["anna met new york in new york"] * 3 + ["lamp"] * after)
        for before in range(17)
        for after in (0, 1, 5)
    ]
    found = finder.tag(texts)
    for text, entities in zip(texts, found, strict=True):
        assert [(e.start, e.end, e.label) for e in entities] == where(text)
        assert all(e.text == text[e.start : e.end] for e in entities)
    assert list(finder.tag(iter(texts))) == found
    assert finder.tag(texts[7]) == found[7]


def test_a_text_that_fits_is_tagged_by_its_one_window(tiny_tagger_bundle: Path) -> None:
    tagger = load(tiny_tagger_bundle)
    texts = ["", "Anna was in Paris", " ".join(WORDS * 4)]
    for text, logits in zip(texts, tagger.outputs(texts), strict=True):
        (encoding,) = encode(tagger.tokenizer, [text])
        assert not encoding.overflowing
        tokenized = TokenizedText.of(text, encoding)
        assert tagger.tag(text) == decode_entities(tokenized, logits, tagger.labels)


@pytest.mark.parametrize("direction", ["right", "left"])
@pytest.mark.parametrize("length", [3, 4, 9, 16, 62])
def test_a_token_is_taken_from_the_window_that_shows_most_around_it(
    tiny_tagger: Path, length: int, direction: str
) -> None:
    tokenizer = Tokenizer.from_file(str(tiny_tagger / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(length, direction=direction)
    (encoding,) = encode_windows([LONG], tokenizer, partial(cut_at, tokenizer))
    parts = [encoding, *encoding.overflowing]
    starts = [part.offsets[1][0] for part in parts]
    ends = [part.offsets[-2][1] for part in parts]
    rows = []
    for part in parts:
        count = len(part) - 2
        behind = np.arange(count) if part.offsets[1][0] > min(starts) else np.full(count, 999)
        ahead = np.arange(count)[::-1] if part.offsets[-2][1] < max(ends) else np.full(count, 999)
        rows.append(np.pad(np.minimum(behind, ahead), 1)[:, None].astype(np.float32))
    tokenized, logits = stitched(Whole(LONG, parts, rows))
    tokenizer.no_truncation()
    plain = tokenizer.encode(LONG)
    assert list(tokenized.offsets) == plain.offsets[1:-1]
    assert list(tokenized.word_ids) == plain.word_ids[1:-1]
    most: dict[tuple[int, int], float] = {}
    for part, row in zip(parts, rows, strict=True):
        for span, value in zip(part.offsets[1:-1], row[1:-1, 0], strict=True):
            most[span] = max(most.get(span, 0), float(value))
    assert logits[:, 0].tolist() == [most[span] for span in plain.offsets[1:-1]]


def test_check_reads_all_of_a_long_text_as_tag_does(
    finder_checkpoint: Path, finder_bundle: Path, tmp_path: Path
) -> None:
    words = ["anna", *["the"] * 29, "new", "york", *["lamp"] * 8, "anna"]
    tags = {"anna": "B-PER", "new": "B-LOC", "york": "I-LOC"}
    data = tmp_path / "long.conll"
    data.write_text("".join(f"{word} {tags.get(word, 'O')}\n" for word in words))
    saved = tmp_path / "saved.jsonl"
    text = {"text": " ".join(words)}
    entities = [asdict(entity) for entity in load(finder_bundle).tag(text["text"])]
    saved.write_text(json.dumps({**text, "entities": entities}) + "\n")
    for candidate in (finder_bundle, finder_bundle / "model.onnx", saved):
        record = check(finder_checkpoint, candidate, data)
        assert record.metric is not None
        assert (record.metric.reference, record.metric.candidate) == (100, 100)
        assert (record.n, record.distance_mean < 1e-4) == (1, True)
