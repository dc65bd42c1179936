"""How far logits moved, and how much that changes what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edgebert.measures.compared import Array, Compared, Floats
from edgebert.measures.formats import drift
from edgebert.measures.measure import LABELS, Measure, Row
from edgebert.records.checked import LogitDivergence


def logit_divergence(
    reference: Sequence[Array], candidate: Sequence[Array], *, multi_label: bool
) -> LogitDivergence | None:
    """How far logits [labels] or [tokens, labels] moved, over all texts with equal tokens.

    Multi-label logits are not centred, and their divergence is summed over the labels.
    """
    moved, divergences = [], []
    for a, b in zip(reference, candidate, strict=True):
        if a.shape == b.shape and a.size:
            differences, divergence = _divergence(a, b, multi_label=multi_label)
            moved.append((differences.sum(), differences.size, differences.max()))
            divergences.append(divergence)
    if not moved:
        return None
    total, count, largest = np.asarray(moved).T
    divergence = np.concatenate(divergences)
    return LogitDivergence(
        mean_abs=float(total.sum() / count.sum()),
        max_abs=float(largest.max()),
        kl_mean=max(0.0, float(divergence.mean())),
        kl_max=max(0.0, float(divergence.max())),
    )


def _divergence(a: Array, b: Array, *, multi_label: bool) -> tuple[Floats, Floats]:
    """Absolute differences of one text's logits, and the divergence of each of its rows."""
    left, right = (np.atleast_2d(rows).astype(np.float64) for rows in (a, b))
    if multi_label:
        divergence = sum(
            _kl(_log_sigmoid(sign * left), _log_sigmoid(sign * right)) for sign in (1, -1)
        )
    else:
        left, right = (rows - rows.mean(axis=1, keepdims=True) for rows in (left, right))
        divergence = _kl(_log_softmax(left), _log_softmax(right))
    return np.abs(left - right), np.asarray(divergence)


def _kl(log_p: Floats, log_q: Floats) -> Floats:
    return np.asarray((np.exp(log_p) * (log_p - log_q)).sum(axis=-1))


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _log_sigmoid(logits: Floats) -> Floats:
    return np.asarray(-np.logaddexp(0, -logits))


def _of(compared: Compared) -> LogitDivergence | None:
    if compared.logits is None:
        return None
    return logit_divergence(*compared.logits, multi_label=compared.multi_label)


def _in_terminal(d: LogitDivergence) -> Iterator[Row]:
    moved = f"{d.mean_abs:.2g} (mean), {d.max_abs:.2g} (most), KL {d.kl_mean:.2g}"
    yield "logits off by", moved


def _in_page(d: LogitDivergence) -> Iterator[Row]:
    yield "logits, mean change", drift(d.mean_abs)
    yield "logits, largest change", drift(d.max_abs)
    yield "divergence (KL), mean", f"{drift(d.kl_mean)} nats"
    yield "divergence (KL), largest", f"{drift(d.kl_max)} nats"


LOGITS = Measure(key="logits", compute=_of, terminal=_in_terminal, page=_in_page, of=LABELS)
