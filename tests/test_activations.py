"""How inputs of layers become integers: the grids, what undoes them, and which one is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from edgebert.quantize.forms.activations import (
    HIGHEST,
    SYMMETRIC,
    ActivationSample,
    InputGrid,
    choose_grid,
)
from edgebert.quantize.forms.rounding import Floats

CHANNELS = 32


def draw(*shape: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def gelu(x: Floats) -> Floats:
    return np.asarray(x * (1 + np.tanh(0.7978846 * (x + 0.044715 * x**3))) / 2, np.float32)


def sample_of(rows: Floats) -> ActivationSample:
    return ActivationSample(
        rows, rows.min(axis=0), rows.max(axis=0), tokens=len(rows), one_row=False
    )


def with_outliers(tokens: int = 512) -> Floats:
    """A few channels are forty times as large as the rest, and one lies far from zero."""
    rows = draw(tokens, CHANNELS, seed=1)
    rows[:, 3] *= 40
    rows[:, 17] = rows[:, 17] * 0.5 + 30
    return rows


def chosen(rows: Floats, *, static: bool, bits: int = 8) -> InputGrid:
    weight = draw(CHANNELS, 24, seed=2)
    return choose_grid(sample_of(rows), weight, static=static, saturates=False, bits=bits)


def code_by_code(grid: InputGrid, row: Floats) -> tuple[list[float], list[float]]:
    """Codes of one token and what they stand for, one value at a time, by the definition."""
    values = [
        np.float32(x) * (np.float32(1) if grid.multiplier is None else grid.multiplier[channel])
        + (np.float32(0) if grid.offset is None else grid.offset[channel])
        for channel, x in enumerate(row)
    ]
    scale = np.float32(grid.scale or max(map(abs, values)) / np.float32(grid.levels))
    codes, restored = [], []
    for value in values:
        code = round(float(value / scale)) + grid.zero_point
        codes.append(float(min(max(code, 0), HIGHEST[grid.bits])))
        restored.append(float(scale) * (codes[-1] - grid.zero_point))
    return codes, restored


@pytest.mark.parametrize(
    "grid",
    [
        InputGrid(),
        InputGrid(multiplier=np.linspace(0.2, 3, CHANNELS, dtype=np.float32)),
        InputGrid(offset=np.full(CHANNELS, 9, np.float32), zero_point=0, levels=255),
        InputGrid(scale=0.02, zero_point=117),
        InputGrid(
            multiplier=np.linspace(0.2, 3, CHANNELS, dtype=np.float32),
            offset=np.linspace(-1, 2, CHANNELS, dtype=np.float32),
            scale=0.01,
            zero_point=3,
        ),
        InputGrid(scale=1e-4, zero_point=33_000, bits=16),
    ],
    ids="token multiplied one-sided static static-shifted 16-bits".split(),
)
def test_codes_are_those_of_the_definition(grid: InputGrid) -> None:
    rows = draw(20, CHANNELS)
    transformed = grid.transformed(rows)
    codes, scales = grid.codes(transformed)
    restored = grid.rounded(transformed)
    assert (codes.shape, scales.shape) == (rows.shape, (len(rows), 1))
    for row, values in enumerate(rows):
        expected, floats = code_by_code(grid, values)
        assert codes[row].tolist() == expected
        np.testing.assert_allclose(restored[row], floats, rtol=1e-5, atol=1e-6)


def test_a_token_has_a_scale_of_its_own() -> None:
    rows = draw(8, CHANNELS) * np.geomspace(1e-3, 1e3, 8, dtype=np.float32)[:, None]
    grid = InputGrid()
    error = np.abs(grid.rounded(rows) - rows).max(axis=1)
    assert (error <= np.abs(rows).max(axis=1) / 127 / 2 * 1.001).all()
    alone = np.concatenate([grid.rounded(row[None]) for row in rows])
    assert np.array_equal(alone, grid.rounded(rows))


def test_a_token_of_zeros_stays_zeros() -> None:
    rows = np.zeros((2, CHANNELS), np.float32)
    codes, scales = InputGrid().codes(rows)
    assert (codes == SYMMETRIC).all()
    assert (scales > 0).all()
    assert not InputGrid().rounded(rows).any()


@pytest.mark.parametrize("static", [False, True])
def test_without_rounding_weight_and_bias_undo_what_is_done_to_inputs(static: bool) -> None:
    rows, weight, bias = with_outliers(), draw(CHANNELS, 24, seed=2), draw(24, seed=3)
    grid = chosen(rows, static=static)
    assert grid.multiplier is not None
    divided = grid.divided(weight)
    taken_back = bias if grid.offset is None else bias - grid.offset @ divided
    np.testing.assert_allclose(
        grid.transformed(rows) @ divided + taken_back, rows @ weight + bias, rtol=1e-4, atol=1e-3
    )


def test_a_power_of_two_for_a_multiplier_is_undone_to_the_last_bit() -> None:
    powers = np.float32(2) ** np.arange(-4, 4).repeat(4).astype(np.float32)
    grid, rows, weight = InputGrid(powers), draw(64, CHANNELS), draw(CHANNELS, 24, seed=2)
    assert np.array_equal(grid.transformed(rows) @ grid.divided(weight), rows @ weight)


@pytest.mark.parametrize("static", [False, True])
def test_the_simple_grid_stays_where_nothing_is_gained(static: bool) -> None:
    uniform = np.random.default_rng(4).uniform(-1, 1, (2, 512, CHANNELS)).astype(np.float32)
    weight = np.ascontiguousarray(uniform[1].T)  # no channel is larger than another, nor askew
    grid = choose_grid(sample_of(uniform[0]), weight, static=static, saturates=False)
    assert grid.multiplier is None
    assert grid.offset is None
    assert (grid.scale is not None) == static


@pytest.mark.parametrize("static", [False, True])
def test_outliers_are_multiplied_away_and_the_error_of_outputs_falls(static: bool) -> None:
    rows, weight = with_outliers(), draw(CHANNELS, 24, seed=2)
    grid = chosen(rows, static=static)
    plain = InputGrid()
    if static:
        low, high = min(float(rows.min()), 0.0), float(rows.max())
        scale = (high - low) / 255
        plain = InputGrid(scale=scale, zero_point=round(-low / scale))
    error, plain_error = (_error_of_outputs(g, rows, weight) for g in (grid, plain))
    assert grid.multiplier is not None
    assert grid.multiplier[3] < 0.5 * np.median(grid.multiplier)
    assert error < 0.6 * plain_error


def test_channels_that_lie_far_from_zero_are_shifted_to_their_middle() -> None:
    rows = draw(512, CHANNELS) + np.linspace(-20, 20, CHANNELS, dtype=np.float32)
    rows[:, ::2] *= 4
    for static in (False, True):
        grid = chosen(rows, static=static)
        assert grid.offset is not None
        ends = grid.transformed(np.stack([rows.min(axis=0), rows.max(axis=0)]))
        assert np.abs(ends.sum(axis=0)).max() < 1e-3 * np.abs(ends).max()


def _error_of_outputs(grid: InputGrid, rows: Floats, weight: Floats) -> float:
    """Mean squared, of what rounding the inputs leaves in the products."""
    transformed = grid.transformed(rows)
    left = grid.rounded(transformed) - transformed
    return float(np.square(left @ grid.divided(weight)).mean())


def test_no_multiplier_goes_further_than_sixteen_times() -> None:
    rows = with_outliers()
    rows[:, 5] *= 1e-6  # silent in calibration texts
    rows[:, 6] *= 1e6
    for static in (False, True):
        multiplier = chosen(rows, static=static).multiplier
        assert multiplier is not None
        assert multiplier.min() >= 1 / 16 - 1e-6
        assert multiplier.max() <= 16 + 1e-6


def test_what_gelu_leaves_starts_at_code_0_with_a_scale_for_each_token() -> None:
    rows = gelu(3 * draw(512, CHANNELS))
    grid = chosen(rows, static=False)
    assert (grid.zero_point, grid.levels, grid.scale) == (0, 255, None)
    assert grid.offset is not None
    transformed = grid.transformed(rows)
    assert transformed.min() >= -1e-6
    codes, _ = grid.codes(transformed)
    assert (codes.max(axis=1) == 255).all()
    signed = InputGrid()
    assert (
        np.square(grid.rounded(transformed) - transformed).mean()
        < 0.4 * np.square(signed.rounded(rows) - rows).mean()
    )


def test_a_static_range_of_gelu_wastes_little_below_zero() -> None:
    grid = chosen(gelu(3 * draw(512, CHANNELS)), static=True)
    assert grid.scale is not None
    assert 0 < grid.zero_point < 16


def test_inputs_that_are_never_negative_need_no_offset() -> None:
    rows = np.maximum(draw(512, CHANNELS), 0)
    grid = chosen(rows, static=False)
    assert (grid.zero_point, grid.offset, grid.levels) == (0, None, 255)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_static_grid_holds_zero_and_its_codes_fit_the_bits(bits: int) -> None:
    for rows in (draw(512, CHANNELS), draw(512, CHANNELS) + 20, draw(512, CHANNELS) - 20):
        grid = chosen(rows, static=True, bits=bits)
        codes, _ = grid.codes(grid.transformed(rows))
        assert grid.bits == bits
        assert 0 <= grid.zero_point <= HIGHEST[bits]
        assert 0 <= codes.min() <= codes.max() <= HIGHEST[bits]
        assert not grid.rounded(np.zeros((1, CHANNELS), np.float32)).any()


def test_sixteen_bits_round_far_finer_than_eight() -> None:
    rows = with_outliers()
    errors = {}
    for bits in (8, 16):
        grid = chosen(rows, static=True, bits=bits)
        transformed = grid.transformed(rows)
        errors[bits] = float(np.abs(grid.rounded(transformed) - transformed).max())
    assert errors[16] < errors[8] / 100


def test_a_static_range_reaches_past_what_was_seen_where_that_costs_little() -> None:
    rows = draw(512, CHANNELS)
    grid = chosen(rows, static=True)
    assert grid.scale is not None
    assert 255 * grid.scale > rows.max() - rows.min()
