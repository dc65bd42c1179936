"""The kernel operators in numpy, as they are specified: what their library is held to.

All floats are float32. What is said of a row depends on that row alone, and in attention on its text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, helper
from onnx.reference.op_run import OpRun
from scipy.special import erf

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.integer[Any]]

_MASKED = np.float32(-10000)


def layer_norm(x: Floats, gain: Floats, shift: Floats | None, epsilon: float) -> Floats:
    """(x - mean) / sqrt(variance + epsilon) * gain + shift of each row."""
    centered = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centered).mean(axis=-1, keepdims=True)
    normed = centered / np.sqrt(variance + np.float32(epsilon)) * gain
    return np.asarray(normed if shift is None else normed + shift, np.float32)


def gelu(x: Floats) -> Floats:
    """X times the share of a normal distribution below x."""
    return np.asarray(x * 0.5 * (1 + erf(x / np.sqrt(2.0))), np.float32)


def tanh_gelu(x: Floats) -> Floats:
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x.astype(np.float64) ** 3)
    return np.asarray(0.5 * x * (1 + np.tanh(inner)), np.float32)


def silu(x: Floats) -> Floats:
    return np.asarray(x / (1 + np.exp(-x.astype(np.float64))), np.float32)


ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "": lambda x: x,
    "gelu": gelu,
    "tanh_gelu": tanh_gelu,
    "tanh": lambda x: np.asarray(np.tanh(x), np.float32),
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "silu": silu,
}


def linear(
    x: Floats,
    weight: npt.NDArray[np.int8],
    weight_scale: Floats,
    bias: Floats | None = None,
    input_multiplier: Floats | None = None,
    input_offset: Floats | None = None,
    before_gain: Floats | None = None,
    before_shift: Floats | None = None,
    residual: Floats | None = None,
    after_gain: Floats | None = None,
    after_shift: Floats | None = None,
    *,
    scale: float,
    zero_point: int,
    levels: int,
    activation: str = "",
    before_epsilon: float = 0.0,
    after_epsilon: float = 0.0,
    gate: str = "",
) -> Floats:
    """A product of integers, with what stands before and behind it: [..., K] to [..., N].

    Args:
        weight: [K, N]; weight_scale is [N] or [1].
        scale: of all rows; 0.0 where each has its own.
        levels: codes between 0 and the largest size of a row with its own scale.
        gate: with one, x is [..., 2K]: its activated first half times its second.
    """
    if gate:
        first, second = np.split(x, 2, axis=-1)
        x = ACTIVATIONS[gate](first) * second
    if before_gain is not None:
        x = layer_norm(x, before_gain, before_shift, before_epsilon)
    if input_multiplier is not None:
        x = x * input_multiplier
    if input_offset is not None:
        x = x + input_offset
    scales: Any = np.float32(scale)
    if not scale:
        largest = np.abs(x).max(axis=-1, keepdims=True)
        scales = np.maximum(largest * np.float32(1 / levels), np.float32(1e-9))
    codes = np.clip(np.rint(x / scales) + zero_point, 0, 255).astype(np.int32)
    sums = (codes - zero_point) @ weight.astype(np.int32)
    y = np.asarray(sums.astype(np.float32) * (scales * weight_scale), np.float32)
    y = y if bias is None else y + bias
    return _behind(y, activation, residual, after_gain, after_shift, after_epsilon)


def float_linear(
    x: Floats,
    weight: Floats,
    bias: Floats | None = None,
    residual: Floats | None = None,
    after_gain: Floats | None = None,
    after_shift: Floats | None = None,
    *,
    activation: str = "",
    after_epsilon: float = 0.0,
) -> Floats:
    """A product of floats, with what stands behind it: [..., K] to [..., N]."""
    y = x @ weight if bias is None else x @ weight + bias
    return _behind(y, activation, residual, after_gain, after_shift, after_epsilon)


def _behind(
    y: Floats,
    activation: str,
    residual: Floats | None,
    gain: Floats | None,
    shift: Floats | None,
    epsilon: float,
) -> Floats:
    y = ACTIVATIONS[activation](y)
    if residual is not None:
        assert residual.shape == y.shape
        y = y + residual
    return y if gain is None else layer_norm(y, gain, shift, epsilon)


def self_attention(
    query: Floats,
    key: Floats | None = None,
    value: Floats | None = None,
    mask: Integers | None = None,
    bias: Floats | None = None,
    cos: Floats | None = None,
    sin: Floats | None = None,
    *,
    heads: int,
    scale: float,
    window: int = 0,
    bf16: int = 0,
) -> Floats:
    """Attention among the tokens of each text: [B, S, A].

    Args:
        query: [B, S, A]; without key and value [B, S, 3A], all three side by side.
        mask: [B, S], above 0 where a token counts; the scores of others get -10000.
        bias: [B or 1, heads or 1, S, S], added to scores.
        cos, sin: [P, D/2], the rotation of the two halves of a head at each position.
        window: keys further away than this do not count; 0 is all.
        bf16: for products in bfloat16, which are not specified here.
    """
    assert not bf16
    if key is None or value is None:
        query, key, value = np.split(query, 3, axis=-1)
    q, k, v = (_by_head(x, heads) for x in (query, key, value))
    if cos is not None and sin is not None:
        q, k = _rotated(q, cos, sin), _rotated(k, cos, sin)
    scores = q @ k.swapaxes(-1, -2) * np.float32(scale)
    if bias is not None:
        scores = scores + bias
    if mask is not None:
        scores = scores + np.where(mask > 0, np.float32(0), _MASKED)[:, None, None, :]
    if window:
        places = np.arange(scores.shape[-1])
        far = np.abs(places[:, None] - places) > window
        scores = np.where(far, np.float32(-np.inf), scores)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    answer = shares / shares.sum(axis=-1, keepdims=True) @ v
    return np.asarray(answer.swapaxes(1, 2).reshape(query.shape), np.float32)


def _by_head(x: Floats, heads: int) -> Floats:
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def _rotated(x: Floats, cos: Floats, sin: Floats) -> Floats:
    first, second = np.split(x, 2, axis=-1)
    cos, sin = cos[: x.shape[2]], sin[: x.shape[2]]
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def standing_layer_norm(
    x: Floats,
    residual: Floats | None,
    gain: Floats,
    shift: Floats | None = None,
    *,
    epsilon: float,
) -> Floats:
    """LayerNorm of x, or of its sum with a residual of the same shape."""
    return layer_norm(x if residual is None else x + residual, gain, shift, epsilon)


def embedding(
    input_ids: Integers,
    word: npt.NDArray[Any],
    word_scale: Floats | None = None,
    token_types: Integers | None = None,
    token_type: Floats | None = None,
    position_ids: Integers | None = None,
    position: npt.NDArray[Any] | None = None,
    position_scale: Floats | None = None,
    gain: Floats | None = None,
    shift: Floats | None = None,
    *,
    epsilon: float = 0.0,
    first_position: int = 0,
) -> Floats:
    """(word + token type) + position of each token, and its LayerNorm: [B, S, H]."""
    x = _rows(word, word_scale, input_ids)
    if token_type is not None and token_types is not None:
        x = x + _rows(token_type, None, token_types)
    if position is not None:
        places = np.arange(input_ids.shape[1])[None] + first_position
        x = x + _rows(position, position_scale, places if position_ids is None else position_ids)
    return x if gain is None else layer_norm(x, gain, shift, epsilon)


def _rows(table: npt.NDArray[Any], scale: Floats | None, ids: Integers) -> Floats:
    if ids.size and (ids.min() < 0 or ids.max() >= len(table)):
        raise IndexError(f"a row outside of a table of {len(table)}")
    rows = table[ids].astype(np.float32)
    return rows if scale is None else rows * scale[ids][..., 0][..., None]


def pooling(
    hidden: Floats,
    mask: Integers,
    *,
    how: str,
    normalize: int,
    least_norm: float = 0.0,
    least_count: float = 0.0,
) -> Floats:
    """One vector of the tokens of each text: [B, H]."""
    vector = hidden[:, 0]
    if how == "mean":
        weights = mask.astype(np.float32)[..., None]
        count = np.maximum(weights.sum(axis=1), np.float32(least_count))
        vector = (hidden * weights).sum(axis=1) / count
    if normalize:
        length = np.sqrt(np.square(vector).sum(axis=-1, keepdims=True))
        vector = vector / np.maximum(length, np.float32(least_norm))
    return np.asarray(vector, np.float32)


def target_embedding(
    input_ids: Integers,
    past_lengths: Integers,
    word: npt.NDArray[Any],
    word_scale: Floats | None,
    multiplier: Floats,
    rates: Floats,
    gain: Floats,
    shift: Floats | None = None,
    *,
    epsilon: float,
) -> Floats:
    """LayerNorm of rows of a table, times numbers, plus sinusoids of places: [R, T, H].

    Args:
        input_ids: [R, T].
        past_lengths: [R], the place of the first token of a row.
        multiplier: [H], of rows; rates are [H / 2], of places.
    """
    places = past_lengths[:, None] + np.arange(input_ids.shape[1])
    angles = places[..., None].astype(np.float32) * rates
    waves = np.concatenate((np.sin(angles), np.cos(angles)), axis=-1)
    scales = None if word_scale is None else word_scale.reshape(-1, 1)
    return layer_norm(_rows(word, scales, input_ids) * multiplier + waves, gain, shift, epsilon)


def past_attention(
    query: Floats,
    key: Floats,
    value: Floats,
    past_key: Floats,
    past_value: Floats,
    past_lengths: Integers,
    *,
    scale: float,
    query_part: int = 0,
    key_part: int = 0,
    value_part: int = 0,
    kept: int = 0,
) -> Floats:
    """Attention of new tokens to their past and to new tokens up to themselves: [R, T, A].

    Args:
        query, key, value: [R, T, some times A], of which each is that part.
        past_key, past_value: [R, heads, P, D], of which a row has its first `past_lengths`.
        kept: whether keys and values of new tokens are written behind those of the past, if there
            is room for those of all rows.
    """
    rows, heads, _, size = past_key.shape
    width, tokens = heads * size, query.shape[1]
    q, k, v = (
        _by_head(whole[..., part * width : (part + 1) * width], heads)
        for whole, part in ((query, query_part), (key, key_part), (value, value_part))
    )
    answer = np.zeros((rows, tokens, width), np.float32)
    for row, length in enumerate(past_lengths):
        keys = np.concatenate((past_key[row, :, :length], k[row]), axis=1)
        values = np.concatenate((past_value[row, :, :length], v[row]), axis=1)
        for token in range(tokens):
            seen = length + token + 1
            shares = _shares(q[row, :, token, None] @ keys[:, :seen].swapaxes(-1, -2), scale)
            answer[row, token] = (shares @ values[:, :seen]).reshape(width)
        if kept and past_lengths.max() + tokens <= past_key.shape[2]:
            past_key[row, :, length : length + tokens] = k[row]
            past_value[row, :, length : length + tokens] = v[row]
    return answer


def source_attention(
    query: Floats, key: Floats, value: Floats, source_mask: Integers, *, scale: float
) -> Floats:
    """Attention to the tokens of a source where its mask is not 0; 0 where it is everywhere: [R, T, A].

    Args:
        query: [R, T, A], as many rows of each source, next to each other.
        key, value: [sources, heads, S, D].
        source_mask: [sources, S].
    """
    sources, heads, _, size = key.shape
    answer = np.zeros((sources, query.size // max(sources, 1) // (heads * size), heads * size))
    given = query.reshape(answer.shape)
    for source, mask in enumerate(source_mask):
        seen = mask != 0
        if seen.any():
            q = _by_head(given[source : source + 1], heads)[0]
            shares = _shares(q @ key[source][:, seen].swapaxes(-1, -2), scale)
            mixed = shares @ value[source][:, seen]
            answer[source] = mixed.swapaxes(0, 1).reshape(answer[source].shape)
    return np.asarray(answer.reshape(query.shape), np.float32)


def _shares(scores: Floats, scale: float) -> Floats:
    scores = scores * np.float32(scale)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True), np.float32)


def log_probabilities(
    scores: Floats, likely: Floats | None = None, most: Integers | None = None
) -> tuple[Floats, Floats, Integers]:
    """Log-probabilities [..., V] of scores; or the likeliest tokens of each row, [..., most].

    Args:
        likely: [rows], added to the log-probabilities of a row before they are compared.
        most: [1], how many: the largest sums first, of equal ones the lower token. With 0, all
            log-probabilities are given and no token, else the other way round.

    Returns:
        Log-probabilities, sums, and the tokens of these.
    """
    count = 0 if most is None else int(most[0])
    top = scores.max(axis=-1, keepdims=True)
    rest = np.log(np.exp((scores - top).astype(np.float64)).sum(axis=-1, keepdims=True))
    found = np.asarray(scores - top - rest.astype(np.float32), np.float32)
    sums = found if likely is None else found + likely.reshape(*found.shape[:-1], 1)
    tokens = np.argsort(-sums, axis=-1, kind="stable")[..., :count]
    chosen = np.take_along_axis(sums, tokens, axis=-1)
    return (found[..., :0] if count else found), chosen, tokens.astype(np.int64)


def _operator(name: str, compute: Callable[..., Any]) -> type[OpRun]:
    """An operator for ONNX's reference runtime, of a function of its inputs and attributes."""

    def run(self: Any, *inputs: Any, **_: Any) -> tuple[Any, ...]:
        values = {entry.name: _value(entry) for entry in self.onnx_node.attribute}
        found = compute(*inputs, **values)
        return found if isinstance(found, tuple) else (found,)

    return type(name, (OpRun,), {"op_domain": "edgebert.kernels", "_run": run})


def _value(entry: AttributeProto) -> float | int | str:
    found = helper.get_attribute_value(entry)
    assert isinstance(found, bytes | float | int)
    return found.decode() if isinstance(found, bytes) else found


OPERATORS = [
    _operator("Linear", linear),
    _operator("FloatLinear", float_linear),
    _operator("SelfAttention", self_attention),
    _operator("LayerNorm", standing_layer_norm),
    _operator("Embedding", embedding),
    _operator("Pooling", pooling),
    _operator("TargetEmbedding", target_embedding),
    _operator("PastAttention", past_attention),
    _operator("SourceAttention", source_attention),
    _operator("LogProbabilities", log_probabilities),
]
