"""What a spelled-out attention computes, found by running it rather than by reading its nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgebert.export.passes.attention_sites import AttentionSite, Factor, Link, Origin
from edgebert.onnx_graph.in_memory.def_use import DefUse

Values = Mapping[str, npt.NDArray[np.generic]]

MASKED = -1e3
"""A score this low leaves nothing of a token after the softmax."""


@dataclass(frozen=True)
class Sample:
    """The values that a graph had inside when it ran one batch.

    Attributes:
        values: by name; what was not asked for is absent.
        mask: bool [batch, sequence], True where a token is real.
    """

    values: Values
    mask: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Attention:
    """What a site computes: softmax(scale * q k^T + mask + bias) v in `heads` heads.

    Attributes:
        query, key, value: names of [batch, sequence, hidden] values; None where there is no such
            value and one has to be made of the product's input.
        output: the name of a [batch, sequence, hidden] value; None likewise.
        padding: whether padding is masked by the graph's own attention mask.
        bias: name of a value [batch or 1, heads or 1, sequence, sequence] that is added, or None.
    """

    site: AttentionSite
    heads: int
    scale: float
    query: str | None
    key: str | None
    value: str | None
    output: str | None
    padding: bool
    bias: str | None


class NotProved(Exception):  # noqa: N818 - it says what is the case
    """A site is something else than attention, or more; the message says what."""


def values_in_short(sites: Sequence[AttentionSite]) -> set[str]:
    """Names of the values that `prove` looks at in a short sample."""
    names = values_in_long(sites)
    for site in sites:
        names.update((*site.scores.input, site.context.input[1], *site.outputs))
        names.update(origin.name for origin in _all_origins(site))
    return names


def values_in_long(sites: Sequence[AttentionSite]) -> set[str]:
    """Names of those that it looks at in a long one: what is masked, and single numbers."""
    links = [link for site in sites for link in site.links]
    origins = [origin for site in sites for origin in _all_origins(site)]
    names = {factor.name for origin in origins for factor in origin.factors}
    return names | {name for link in links for name in (link.name, link.fill) if name}


def _all_origins(site: AttentionSite) -> tuple[Origin, ...]:
    return (*site.queries, *site.keys, *site.values)


def prove(def_use: DefUse, site: AttentionSite, short: Sample, long: Sample) -> Attention:
    """Find out what a site computes.

    Args:
        def_use: the graph.
        site: where attention may be.
        short: a sample with its values; its batch, tokens, heads and head size differ.
        long: a sample with its values, long enough to show a local window.

    Raises:
        NotProved: it computes something that MultiHeadAttention does not.
    """
    inside = short.values
    query, context = inside[site.scores.input[0]], inside[site.context.output[0]]
    key, value = inside[site.scores.input[1]], inside[site.context.input[1]]
    if query.ndim != 4 or key.ndim != 4 or query.shape != value.shape != context.shape:
        raise NotProved("its query, key and value are not [batch, heads, sequence, head size]")
    numbers = _Numbers(def_use, short, long)
    q, q_scale = _source(site.queries, query, inside, numbers)
    k, k_scale = _source(site.keys, np.swapaxes(key, 2, 3), inside, numbers)
    v, v_scale = _source(site.values, value, inside, numbers)
    if not math.isclose(v_scale, 1.0):
        raise NotProved("its values are scaled")
    merged = _merge(context)
    output = next((n for n in site.outputs if _equal(inside[n], merged)), None)
    padding, bias = _masking(def_use, site.links, short, long)
    return Attention(
        site=site,
        heads=query.shape[1],
        scale=q_scale * k_scale * numbers.product(_scales(site.links)),
        query=q,
        key=k,
        value=v,
        output=output,
        padding=padding,
        bias=bias,
    )


class _Numbers:
    """Values of one element: constants, and what a graph computes of the shapes alone."""

    def __init__(self, def_use: DefUse, *samples: Sample) -> None:
        self._def_use, self._samples = def_use, samples

    def product(self, factors: Sequence[Factor]) -> float:
        product = 1.0
        for factor in factors:
            number = self._number(factor.name)
            product *= 1 / number if factor.inverse else number
        return product

    def _number(self, name: str) -> float:
        constant = self._def_use.scalar(name)
        if constant is not None:
            return constant
        seen = [sample.values[name] for sample in self._samples if name in sample.values]
        if any(values.size != 1 for values in seen):
            raise NotProved(f"{name} is no single number")
        numbers = {float(values.reshape(-1)[0].astype(np.float64)) for values in seen}
        if len(numbers) != 1:
            raise NotProved(f"{name} depends on the length")
        return numbers.pop()


def _scales(links: Sequence[Link]) -> list[Factor]:
    return [Factor(link.name, link.inverse) for link in links if link.kind == "scale"]


def _source(
    origins: Sequence[Origin],
    split: npt.NDArray[np.generic],
    inside: Values,
    numbers: _Numbers,
) -> tuple[str | None, float]:
    """The farthest [batch, sequence, hidden] value of which `split` is made, and its scale.

    Args:
        origins: candidates.
        split: [batch, heads, sequence, head size].
        inside: values of the graph.
        numbers: the numbers that values are scaled by.
    """
    merged = _merge(split)
    for origin in origins:
        scale = numbers.product(origin.factors)
        if _equal(inside[origin.name].astype(np.float64) * scale, merged):
            return origin.name, scale
    return None, 1.0


def _merge(split: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """[batch, heads, sequence, head size] as [batch, sequence, hidden]."""
    batch, heads, sequence, size = split.shape
    return np.swapaxes(split, 1, 2).reshape(batch, sequence, heads * size)


def _equal(found: npt.NDArray[np.generic], expected: npt.NDArray[np.generic]) -> bool:
    if found.shape != expected.shape:
        return False
    largest = float(np.abs(expected).max())
    return bool(np.allclose(found, expected, rtol=1e-4, atol=1e-6 * largest))


def _masking(
    def_use: DefUse, links: Sequence[Link], short: Sample, long: Sample
) -> tuple[bool, str | None]:
    """Whether padding is masked, and the name of what else is added to the scores."""
    padding, bias = False, None
    for position, link in enumerate(links):
        if link.kind == "scale" or all(_adds_nothing(link, s, def_use) for s in (short, long)):
            continue
        if all(_masks_padding(link, sample, def_use) for sample in (short, long)):
            padding = True
        elif link.kind == "where" or bias is not None or _scales(links[position:]):
            raise NotProved("its scores are masked by more than the attention mask")
        elif long.values[link.name].shape[-2:] != long.mask.shape[1:] * 2:
            raise NotProved(f"{link.name}, which is added to its scores, has no row a token")
        else:
            bias = link.name
    return padding, bias


def _effect(link: Link, sample: Sample, def_use: DefUse) -> npt.NDArray[np.float64]:
    """What a link adds to the scores, [batch, heads or 1, queries or 1, keys]."""
    value = _value(link.name, sample, def_use)
    if link.kind == "where":
        fill = _value(link.fill, sample, def_use).astype(np.float64)
        value = np.where(value.astype(bool) == link.keep, 0.0, fill)
    batch, tokens = sample.mask.shape
    shape = np.broadcast_shapes(value.shape, (batch, 1, 1, tokens))
    return np.broadcast_to(value, shape).astype(np.float64)


def _value(name: str, sample: Sample, def_use: DefUse) -> npt.NDArray[np.generic]:
    return def_use.constant(name) if def_use.is_constant(name) else sample.values[name]


def _adds_nothing(link: Link, sample: Sample, def_use: DefUse) -> bool:
    return not np.any(_effect(link, sample, def_use))


def _masks_padding(link: Link, sample: Sample, def_use: DefUse) -> bool:
    """0 at every real token and very low at every other, whichever real token asks."""
    effect = _effect(link, sample, def_use)
    asking = sample.mask[:, None, :, None]
    asked = sample.mask[:, None, None, :]
    right = np.where(asked, effect == 0, effect <= MASKED)
    return bool(np.all(right | ~asking))
