"""Weights to int8: nearest per channel, pairs that cannot saturate, error that is fed back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from edgebert.onnx_graph.saturation import can_saturate, overflowing_share, saturation_error
from edgebert.quantize.forms import rounding
from edgebert.quantize.forms.rounding import (
    LARGEST,
    LARGEST_PAIR,
    Floats,
    IntegerWeight,
    round_weight,
)

FEEDBACK = pytest.mark.parametrize("feedback", [False, True], ids=["nearest", "with feedback"])


def draw(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def weight_of(inputs: int, outputs: int, seed: int = 0) -> Floats:
    """Wild enough that most pairs would leave 16 bits: half of the values are near the largest."""
    values = draw(seed).choice([-1.0, 0.2, 0.9, 1.0], (inputs, outputs))
    return (values + 0.01 * draw(seed + 1).standard_normal(values.shape)).astype(np.float32)


def correlated(tokens: int, inputs: int, seed: int = 2) -> Floats:
    """Inputs that follow a few causes, as those of a layer do: float32 [tokens, inputs]."""
    causes = draw(seed).standard_normal((tokens, inputs // 8))
    mixing = draw(seed + 1).standard_normal((inputs // 8, inputs))
    noise = 0.1 * draw(seed + 2).standard_normal((tokens, inputs))
    return np.asarray(causes @ mixing + noise, np.float32)


def moment_of(rows: Floats) -> Floats:
    return np.asarray(rows.T @ rows / len(rows), np.float32)


def rounded(weight: Floats, *, saturates: bool, feedback: bool) -> IntegerWeight:
    moment = moment_of(correlated(256, len(weight))) if feedback else None
    return round_weight(weight, saturates=saturates, second_moment=moment)


def vpmaddubsw(codes: npt.NDArray[np.uint8], weight: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Products as CPUs without VNNI add them: u8 x s8, each two neighbours in int16.

    Args:
        codes: uint8 [tokens, inputs].
        weight: int8 [inputs, outputs].
    """
    padded = len(weight) + len(weight) % 2
    wide_codes = np.zeros((len(codes), padded), np.int64)
    wide_codes[:, : len(weight)] = codes
    wide_weight = np.zeros((padded, weight.shape[1]), np.int64)
    wide_weight[: len(weight)] = weight
    pairs = wide_codes.reshape(len(codes), -1, 2, 1) * wide_weight.reshape(
        1, -1, 2, weight.shape[1]
    )
    clipped = np.clip(pairs.sum(axis=2), -(2**15), 2**15 - 1)
    return np.asarray(clipped.sum(axis=1))


def test_each_value_goes_to_the_nearest_step_of_its_output() -> None:
    spread = np.geomspace(1e-3, 1e3, 24)
    weight = np.asarray(draw(0).standard_normal((64, 24)) * spread, np.float32)
    result = round_weight(weight, saturates=True)
    assert result.values.dtype == np.int8
    assert result.scales.shape == (24,)
    np.testing.assert_allclose(result.scales, np.abs(weight).max(axis=0) / LARGEST, rtol=1e-6)
    assert np.array_equal(np.abs(result.values).max(axis=0), np.full(24, LARGEST))
    assert (np.abs(result.floats - weight) <= 0.5001 * result.scales).all()


def test_an_output_of_zeros_stays_zero() -> None:
    weight = weight_of(16, 3)
    weight[:, 1] = 0
    for saturates in (False, True):
        for feedback in (False, True):
            result = rounded(weight, saturates=saturates, feedback=feedback)
            assert not result.values[:, 1].any()
            assert np.isfinite(result.floats).all()


@FEEDBACK
@pytest.mark.parametrize("inputs", [2, 63, 64, 65, 131])
def test_no_pair_of_neighbours_is_over_the_limit(inputs: int, feedback: bool) -> None:
    weight = weight_of(max(inputs, 8), 40)[:inputs]
    moment = moment_of(correlated(256, max(inputs, 8)))[:inputs, :inputs] if feedback else None
    values = round_weight(weight, saturates=False, second_moment=moment).values.astype(int)
    even = inputs // 2 * 2
    assert np.abs(values[0:even:2] + values[1:even:2]).max() == LARGEST_PAIR  # and reaches it
    assert np.abs(values).max() <= LARGEST
    assert can_saturate(round_weight(weight, saturates=True, second_moment=moment).values)


