"""The operators of the native kernels, one by one: what they compute, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import kernel_operators as spec
import numpy as np
import onnxruntime
import pytest
from kernel_sessions import Inputs, Values, operator_session, run_on_all

from edgebert.runtimes.kernels.library import KernelLibrary, require_library

_RANDOM = np.random.default_rng(7)

LINEAR: dict[str, Any] = {
    "scale": 0.02, "zero_point": 128, "levels": 127, "activation": "", "gate": "",
    "before_epsilon": 1e-12, "after_epsilon": 1e-12,
}  # fmt: skip
FLOAT_LINEAR: dict[str, Any] = {"activation": "", "after_epsilon": 1e-12}
ATTENTION: dict[str, Any] = {"heads": 2, "scale": 0.2, "window": 0, "bf16": 0}


@pytest.fixture(scope="module")
def library() -> KernelLibrary:
    return require_library()


@pytest.fixture
def run(library: KernelLibrary) -> Callable[..., Values]:
    """Run one operator on every instruction set of this CPU, on 1 and 2 threads: all the same bits."""

    def on_all(name: str, inputs: Inputs, fed: Sequence[str], **attributes: Any) -> Values:
        (answer,) = run_on_all(library, name, inputs, fed, **attributes)
        return answer

    return on_all


def floats(*shape: int, most: float = 1.0) -> Values:
    return _RANDOM.uniform(-most, most, shape).astype(np.float32)


def int8(*shape: int, most: int = 127) -> Values:
    return _RANDOM.integers(-most, most + 1, shape).astype(np.int8)


def linear_inputs(rows: int, inputs: int, outputs: int, *, most: int = 127) -> dict[str, Any]:
    return {
        "x": floats(2, rows, inputs, most=3),
        "weight": int8(inputs, outputs, most=most),
        "weight_scale": floats(outputs, most=0.004) + np.float32(0.006),
        "bias": floats(outputs),
        "input_multiplier": floats(inputs) + np.float32(1.5),
        "input_offset": floats(inputs, most=0.1),
        "before_gain": None,
        "before_shift": None,
        "residual": None,
        "after_gain": None,
        "after_shift": None,
    }


@pytest.mark.parametrize("rows", [1, 7, 150])
@pytest.mark.parametrize(("inputs", "outputs"), [(312, 104), (26, 33), (384, 384), (1, 1)])
@pytest.mark.parametrize("scale", [0.02, 0.0])
def test_a_linear_layer_of_any_size_is_the_product_that_is_specified(
    run: Callable[..., Values], rows: int, inputs: int, outputs: int, scale: float
) -> None:
    given = linear_inputs(rows, inputs, outputs)
    attributes: dict[str, Any] = {**LINEAR, "scale": scale}
    close(run("Linear", given, ["x"], **attributes), spec.linear(**given, **attributes))


@pytest.mark.parametrize("most", [64, 127])
def test_weights_that_fill_eight_bits_are_right_without_products_of_bytes(
    run: Callable[..., Values], most: int
) -> None:
    given = linear_inputs(5, 96, 40, most=most)
    given["x"] = np.abs(given["x"]) * 10  # the highest codes, at which sums of two leave 16 bits
    close(run("Linear", given, ["x"], **LINEAR), spec.linear(**given, **LINEAR))


@pytest.mark.parametrize("activation", ["gelu", "tanh_gelu", "tanh", "relu", "silu"])
@pytest.mark.parametrize("residual", [False, True])
def test_activations_residuals_and_norms_follow_the_product(
    run: Callable[..., Values], activation: str, residual: bool
) -> None:
    given = linear_inputs(9, 48, 70)
    given |= {"after_gain": floats(70), "after_shift": floats(70)}
    given["residual"] = floats(2, 9, 70) if residual else None
    attributes: dict[str, Any] = {**LINEAR, "scale": 0.0, "activation": activation}
    fed = ["x", "residual"] if residual else ["x"]
    close(run("Linear", given, fed, **attributes), spec.linear(**given, **attributes))


@pytest.mark.parametrize("gate", ["", "gelu", "tanh_gelu", "silu"])
def test_gates_and_norms_stand_before_the_product(run: Callable[..., Values], gate: str) -> None:
    given = linear_inputs(9, 52, 36)
    given |= {"before_gain": floats(52), "before_shift": floats(52)}
    given["x"] = floats(3, 4, 104 if gate else 52, most=2)
    attributes: dict[str, Any] = {**LINEAR, "gate": gate}
    close(run("Linear", given, ["x"], **attributes), spec.linear(**given, **attributes))


def test_inputs_above_zero_take_all_codes(run: Callable[..., Values]) -> None:
    given = linear_inputs(9, 48, 70)
    given |= {"x": np.abs(given["x"]), "input_offset": None}
    attributes: dict[str, Any] = {**LINEAR, "scale": 0.0, "zero_point": 0, "levels": 255}
    close(run("Linear", given, ["x"], **attributes), spec.linear(**given, **attributes))


@pytest.mark.parametrize(("rows", "inputs", "outputs"), [(1, 384, 3), (61, 26, 130)])
@pytest.mark.parametrize("activation", ["", "tanh", "gelu"])
def test_a_layer_of_floats_is_its_product(
    run: Callable[..., Values], rows: int, inputs: int, outputs: int, activation: str
) -> None:
    given: dict[str, Any] = {
        "x": floats(rows, inputs),
        "weight": floats(inputs, outputs),
        "bias": floats(outputs),
        "residual": floats(rows, outputs),
        "after_gain": floats(outputs),
        "after_shift": None,
    }
    attributes: dict[str, Any] = {**FLOAT_LINEAR, "activation": activation}
    fed = ["x", "residual"]
    close(run("FloatLinear", given, fed, **attributes), spec.float_linear(**given, **attributes))


@pytest.mark.parametrize("size", [26, 32, 64, 80, 128])
@pytest.mark.parametrize("tokens", [1, 17, 70])
@pytest.mark.parametrize("window", [0, 8])
def test_attention_of_any_head_is_what_is_specified(
    run: Callable[..., Values], size: int, tokens: int, window: int
) -> None:
    given = attention_inputs(tokens, size)
    attributes: dict[str, Any] = {**ATTENTION, "window": window}
    answer = run(
        "SelfAttention", given, [key for key in given if given[key] is not None], **attributes
    )
    del attributes["bf16"]
    expected = spec.self_attention(**given, **attributes)
    last = int(np.flatnonzero(given["mask"][1])[-1])
    close(answer[0], expected[0])
    close(answer[1, : last + 1], expected[1, : last + 1])
    assert not answer[1, last + 1 :].any()  # behind the last token that counts nothing is looked at


def attention_inputs(tokens: int, size: int) -> dict[str, Any]:
    width, half = 2 * size, size // 2
    mask = np.ones((2, tokens), np.int32)
    mask[1, (tokens + 1) // 2 :] = 0
    return {
        "query": floats(2, tokens, width),
        "key": floats(2, tokens, width),
        "value": floats(2, tokens, width),
        "mask": mask,
        "bias": floats(1, 2, tokens, tokens),
        "cos": floats(tokens + 3, half),
        "sin": floats(tokens + 3, half),
    }


def test_query_key_and_value_may_lie_side_by_side(run: Callable[..., Values]) -> None:
    given: dict[str, Any] = {"query": floats(3, 9, 3 * 64)}
    attributes: dict[str, Any] = {key: value for key, value in ATTENTION.items() if key != "bf16"}
    close(
        run("SelfAttention", given, ["query"], **ATTENTION),
        spec.self_attention(**given, **attributes),
    )


def test_a_text_has_the_same_bits_whatever_it_is_padded_and_batched_with(
    run: Callable[..., Values],
) -> None:
    query, mask = floats(4, 40, 3 * 64), np.zeros((4, 40), np.int32)
    for row, tokens in enumerate((40, 13, 1, 32)):
        mask[row, :tokens] = 1
    together = run("SelfAttention", side_by_side(query, mask), ["query", "mask"], **ATTENTION)
    for row in range(4):
        tokens = int(mask[row].sum())
        alone = {"query": query[row : row + 1, :tokens], "mask": mask[row : row + 1, :tokens]}
        answer = run("SelfAttention", side_by_side(**alone), ["query", "mask"], **ATTENTION)
        np.testing.assert_array_equal(answer[0], together[row, :tokens])


def side_by_side(query: Values, mask: Values) -> dict[str, Values | None]:
    return {"query": query, "key": None, "value": None, "mask": mask}


def test_attention_in_bfloat16_is_near_where_the_cpu_has_it(library: KernelLibrary) -> None:
    given = attention_inputs(50, 64)
    fed = list(given)
    try:
        session = operator_session(library, "SelfAttention", given, fed, {**ATTENTION, "bf16": 1})
    except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument as error:
        assert "no products of bfloat16" in str(error)
        return
    (answer,) = session.run(None, {key: given[key] for key in fed})
    expected = spec.self_attention(**given, heads=2, scale=0.2)
    assert 1e-5 < np.abs(answer[0] - expected[0]).max() < 0.02


def test_rows_are_normed(run: Callable[..., Values]) -> None:
    given: dict[str, Any] = {
        "x": floats(3, 5, 77),
        "residual": floats(3, 5, 77),
        "gain": floats(77),
        "shift": floats(77),
    }
    answer = run("LayerNorm", given, ["x", "residual"], epsilon=1e-5)
    close(answer, spec.standing_layer_norm(**given, epsilon=1e-5))


@pytest.mark.parametrize("ids", [np.int32, np.int64])
@pytest.mark.parametrize("integers", [False, True])
def test_embeddings_are_summed_and_normed(
    run: Callable[..., Values], ids: type[np.integer[Any]], integers: bool
) -> None:
    given: dict[str, Any] = {
        "input_ids": _RANDOM.integers(0, 50, (3, 9)).astype(ids),
        "word": int8(50, 77) if integers else floats(50, 77),
        "word_scale": floats(50, 1, most=0.1) if integers else None,
        "token_types": _RANDOM.integers(0, 2, (3, 9)).astype(ids),
        "token_type": floats(2, 77),
        "position_ids": None,
        "position": floats(20, 77),
        "position_scale": None,
        "gain": floats(77),
        "shift": floats(77),
    }
    attributes: dict[str, Any] = {"epsilon": 1e-12, "first_position": 2}
    answer = run("Embedding", given, ["input_ids", "token_types"], **attributes)
    close(answer, spec.embedding(**given, **attributes))


@pytest.mark.parametrize("how", ["mean", "first"])
@pytest.mark.parametrize("normalize", [0, 1])
def test_texts_become_one_vector(run: Callable[..., Values], how: str, normalize: int) -> None:
    mask = np.ones((3, 9), np.int64)
    mask[1, 4:], mask[2] = 0, 0
    given: dict[str, Any] = {"hidden": floats(3, 9, 77), "mask": mask}
    attributes: dict[str, Any] = {
        "how": how,
        "normalize": normalize,
        "least_norm": 1e-12,
        "least_count": 1e-9,
    }
    answer = run("Pooling", given, ["hidden", "mask"], **attributes)
    close(answer, spec.pooling(**given, **attributes))


def test_no_token_and_very_many_rows_are_answered(run: Callable[..., Values]) -> None:
    given = linear_inputs(1, 8, 12)
    given["x"] = floats(0, 5, 8)
    assert run("Linear", given, ["x"], **LINEAR).shape == (0, 5, 12)
    given["x"] = floats(100_000, 8)
    answer = run("Linear", given, ["x"], **LINEAR)
    close(answer[-3:], spec.linear(**{**given, "x": given["x"][-3:]}, **LINEAR))
    assert run("SelfAttention", {"query": floats(2, 0, 192)}, ["query"], **ATTENTION).shape == (
        2,
        0,
        64,
    )


def test_rows_beyond_what_is_rounded_at_once_go_through_a_large_layer(
    run: Callable[..., Values],
) -> None:
    given = linear_inputs(1, 1024, 800)
    given |= {"after_gain": floats(800), "after_shift": floats(800)}
    given["x"] = floats(2001, 1024)
    together = run("Linear", given, ["x"], **LINEAR)
    for part in (slice(0, 2), slice(1535, 1538), slice(1999, 2001)):
        alone = {**given, "x": given["x"][part]}
        np.testing.assert_array_equal(together[part], run("Linear", alone, ["x"], **LINEAR))
        close(together[part], spec.linear(**alone, **LINEAR))


def test_what_is_no_number_spoils_its_own_row_alone(run: Callable[..., Values]) -> None:
    given = linear_inputs(6, 48, 40)
    clean = run("Linear", given, ["x"], **LINEAR)
    given["x"] = given["x"].copy()
    given["x"][0, 2, 5], given["x"][1, 3, 0] = np.nan, np.inf
    spoiled = run("Linear", given, ["x"], **LINEAR)
    same = np.ones((2, 6), bool)
    same[0, 2] = same[1, 3] = False
    np.testing.assert_array_equal(clean[same], spoiled[same])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bias": floats(3)}, "bias is of another length"),
        ({"input_multiplier": floats(3)}, "multiplier is of another length"),
        ({"weight_scale": floats(2)}, "not one for each column"),
        ({"weight": int8(8)}, "no constant matrix"),
        ({"after_gain": floats(5)}, "layer norm is of another length"),
        ({"before_shift": floats(8)}, "a shift and no gain"),
    ],
)
def test_a_layer_whose_parts_do_not_fit_is_not_opened(
    library: KernelLibrary, changed: dict[str, Any], said: str
) -> None:
    given = {**linear_inputs(2, 8, 12), **changed}
    with pytest.raises(Exception, match=said):
        operator_session(library, "Linear", given, ["x"], LINEAR)


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"scale": -1.0}, "out of its range"),
        ({"zero_point": 300}, "out of its range"),
        ({"scale": 0.0, "zero_point": 5}, "zero points 128 and 0 alone"),
        ({"activation": "swish"}, "activation cannot be swish"),
    ],
)
def test_attributes_that_say_nothing_known_are_refused(
    library: KernelLibrary, attributes: dict[str, Any], said: str
) -> None:
    with pytest.raises(Exception, match=said):
        operator_session(
            library, "Linear", linear_inputs(2, 8, 12), ["x"], {**LINEAR, **attributes}
        )


@pytest.mark.parametrize(
    ("name", "given", "fed", "attributes", "said"),
    [
        ("Linear", {**linear_inputs(2, 8, 12), "x": floats(2, 9)}, ["x"], LINEAR, "another width"),
        (
            "Linear",
            {**linear_inputs(2, 8, 12), "residual": floats(1, 12)},
            ["x", "residual"],
            LINEAR,
            "another shape",
        ),
        ("SelfAttention", {"query": floats(2, 3, 70)}, ["query"], ATTENTION, "multiple of its heads"),
        (
            "SelfAttention",
            side_by_side(floats(2, 3, 192), np.ones((2, 4), np.int32)),
            ["query", "mask"],
            ATTENTION,
            "one number for each token",
        ),
        ("LayerNorm", {"x": floats(2, 3), "residual": None, "gain": floats(4)}, ["x"], {"epsilon": 0.1}, "length"),
        (
            "Embedding",
            {"input_ids": np.array([[50]]), "word": floats(50, 4)},
            ["input_ids"],
            {"epsilon": 0.0, "first_position": 0},
            r"idx=50 must be within the inclusive range \[-50,49\]",
        ),
        (
            "Embedding",
            {"input_ids": np.array([[-1]]), "word": floats(50, 4)},
            ["input_ids"],
            {"epsilon": 0.0, "first_position": 0},
            "idx=-1 must be within",
        ),
        (
            "Pooling",
            {"hidden": floats(2, 3, 4), "mask": np.ones((2, 2), np.int64)},
            ["hidden", "mask"],
            {"how": "mean", "normalize": 0, "least_norm": 0.0, "least_count": 0.0},
            "one number for each token",
        ),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused_in_a_sentence(
    library: KernelLibrary,
    name: str,
    given: dict[str, Any],
    fed: list[str],
    attributes: dict[str, Any],
    said: str,
) -> None:
    session = operator_session(library, name, given, fed, attributes)
    with pytest.raises(Exception, match=said):
        session.run(None, {key: given[key] for key in fed})


def close(answer: Values, expected: Values) -> None:
    """Equal but for roundings, and for a code that tips here and there."""
    assert answer.shape == expected.shape
    off = np.abs(answer - expected)
    assert np.quantile(off, 0.9) < 2e-5 * max(1.0, float(np.abs(expected).max()))
    assert off.max() < 0.2 * max(1.0, float(np.abs(expected).max()))
