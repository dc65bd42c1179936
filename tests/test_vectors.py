"""Forms of a vector: short ones, ones of few bits, and what comparing them gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgebert.errors import InputError
from edgebert.runtimes import Model, load
from edgebert.vectors.forms import check_form, floats, ones_of, packed, words_of

TEXTS = ["turn on the lamp", "", "anna is in paris . ben is in berlin !", "off", "a " * 60]


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load(tiny_bundle)


def rows_of(n: int, dim: int) -> np.ndarray:
    return np.random.default_rng(5).standard_normal((n, dim)).astype(np.float32)


@pytest.mark.parametrize("dim", [1, 8, 63])
def test_a_short_vector_is_the_beginning_of_the_long_one_at_length_1(
    model: Model, dim: int
) -> None:
    whole, short = model.embed(TEXTS), model.embed(TEXTS, truncate_dim=dim)
    assert short.shape == (5, dim)
    first = whole[:, :dim]
    expected = first / np.linalg.norm(first, axis=1, keepdims=True)
    np.testing.assert_allclose(short, expected, atol=1e-6)
    assert np.array_equal(model.embed(TEXTS, truncate_dim=64), whole)


def test_a_model_that_does_not_normalize_is_only_cut() -> None:
    vectors = rows_of(3, 16)
    form = check_form(16, normalize=False, truncate_dim=8, dtype="float32")
    assert np.array_equal(form.of(vectors[1]), vectors[1, :8])
    assert np.array_equal(form.matrix(map(form.of, vectors), 3), vectors[:, :8])


@pytest.mark.parametrize(
    ("dtype", "kind", "width"),
    [
        ("float32", np.float32, 64),
        ("float16", np.float16, 64),
        ("int8", np.int8, 64),
        ("binary", np.uint8, 8),
    ],
)
def test_a_form_is_the_same_for_one_text_a_list_a_stream_and_none(
    model: Model, dtype: str, kind: type, width: int
) -> None:
    together = model.embed(TEXTS, dtype=dtype)
    assert (together.dtype, together.shape) == (np.dtype(kind), (5, width))
    alone = model.embed(TEXTS[0], dtype=dtype)
    assert (alone.dtype, alone.shape) == (np.dtype(kind), (width,))
    streamed = list(model.embed(iter(TEXTS), dtype=dtype))
    assert [row.shape for row in streamed] == [(width,)] * 5
    assert (model.embed([], dtype=dtype).dtype, model.embed([], dtype=dtype).shape) == (
        np.dtype(kind),
        (0, width),
    )
    np.testing.assert_array_equal(np.stack(streamed), together)
    assert floats(together).shape == (5, 64)


def test_int8_takes_the_scale_of_each_row() -> None:
    vectors = rows_of(50, 384) * np.logspace(-3, 3, 50, dtype=np.float32)[:, None]
    small = packed(vectors, "int8")
    assert np.abs(small.astype(int)).max(axis=1).tolist() == [127] * 50
    wide = small.astype(np.float64)
    cosines = (wide * vectors).sum(axis=1) / (
        np.linalg.norm(wide, axis=1) * np.linalg.norm(vectors, axis=1)
    )
    assert cosines.min() > 0.9998
    assert not packed(np.zeros((1, 8), np.float32), "int8").any()


def test_a_bit_says_whether_a_number_is_above_zero() -> None:
    bits = packed(np.array([[1, -1, 0, 2, -3, 0.5, -0.5, 9]], np.float32), "binary")
    assert bits.tolist() == [[0b10010101]]
    assert floats(bits).tolist() == [[1, -1, -1, 1, -1, 1, -1, 1]]


@pytest.mark.parametrize("width", [3, 8, 48])
def test_bits_are_counted_alike_by_every_numpy(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    bits = np.random.default_rng(3).integers(0, 256, (20, width), np.uint8)
    expected = np.unpackbits(bits, axis=1).sum(axis=1).tolist()
    assert ones_of(words_of(bits)).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)  # as before numpy 2
    assert ones_of(words_of(bits)).tolist() == expected


def test_similarity_is_the_cosine_in_the_shape_of_what_was_given(model: Model) -> None:
    vectors = model.embed(TEXTS)
    expected = vectors @ vectors.T
    both = model.similarity(TEXTS, TEXTS)
    assert (both.dtype, both.shape) == (np.float32, (5, 5))
    np.testing.assert_allclose(both, expected, atol=1e-6)
    np.testing.assert_allclose(model.similarity(TEXTS[0], TEXTS), expected[0], atol=1e-6)
    np.testing.assert_allclose(model.similarity(TEXTS, TEXTS[1]), expected[:, 1], atol=1e-6)
    one = model.similarity(TEXTS[0], TEXTS[2])
    assert isinstance(one, float)
    assert one == pytest.approx(expected[0, 2], abs=1e-6)
    assert model.similarity([], TEXTS).shape == (0, 5)


@pytest.mark.parametrize("given", [np.asarray, list, iter], ids=["array", "list", "stream"])
def test_similarity_takes_texts_beside_vectors(model: Model, given: Callable[[Any], Any]) -> None:
    """However they come, and of any length: a cosine does not depend on it."""
    expected = model.similarity(TEXTS, TEXTS)
    vectors = 3 * model.embed(TEXTS)
    np.testing.assert_allclose(model.similarity(TEXTS, given(vectors)), expected, atol=1e-6)
    np.testing.assert_allclose(model.similarity(given(TEXTS), vectors), expected, atol=1e-6)


def test_vectors_of_few_bits_are_compared_as_what_they_are(model: Model) -> None:
    vectors = model.embed(TEXTS)
    expected = vectors @ vectors.T
    for dtype, off in (("float16", 1e-3), ("int8", 1e-2)):
        found = model.similarity(model.embed(TEXTS, dtype=dtype), vectors)
        np.testing.assert_allclose(found, expected, atol=off)
    signs = np.where(vectors > 0, 1, -1)
    differing = (signs[:, None] != signs[None]).sum(axis=-1)
    bits = model.embed(TEXTS, dtype="binary")
    for other in (bits, vectors, TEXTS):
        found = model.similarity(bits, other)
        np.testing.assert_allclose(found, 1 - 2 * differing / 64, atol=1e-6)


def test_a_vector_of_zeros_is_like_nothing(model: Model) -> None:
    assert model.similarity(np.zeros(64, np.float32), TEXTS).tolist() == [0.0] * 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "float64"}, "dtype='float64': expected one of float32, float16, int8, binary"),
        ({"dtype": None}, "dtype=None: expected one of float32, float16, int8, binary"),
        ({"truncate_dim": 0}, "truncate_dim=0: expected a whole number, 1 to 64"),
        ({"truncate_dim": 65}, "truncate_dim=65: expected a whole number, 1 to 64"),
        ({"truncate_dim": 8.0}, "truncate_dim=8.0: expected a whole number, 1 to 64"),
        (
            {"truncate_dim": 12, "dtype": "binary"},
            (
                "dtype='binary' packs 8 numbers into a byte, and here are 12: truncate_dim=8 gives "
                "whole bytes"
            ),
        ),
        ({"max_length": 49}, "max_length=49: expected a whole number, 3 to 48"),
        ({"max_length": 2}, "max_length=2: expected a whole number, 3 to 48"),
        ({"long_text": "max"}, "long_text='max': expected one of truncate, mean"),
    ],
)
def test_what_cannot_be_given_is_said_before_anything_runs(
    model: Model, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        model.embed(iter(TEXTS), **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (3, "b: expected texts or vectors, not int"),
        (["a", 3], "b: text 1: expected str, not int"),
        (
            np.ones(5, np.float32),
            (
                "a of 64 numbers and b of 5 do not compare: embed both with the same model and "
                "truncate_dim"
            ),
        ),
        (
            np.ones((1, 5), np.uint8),
            (
                "a of 64 numbers and b of 40 do not compare: embed both with the same model and "
                "truncate_dim"
            ),
        ),
        (
            np.ones((2, 64), np.int64),
            (
                "b: expected texts, or vectors [n, dim] of float32, float16, int8 or uint8 (bits), "
                "not 2 x 64 of int64"
            ),
        ),
        (
            np.ones((2, 2, 64), np.float32),
            (
                "b: expected texts, or vectors [n, dim] of float32, float16, int8 or uint8 (bits), "
                "not 2 x 2 x 64 of float32"
            ),
        ),
        (
            [np.ones(64), np.ones(63)],
            "b: vectors of different lengths, or not all of them vectors",
        ),
        ([np.ones(64), "a"], "b: vectors of different lengths, or not all of them vectors"),
    ],
)
def test_what_does_not_compare_is_named(model: Model, other: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        model.similarity("a", other)
    assert str(caught.value) == message
