"""Texts longer than a model reads: said to be so, cut shorter, or read in windows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from edgebert.errors import InputError
from edgebert.runtimes import Model, load

WORDS = "turn on the lamp in paris and tell ben that anna is late . ".split()
LONG = " ".join(WORDS * 12)  # 168 tokens, and two special ones


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load(tiny_bundle)


def test_tokens_of_the_whole_text_are_counted(model: Model, tiny_classifier_bundle: Path) -> None:
    assert model.count_tokens("turn on") == 4
    assert model.count_tokens(["", "turn on", LONG]) == [2, 4, 170]
    assert list(model.count_tokens(iter(["turn on", ""]))) == [4, 2]
    assert load(tiny_classifier_bundle).count_tokens([("turn on", "off"), "off"]) == [6, 3]
    with pytest.raises(InputError, match="text 1: expected str, not int"):
        model.count_tokens(["a", 3])


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
    assert (together.shape, together.dtype) == ((4, 16), np.int8)
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
