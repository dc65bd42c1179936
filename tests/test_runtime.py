"""The runtime: the right shapes, the right order, the right characters, and one clear line else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgebert
from edgebert.errors import BundleError, InputError
from edgebert.machine import this_machine
from edgebert.records.profile import TOKENS_PER_RUN
from edgebert.runtimes import Entity, load
from edgebert.runtimes.batches import micro_batches
from edgebert.runtimes.golden import relative_distance, run_golden
from edgebert.tasks.entities import decode_entities
from edgebert.text.encoding import encode
from edgebert.text.words import TokenizedText

TEXTS = ["turn on the lamp", "", "anna is in paris . ben is in berlin !", "off", "a " * 60]


def test_one_text_gives_one_vector(tiny_bundle: Path) -> None:
    vector = load(tiny_bundle).embed("turn on the lamp")
    assert vector.shape == (64,)
    assert vector.dtype == np.float32
    assert np.isclose(np.linalg.norm(vector), 1.0, atol=1e-5)


def test_a_list_gives_a_matrix_in_the_order_of_the_list(tiny_bundle: Path) -> None:
    model = load(tiny_bundle)
    together = model.embed(TEXTS)
    assert together.shape == (5, 64)
    for text, row in zip(TEXTS, together, strict=True):
        assert np.allclose(model.embed(text), row, atol=1e-5)


def test_an_empty_list_gives_no_rows(tiny_bundle: Path) -> None:
    assert load(tiny_bundle).embed([]).shape == (0, 64)


def test_a_stream_gives_vectors_before_it_has_ended(tiny_bundle: Path) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield f"turn {taken}"

    vectors = load(tiny_bundle).embed(endless())
    assert next(vectors).shape == (64,)
    assert 1 <= taken < 5000


def test_a_text_of_100000_characters_is_truncated(tiny_bundle: Path) -> None:
    model = load(tiny_bundle)
    assert np.array_equal(model.embed("lamp " * 20_000), model.embed("lamp " * 60))


def test_nul_bytes_do_not_change_a_vector(tiny_bundle: Path) -> None:
    model = load(tiny_bundle)
    assert np.array_equal(model.embed("turn\x00 on"), model.embed("turn on"))


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (3, "expected a text or texts, not int"),
        (None, "expected a text or texts, not NoneType"),
        (b"bytes", "text 0: expected str, not bytes"),
        (["fine", 3.5], "text 1: expected str, not float"),
        ([["nested"]], "text 0: expected str, not list"),
        (["fine", "half \ud83d"], "text 1: holds a lone surrogate, so it is not Unicode text"),
        ([("a", "pair")], "text 0: expected str, not tuple"),
    ],
)
def test_what_is_not_text_is_named(tiny_bundle: Path, texts: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tiny_bundle).embed(texts)
    assert str(caught.value) == message


def test_a_wrong_item_late_in_a_stream_is_an_error_too(tiny_bundle: Path) -> None:
    texts: list[Any] = ["a"] * 3 + [7]
    vectors = load(tiny_bundle).embed(iter(texts))
    with pytest.raises(InputError, match="text 3: expected str, not int"):
        list(vectors)


def test_a_bundle_of_another_task_says_so(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match="is a feature-extraction bundle; classify needs one for"):
        load(tiny_bundle).classify("a")


def test_a_classification_names_every_label(tiny_classifier_bundle: Path) -> None:
    answer = load(tiny_classifier_bundle).classify("turn on the lamp")
    assert set(answer.scores) == {"off", "on", "tell"}
    assert answer.label == max(answer.scores, key=answer.scores.__getitem__)
    assert answer.score == answer.scores[answer.label]
    assert sum(answer.scores.values()) == pytest.approx(1.0, abs=1e-5)
    assert answer.labels is None


def test_the_order_of_a_pair_matters(tiny_classifier_bundle: Path) -> None:
    model = load(tiny_classifier_bundle)
    one, other = model.classify([("anna is late", "ben is good"), ("ben is good", "anna is late")])
    assert one.scores != other.scores


def test_classifying_nothing_gives_nothing(tiny_classifier_bundle: Path) -> None:
    assert load(tiny_classifier_bundle).classify([]) == []


@pytest.mark.parametrize(
    "text",
    [
        "Café NAÏVE in Paris",
        "cafe\u0301 naive in paris",
        "北京 is good . 开灯",
        "👩‍👩‍👧 anna 👍🏽 in Berlin 🎉",
        "  spaces   and\ttabs\nand\x00nul anna ",
        "İstanbul ﬁne ½ ǅ",
    ],
)
def test_entity_offsets_are_characters_of_the_text(tiny_tagger_bundle: Path, text: str) -> None:
    entities = load(tiny_tagger_bundle).tag(text)
    assert entities, "a random tagger finds something in every text"
    for entity in entities:
        assert entity.text == text[entity.start : entity.end]
        assert entity.text.strip() == entity.text != ""
    assert [e.start for e in entities] == sorted(e.start for e in entities)


def test_tagging_an_empty_text_finds_nothing(tiny_tagger_bundle: Path) -> None:
    assert load(tiny_tagger_bundle).tag(["", "anna"])[0] == []


def test_entities_are_joined_by_the_rules_of_bio() -> None:
    text = "New York Paris calls Ana Li"
    words = [(0, 3), (4, 8), (9, 14), (15, 20), (21, 24), (25, 27)]
    tags = ["B-LOC", "I-LOC", "B-LOC", "O", "I-PER", "I-LOC"]
    labels = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    found = decode_entities(
        TokenizedText(text, [(0, 0), *words, (0, 0)], [None, *range(6), None]),
        _one_hot(["O", *tags, "O"], labels),
        labels,
    )
    assert [(e.text, e.label) for e in found] == [
        ("New York", "LOC"),
        ("Paris", "LOC"),
        ("Ana", "PER"),
        ("Li", "LOC"),
    ]


def test_a_word_takes_the_label_of_its_first_token_and_all_of_its_characters() -> None:
    labels = ["O", "B-LOC", "I-LOC"]
    tokenized = TokenizedText("Ljubljana", [(0, 3), (3, 6), (6, 9)], [0, 0, 0])
    (entity,) = decode_entities(tokenized, _one_hot(["B-LOC", "O", "O"], labels), labels)
    assert entity == Entity("Ljubljana", "LOC", entity.score, 0, 9)


def test_micro_batches_hold_every_text_once_and_bounded_tokens(tiny_bundle: Path) -> None:
    model = load(tiny_bundle)
    encodings = encode(model.tokenizer, [f"{'lamp ' * (i % 40)}" for i in range(200)])
    batches = list(micro_batches(encodings, model.input_spec))
    assert sorted(p for batch in batches for p in batch.positions) == list(range(200))
    for batch in batches:
        assert batch.inputs["input_ids"].size <= TOKENS_PER_RUN
        for position, row in zip(batch.positions, batch.inputs["input_ids"], strict=True):
            length = len(encodings[position])
            assert row[:length].tolist() == encodings[position].ids
            assert not row[length:].any()


def test_an_unknown_prompt_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match="has no prompt 'query'; it has: none"):
        load(tiny_bundle).embed("a", prompt="query")


def test_golden_texts_pass_where_they_were_made(tiny_int8: Path) -> None:
    answers = run_golden(load(tiny_int8))
    assert len(answers) > 24
    assert all(answer.passed for answer in answers)


def test_a_newer_onnxruntime_is_proved_once_and_remembered(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(onnxruntime, "__version__", "99.0.0")
    load(tiny_bundle)
    (verdict,) = (p for p in tmp_path.rglob("*") if p.is_file())
    assert verdict.name.endswith(f"-99.0.0-{this_machine().cpu_class}")


def test_a_newer_onnxruntime_that_answers_differently_is_refused(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(onnxruntime, "__version__", "99.0.0")
    monkeypatch.setattr("edgebert.runtimes.golden.relative_distance", lambda a, b: 0.5)
    with pytest.raises(BundleError, match=r"answers differently under onnxruntime 99\.0\.0"):
        load(tiny_bundle)


def test_a_distance_to_nan_is_infinite() -> None:
    assert relative_distance([1.0, float("nan")], [1.0, 2.0]) == float("inf")
    assert relative_distance([1.0], [1.0, 2.0]) == float("inf")
    assert relative_distance([3.0, 4.0], [3.0, 0.0]) == pytest.approx(4 / 3)


def test_running_a_bundle_loads_no_torch(tiny_bundle: Path) -> None:
    code = (
        "import sys, edgebert; edgebert.load(sys.argv[1]).embed('a');"
        "print([m for m in ('torch', 'transformers', 'onnx', 'click') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tiny_bundle)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_the_package_face_names_its_functions() -> None:
    assert edgebert.load is load
    assert set(edgebert.__all__) <= set(dir(edgebert))
    with pytest.raises(AttributeError):
        edgebert.nothing  # noqa: B018 - the access is the test


def _one_hot(tags: list[str], labels: list[str]) -> np.ndarray:
    return np.asarray([[8.0 * (tag == label) for label in labels] for tag in tags], np.float32)