@FEEDBACK
@pytest.mark.parametrize("inputs", [96, 97])
def test_a_cpu_without_vnni_gets_the_same_sums(inputs: int, feedback: bool) -> None:
    safe = rounded(weight_of(inputs, 48), saturates=False, feedback=feedback).values
    full = rounded(weight_of(inputs, 48), saturates=True, feedback=feedback).values
    codes = draw(5).integers(0, 256, (64, inputs)).astype(np.uint8)
    codes[0] = 255
    codes[1, 0::2], codes[1, 1::2] = 255, 0
    exact = codes.astype(np.int64) @ safe.astype(np.int64)
    assert np.array_equal(vpmaddubsw(codes, safe), exact)
    assert not can_saturate(safe)
    assert saturation_error(codes, 128, safe) == 0
    assert not np.array_equal(vpmaddubsw(codes, full), codes.astype(np.int64) @ full.astype(int))
    assert overflowing_share(full) > 0.1
    assert saturation_error(codes, 128, full) > 0


def test_the_error_of_saturation_is_that_of_the_simulated_cpu() -> None:
    weight = round_weight(weight_of(33, 7), saturates=True).values
    codes = draw(6).integers(0, 256, (16, 33)).astype(np.uint8)
    exact = (codes.astype(np.int64) - 100) @ weight.astype(np.int64)
    lost = vpmaddubsw(codes, weight) - codes.astype(np.int64) @ weight.astype(np.int64)
    expected = np.linalg.norm(lost) / np.linalg.norm(exact)
    assert saturation_error(codes, 100, weight) == pytest.approx(expected)


def test_a_lone_input_cannot_saturate() -> None:
    weight = round_weight(np.full((1, 3), 2, np.float32), saturates=False)
    assert weight.values.tolist() == [[LARGEST] * 3]
    assert not can_saturate(weight.values)


@pytest.mark.parametrize("saturates", [True, False])
def test_error_feedback_keeps_outputs_nearer_than_rounding_to_the_nearest(saturates: bool) -> None:
    weight = draw(7).standard_normal((128, 64)).astype(np.float32)
    known, unseen = np.split(correlated(4096, 128), 2)
    nearest = round_weight(weight, saturates=saturates)
    fed_back = round_weight(weight, saturates=saturates, second_moment=moment_of(known))
    errors = [
        float(np.square(unseen @ (result.floats - weight)).mean()) for result in (fed_back, nearest)
    ]
    assert errors[0] < 0.5 * errors[1]


def test_what_the_limit_of_pairs_costs_is_mostly_fed_back() -> None:
    weight = draw(8).standard_normal((128, 64)).astype(np.float32)
    rows = correlated(2048, 128)
    spread = float(np.square(rows @ weight).mean())
    for saturates in (True, False):
        result = round_weight(weight, saturates=saturates, second_moment=moment_of(rows))
        assert float(np.square(rows @ (result.floats - weight)).mean()) < 1e-4 * spread


def test_inputs_that_never_vary_are_rounded_to_the_nearest() -> None:
    weight = draw(9).standard_normal((32, 8)).astype(np.float32)
    silent = np.zeros((32, 32), np.float32)
    result = round_weight(weight, saturates=True, second_moment=silent)
    assert np.array_equal(result.values, round_weight(weight, saturates=True).values)


@FEEDBACK
@pytest.mark.parametrize("saturates", [True, False])
def test_many_outputs_are_rounded_as_each_is_alone(saturates: bool, feedback: bool) -> None:
    weight = draw(10).standard_normal((16, 9000)).astype(np.float32)
    together = rounded(weight, saturates=saturates, feedback=feedback)
    for output in (0, 1, 8190, 8191, 8192, 8193, 8999):
        alone = rounded(weight[:, output : output + 1], saturates=saturates, feedback=feedback)
        assert np.array_equal(together.values[:, output], alone.values[:, 0])
        assert together.scales[output] == alone.scales[0]


@FEEDBACK
def test_the_size_of_the_parts_changes_nothing(
    feedback: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight = draw(11).standard_normal((24, 100)).astype(np.float32)
    whole = rounded(weight, saturates=False, feedback=feedback)
    monkeypatch.setattr(rounding, "_OUTPUTS", 7)
    parts = rounded(weight, saturates=False, feedback=feedback)
    assert np.array_equal(whole.values, parts.values)
    assert np.array_equal(whole.scales, parts.scales)


@pytest.mark.parametrize("saturates", [True, False])
def test_error_is_fed_back_from_one_block_of_inputs_to_the_next(
    saturates: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight = draw(12).standard_normal((128, 16)).astype(np.float32)
    whole = rounded(weight, saturates=saturates, feedback=True).values
    monkeypatch.setattr(rounding, "_BLOCK", 8)
    in_blocks = rounded(weight, saturates=saturates, feedback=True).values
    assert np.mean(whole != in_blocks) < 0.01  # sums in another order may tip a rounding
