"""What a manifest promises of a text's answer: to the last bit the same among any neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tiny import VOCABULARY

from edgebert.bundle import open_bundle
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.made import QuantizeRecord
from edgebert.runtimes import Model, load

INVARIANT = {
    "token": QuantizeOptions(scheme="token"),
    "static": QuantizeOptions(scheme="static"),
    "weight-only": QuantizeOptions(scheme="weight-only"),
    "weight-only-of-4": QuantizeOptions(scheme="weight-only", bits=4),
}
SCHEMES = pytest.mark.parametrize("name", [*INVARIANT, "auto"])
DRAW = np.random.default_rng(0)
WORDS = [word for word in VOCABULARY if word.isalpha()]
TEXTS = [" ".join(DRAW.choice(WORDS, size=int(n))) for n in DRAW.integers(0, 46, 50)]

Vectors = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def bundles(
    tiny_bundle: Path, tiny_auto: QuantizeRecord, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The tiny embedder in each scheme that promises invariance."""
    folder = tmp_path_factory.mktemp("invariant")
    for name, options in INVARIANT.items():
        quantize_bundle(tiny_bundle, folder / name, options=options)
    return {"auto": Path(tiny_auto.bundle), **{name: folder / name for name in INVARIANT}}


def alone(model: Model, texts: Sequence[str] = TEXTS) -> Vectors:
    return np.stack([model.embed(text) for text in texts])


def batches(count: int, seed: int) -> list[npt.NDArray[np.int64]]:
    """Places of texts, some of them or all, in any order."""
    draw = np.random.default_rng(seed)
    return [draw.permutation(len(TEXTS))[: draw.integers(2, len(TEXTS) + 1)] for _ in range(count)]


@SCHEMES
def test_the_manifest_promises_it(name: str, bundles: dict[str, Path]) -> None:
    quantization = open_bundle(bundles[name]).manifest.quantization
    assert quantization is not None
    assert quantization.batch_invariant is True


@SCHEMES
def test_neighbours_and_their_order_change_no_bit(name: str, bundles: dict[str, Path]) -> None:
    model = load(bundles[name])
    expected = alone(model)
    for places in batches(6, seed=1):
        found = model.embed([TEXTS[place] for place in places])
        assert np.array_equal(found, expected[places])


@SCHEMES
@pytest.mark.usefixtures("all_cores")
def test_one_thread_and_two_give_the_same_bits(name: str, bundles: dict[str, Path]) -> None:
    one, two = (load(bundles[name], threads=threads) for threads in (1, 2))
    assert np.array_equal(one.embed(TEXTS), two.embed(TEXTS))
    assert np.array_equal(alone(one, TEXTS[:10]), two.embed(TEXTS)[:10])


@SCHEMES
@pytest.mark.usefixtures("all_cores")
def test_callers_from_four_threads_get_the_same_bits(name: str, bundles: dict[str, Path]) -> None:
    model = load(bundles[name])
    expected = model.embed(TEXTS)
    places = batches(12, seed=2)
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda some: model.embed([TEXTS[i] for i in some]), places)
        for some, found in zip(places, answers, strict=True):
            assert np.array_equal(found, expected[some])


@SCHEMES
def test_another_session_gives_the_same_bits(name: str, bundles: dict[str, Path]) -> None:
    assert np.array_equal(load(bundles[name]).embed(TEXTS), load(bundles[name]).embed(TEXTS))


def test_a_scale_for_the_batch_lets_neighbours_change_the_answer_and_says_so(
    tiny_dynamic_int8: Path,
) -> None:
    model = load(tiny_dynamic_int8)
    assert model.manifest.quantization is not None
    assert model.manifest.quantization.batch_invariant is False
    assert np.abs(alone(model) - model.embed(TEXTS)).max() > 1e-3
