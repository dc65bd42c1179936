"""What the labels of a file say of both sides: the task's metrics, in points from 0 to 100."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edgebert.measures.compared import Compared
from edgebert.measures.formats import drift
from edgebert.measures.measure import Bound, Measure, Row, nothing
from edgebert.measures.scores import Scores
from edgebert.measures.statistics import bootstrap_interval, mcnemar_exact
from edgebert.records.checked import CheckRecord, McNemar, Metric

_RIGHT_OR_WRONG = ("accuracy", "exact_match")


def compare_scores(reference: Scores, candidate: Scores, *, resamples: int = 1000) -> Metric:
    """The metric on both sides, and its drop with a paired bootstrap interval of 95 %.

    Paired: both sides are resampled by the same examples.
    """
    before, after = reference.value, candidate.value

    def drop(rows: npt.NDArray[np.intp]) -> float:
        return reference.aggregate(reference.rows[rows]) - candidate.aggregate(candidate.rows[rows])

    return Metric(
        reference.name,
        reference=before,
        candidate=after,
        drop=before - after,
        ci95=bootstrap_interval(drop, len(reference.rows), resamples=resamples),
    )


def mcnemar_of(reference: Scores, candidate: Scores) -> McNemar | None:
    """Examples that one side alone got right; None for metrics without right and wrong."""
    if reference.name not in _RIGHT_OR_WRONG:
        return None
    before, after = reference.rows[:, 0] == 1, candidate.rows[:, 0] == 1
    only_reference, only_candidate = int((before & ~after).sum()), int((after & ~before).sum())
    return McNemar(only_reference, only_candidate, mcnemar_exact(only_reference, only_candidate))


def metrics_of(check: CheckRecord) -> tuple[Metric, ...]:
    """All metrics of a check; records of version 0.1 hold the headline only."""
    return check.metrics or ((check.metric,) if check.metric else ())


def moved_points(metric: Metric) -> str:
    """A metric before and after, for a line in a terminal."""
    moved = f"{-metric.drop:+.2f} points"
    if metric.ci95:
        low, high = sorted(-bound for bound in metric.ci95)
        moved += f", 95 %: {low:+.2f} to {high:+.2f}"
    return f"{metric.reference:.2f} -> {metric.candidate:.2f} ({moved})"


def _metrics(compared: Compared) -> tuple[Metric, ...]:
    return tuple(compare_scores(*sides) for sides in compared.scores)


def _in_terminal(metrics: tuple[Metric, ...]) -> Iterator[Row]:
    for metric in metrics:
        yield metric.name, moved_points(metric)


def _in_card(metrics: tuple[Metric, ...]) -> Iterator[Row]:
    for metric in metrics:
        drop = f"drop {metric.drop:.2f} points"
        if metric.ci95:
            drop += f", 95 % interval {metric.ci95[0]:.2f} to {metric.ci95[1]:.2f}"
        yield metric.name, f"{metric.reference:.2f} before, {metric.candidate:.2f} here ({drop})"


def _figures(metrics: tuple[Metric, ...]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for metric in metrics:
        figures |= {metric.name: metric.candidate, f"{metric.name} drop": metric.drop}
    return figures


METRICS: Measure[tuple[Metric, ...]] = Measure(
    key="metrics",
    compute=_metrics,
    terminal=_in_terminal,
    page=nothing,  # which shows them in a table of their own
    card=_in_card,
    diff=_figures,
    bound=Bound(
        name="max_metric_drop",
        value=lambda metrics: metrics[0].drop if metrics else None,
        least=-200.0,
        most=200.0,
        subject="drop of the metric, in points,",
        help="Points that the task's metric (accuracy, Spearman, F1, nDCG, BLEU) may lose.",
        metavar="POINTS",
        slack=lambda decisions: 0.1,
    ),
    stored=metrics_of,
)


def _mcnemar(compared: Compared) -> McNemar | None:
    return next(filter(None, (mcnemar_of(*sides) for sides in compared.scores)), None)


def _mcnemar_in_terminal(m: McNemar) -> Iterator[Row]:
    yield "right on one side only", f"{m.only_reference} / {m.only_candidate}, p {m.p:.2g}"


def _mcnemar_in_page(m: McNemar) -> Iterator[Row]:
    yield "right on one side only", f"{m.only_reference:,} → {m.only_candidate:,}"
    yield "McNemar's exact p", drift(m.p)


MCNEMAR: Measure[McNemar] = Measure(
    key="mcnemar",
    compute=_mcnemar,
    terminal=_mcnemar_in_terminal,
    page=_mcnemar_in_page,
    diff=lambda found: {},
)
