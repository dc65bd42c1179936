"""The drift gate: compare, hold the result against bounds, say yes or no, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from edgebert.data import Columns, Examples
from edgebert.data.columns import refuse_without_columns
from edgebert.drift.causes import Side, examined, find_causes, unexplained
from edgebert.drift.comparing import Comparison, compare
from edgebert.drift.gates import (
    MARGIN,
    Limit,
    baseline_bounds,
    hold,
    implied_bounds,
    read_baseline,
    require_measurable,
    same_model,
    sentence,
)
from edgebert.drift.invariance import padded_runs
from edgebert.drift.makers import maker_of, other_makers, require_same_options
from edgebert.drift.weights import WeightComparison, compare_weights
from edgebert.errors import GateError, MissingExtra
from edgebert.measures import BOUNDS, Thresholds, as_fields
from edgebert.measures.invariance import PADDING_INVARIANCE
from edgebert.records.checked import Cause, CheckRecord, Gate
from edgebert.references.onnx_file import probe_bundle
from edgebert.references.saved import SavedOutputs
from edgebert.references.sources import Probe, Source, open_source, require_readable
from edgebert.references.translator_probe import TranslatorProbe
from edgebert.runtimes import Model
from edgebert.runtimes.kernels import AUTO, OFF


@dataclass(frozen=True)
class Baseline:
    """An earlier check, and how much worse still counts as no worse (a share)."""

    path: Path
    margin: float = MARGIN


def check(
    reference: str | Path,
    candidate: str | Path,
    data: str | Path | None = None,
    *,
    thresholds: Thresholds | None = None,
    baseline: Baseline | None = None,
    slice_by: Sequence[str] = (),
    text_column: str | None = None,
    pair_column: str | None = None,
    label_column: str | None = None,
    offline: bool = False,
    kernels: str = AUTO,
) -> CheckRecord:
    """Measure how far `candidate` is from `reference` on the texts of `data`.

    Where neither thresholds nor a baseline are given, the candidate is held to what its manifest
    promises, and to being the reference's model: the same token ids, pooling, label order and,
    rounding aside, weights. The latter is also asked of two bundles made from one checkpoint.

    Args:
        reference: a checkpoint, a bundle, an .onnx file, or saved outputs (.jsonl).
        candidate: any of these.
        data: texts, with or without labels (see `edgebert.data`); by default those of a side that
            is saved outputs, or else the built-in sentences.
        thresholds: bounds.
        baseline: an earlier check on the same texts that this one must be no worse than.
        slice_by: "length", "script" or columns of the file, to look at parts of the texts.
        text_column: column of the texts, where the file does not use a usual name; `pair_column` of
            the second of each pair, `label_column` of labels, tags, scores or answers.
        offline: never touch the network.
        kernels: whether edgebert's kernels run a candidate that is a bundle, as in `edgebert.load`;
            a reference is run by them only where it was measured with them, and not if "off".

    Raises:
        GateError: a bound is broken. `error.record` is the `CheckRecord` that says which.
        InputError: the two do not compare, or the data do not fit.
    """
    columns = Columns(text_column, pair_column, label_column)
    refuse_without_columns(columns, [] if data is None else [Path(data)])
    right = open_source(str(candidate), offline=offline, kernels=kernels)
    left = open_source(
        str(reference),
        max_length=right.max_length,
        offline=offline,
        kernels=OFF if kernels == OFF else AUTO,
    )
    examples = _examples(left, right, data, columns)
    require_same_options(left, right, examples.retrieval)
    for side in (left, right):
        require_readable(side, examples)
    if thresholds:
        require_measurable(thresholds, right.task)
    if thresholds and thresholds.max_metric_drop is not None:
        spec = right.spec
        spec.task.require_gold(examples, gives_score=spec.gives_score)
    earlier = read_baseline(baseline.path) if baseline else None
    comparison = compare(left, right, examples, slice_by=slice_by)
    limits = _asked(thresholds)
    if baseline and earlier:
        limits += baseline_bounds(earlier, comparison, str(baseline.path), baseline.margin)
    return _judge(left, right, comparison, limits, _names(reference, candidate, examples, baseline))


@dataclass(frozen=True)
class _Names:
    """What the record calls the sides, the texts and the baseline."""

    reference: str
    candidate: str
    data: str
    baseline: str | None


def _names(
    reference: str | Path, candidate: str | Path, examples: Examples, baseline: Baseline | None
) -> _Names:
    earlier = str(baseline.path) if baseline else None
    return _Names(str(reference), str(candidate), examples.path.name, earlier)


def _examples(left: Source, right: Source, data: str | Path | None, columns: Columns) -> Examples:
    saved = [side for side in (right, left) if isinstance(side, SavedOutputs)]
    if data is None and saved:  # of two, all texts of both: one without some of them is told
        texts = dict.fromkeys(text for side in saved for text in side.texts)
        return Examples(saved[0].path, tuple(texts))
    path = Path(data) if data else None
    return right.spec.task.examples(path, columns=columns)


def _asked(thresholds: Thresholds | None) -> list[Limit]:
    given = thresholds.given() if thresholds else {}
    return [Limit(name, value, "asked") for name, value in given.items()]


def _judge(
    left: Source, right: Source, comparison: Comparison, asked: list[Limit], names: _Names
) -> CheckRecord:
    """Look for causes, hold the bounds, and put it all into the record."""
    probes = _probe(left), _probe(right)
    weights = _weights(*probes)
    sides = (
        Side(probes[0], left.labels, comparison.before),
        Side(probes[1], left.labels, comparison.after),
    )
    causes = find_causes(*sides, comparison.texts, weights)
    gates = hold(asked or implied_bounds(left, right, comparison, weights), comparison)
    if not asked or _same_origin(*probes):
        gates += same_model(causes, examined(*sides, weights))
    failures = tuple(sentence(gate, causes) for gate in gates if not gate.passed)
    if failures and not causes:
        causes = (unexplained(weights),)
    parts = {**comparison.parts, **_padding(right, probes[1], comparison)}
    record = _record(names, left, right, comparison, gates, failures, causes, weights, parts)
    if failures:
        raise GateError("\n".join(failures), record)
    return record


def _padding(candidate: Source, probe: Probe | None, comparison: Comparison) -> dict[str, Any]:
    """What only a check measures, for it runs texts that a model would not be given."""
    if probe is None or isinstance(candidate, SavedOutputs):
        return {}
    runs = partial(padded_runs, candidate, probe, comparison.texts)
    found = PADDING_INVARIANCE.compute(replace(comparison.compared, padded=runs))
    return {PADDING_INVARIANCE.key: found}


def _probe(source: Source) -> Probe | None:
    if isinstance(source, Model):
        return TranslatorProbe(source) if source.spec.task.writes else probe_bundle(source)
    return source if isinstance(source, Probe) else None


def _weights(left: Probe | None, right: Probe | None) -> WeightComparison | None:
    return compare_weights(left.weights(), right.weights()) if left and right else None


def _same_origin(left: Probe | None, right: Probe | None) -> bool:
    return bool(left and right and left.made_from and left.made_from == right.made_from)


def _uncounted(comparison: Comparison) -> tuple[str, ...]:
    """What could not be said of translations."""
    if comparison.targets is None or comparison.metric is not None:
        return ()
    missing = MissingExtra("the score of a translation", "translation")
    return (f"BLEU and chrF were not counted: {missing}",)


def _record(
    names: _Names,
    reference: Source,
    candidate: Source,
    comparison: Comparison,
    gates: tuple[Gate, ...],
    failures: tuple[str, ...],
    causes: tuple[Cause, ...],
    weights: WeightComparison | None,
    parts: dict[str, Any],
) -> CheckRecord:
    return CheckRecord(
        reference=names.reference,
        candidate=names.candidate,
        data=names.data,
        data_sha256=comparison.data_sha256,
        passed=not failures,
        n=len(comparison.texts),
        task=comparison.task,
        max_length=candidate.max_length,
        metric=comparison.metric,
        worst=comparison.worst,
        thresholds={gate.name: gate.bound for gate in gates if gate.name in BOUNDS},
        failures=failures,
        histogram=comparison.histogram,
        slices=comparison.slices,
        weights=weights.record if weights else None,
        causes=causes,
        gates=gates,
        baseline=names.baseline,
        made_by={
            name: str(maker)
            for name, side in (("reference", reference), ("candidate", candidate))
            if (maker := maker_of(side))
        },
        warnings=(
            *other_makers(reference, candidate, (names.reference, names.candidate)),
            *_uncounted(comparison),
        ),
        **as_fields(parts),
    )
