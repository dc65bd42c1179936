"""`diff_records`: a record made before a change against one made after it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from record_samples import BENCH, CHECK, DOCTOR, GATED, QUANTIZE, words

from edgebert.errors import GateError, InputError
from edgebert.machine import this_machine
from edgebert.records.codec import write_json
from edgebert.records.compared import DiffRecord
from edgebert.records.timed import BenchRecord, Noise, TextsBench, TextsResult, TokenCounts
from edgebert.report import diff_records, write_report

Diff = Callable[..., DiffRecord]
STEADY = replace(BENCH, noise=Noise(0.02, 0.0, noisy=False))


@pytest.fixture
def diff(tmp_path: Path) -> Diff:
    def made(before: Any, after: Any, **bounds: float) -> DiffRecord:
        for name, record in (("old.json", before), ("new.json", after)):
            write_json(record, tmp_path / name)
        return diff_records(tmp_path / "old.json", tmp_path / "new.json", bounds)

    return made


def slower(bench: BenchRecord, factor: float, **only: int) -> BenchRecord:
    """`bench` with the times of some results multiplied."""
    results = tuple(
        replace(r, p50_ms=factor * r.p50_ms)
        if all(getattr(r, key) == value for key, value in only.items())
        else r
        for r in bench.results
    )
    return replace(bench, results=results)


# bench


def test_a_record_is_no_slower_than_itself(diff: Diff) -> None:
    made = diff(STEADY, STEADY, max_slowdown=1.0)
    assert made.passed
    assert {change.ratio for change in made.changes} == {1.0}


def test_without_bounds_a_slowdown_is_only_shown(diff: Diff) -> None:
    made = diff(STEADY, slower(STEADY, 3.0))
    assert made.passed
    assert made.regressions == ()
    assert max(change.ratio or 0 for change in made.changes) == 3.0


def test_a_bundle_that_got_slower_is_refused_for_each_number_of_threads(diff: Diff) -> None:
    with pytest.raises(GateError) as refused:
        diff(STEADY, slower(STEADY, 1.2, bundle=1), max_slowdown=1.1)
    lines = str(refused.value).splitlines()
    assert [line.split(", time")[0] for line in lines] == ["int8, 1 thread", "int8, 2 threads"]
    assert lines[0].endswith("over 2 calls: 1.2 is above the bound of 1.1 (max_slowdown)")
    assert refused.value.exit_code == 3
    assert not refused.value.record.passed


def test_one_call_may_not_get_much_slower_behind_the_others(diff: Diff) -> None:
    faster = slower(STEADY, 0.5)
    after = slower(faster, 3.0, bundle=0, threads=1, length=16)
    with pytest.raises(GateError, match=r"fp32, 1 text of 16 tokens, 1 thread, .*: 1.5 is above"):
        diff(STEADY, after, max_slowdown=1.1)


def test_one_call_within_the_spread_of_its_rounds_is_no_failure(diff: Diff) -> None:
    after = slower(STEADY, 1.12, bundle=0, threads=1, length=16)
    assert diff(STEADY, after, max_slowdown=1.1).passed
    precise = [
        replace(b, results=tuple(replace(r, spread=0.0) for r in b.results))
        for b in (STEADY, after)
    ]
    with pytest.raises(GateError, match=r"1\.12 is above the bound of 1\.1"):
        diff(*precise, max_slowdown=1.1)


def test_a_noisy_machine_is_said(diff: Diff) -> None:
    noisy = replace(STEADY, noise=Noise(0.4, None, noisy=True))
    assert diff(STEADY, STEADY).notes == ()
    (note,) = diff(STEADY, noisy).notes
    assert note.startswith("The machine was noisy after the change")


def test_other_versions_are_said(diff: Diff) -> None:
    versions = this_machine().versions | {"onnxruntime": "9.9"}
    made = diff(STEADY, replace(STEADY, machine=replace(this_machine(), versions=versions)))
    assert "onnxruntime was" in made.notes[0]
    assert "is 9.9." in made.notes[0]


@pytest.mark.parametrize("other", [{"cpu": "another"}, {"cores": 97}, {"features": ("avx2",)}])
def test_times_of_another_machine_do_not_compare(diff: Diff, other: dict[str, Any]) -> None:
    moved = replace(STEADY, machine=replace(this_machine(), **other))
    with pytest.raises(InputError, match="times of different machines do not compare"):
        diff(STEADY, moved)


def test_bundles_are_paired_by_path_then_name_then_order(diff: Diff) -> None:
    fp32, int8 = STEADY.bundles
    renamed = (replace(int8, path="new/int8"), replace(fp32, path="new/float"))
    swapped = tuple(replace(r, bundle=1 - r.bundle) for r in STEADY.results)
    made = diff(STEADY, replace(STEADY, bundles=renamed, results=swapped), max_slowdown=1.0)
    subjects = {change.subject for change in made.changes if change.figure == "size_bytes"}
    assert subjects == {"int8", "fp32 → float"}


def test_what_only_one_record_has_is_said(diff: Diff) -> None:
    fewer = replace(STEADY, results=STEADY.results[:-1])
    made = diff(STEADY, fewer, max_slowdown=1.1)
    assert made.notes == ("int8: only one record has 1 text of 128 tokens, 2 threads",)
    alone = replace(STEADY, bundles=STEADY.bundles[:1], results=STEADY.results[:4])
    assert diff(STEADY, alone).notes == ("1 bundle of one record has no partner in the other.",)


def test_records_with_no_shape_in_common_do_not_compare(diff: Diff) -> None:
    other = tuple(replace(r, batch=77) for r in STEADY.results)
    with pytest.raises(InputError, match="no bundle and shape in common"):
        diff(STEADY, replace(STEADY, results=other))


def test_a_file_of_texts_is_a_call_too(diff: Diff) -> None:
    result = TextsResult(0, "CPUExecutionProvider", 1, 5, 900.0, 100.0, 2000.0, 0.01)
    texts = TextsBench("news.txt", 90, 90, TokenCounts(20, 18, 40, 99), (result,))
    late = replace(texts, results=(replace(result, p50_ms=1800.0),))
    before, after = (replace(STEADY, results=(), texts=t) for t in (texts, late))
    with pytest.raises(GateError, match="fp32, 1 thread, time after / before over 1 call: 2 is"):
        diff(before, after, max_slowdown=1.1)


# drift


def test_drift_may_grow_by_the_bound_and_no_more(diff: Diff) -> None:
    after = replace(GATED, distance_mean=0.0041)
    assert diff(GATED, after, max_drift_increase=0.0011).passed
    with pytest.raises(GateError, match=r"increase of the mean distance: 0\.001 is above"):
        diff(GATED, after, max_drift_increase=0.0009)


def test_a_candidate_that_came_closer_passes(diff: Diff) -> None:
    assert diff(GATED, replace(GATED, distance_mean=0.001), max_drift_increase=0).passed


def test_a_distance_that_is_no_number_does_not_pass(diff: Diff) -> None:
    with pytest.raises(GateError):
        diff(GATED, replace(GATED, distance_mean=math.nan), max_drift_increase=1)


def test_metrics_and_flips_are_shown_beside_the_drift(diff: Diff) -> None:
    figures = {change.figure: change.before for change in diff(GATED, GATED).changes}
    assert figures["spearman"] == 81.58
    assert figures["spearman drop"] == 0.45
    assert figures["neighbours.overlap_at_1"] == 0.97


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"data_sha256": "cd" * 32}, "the texts differ"),
        ({"data_sha256": "", "n": 7}, "the texts differ .* 7 of test.tsv after"),
        ({"task": "token-classification"}, "the tasks differ"),
    ],
)
def test_drift_on_other_texts_does_not_compare(
    diff: Diff, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        diff(GATED, replace(GATED, **change))


def test_drift_when_made_is_compared_too(diff: Diff) -> None:
    worse = replace(QUANTIZE, drift=replace(QUANTIZE.drift, mean=0.01), size_bytes=46_000_000)
    assert ("size_bytes", 2.0) in [(c.figure, c.ratio) for c in diff(QUANTIZE, worse).changes]
    with pytest.raises(GateError):
        diff(QUANTIZE, worse, max_drift_increase=0.001)


# both


@pytest.mark.parametrize(
    ("before", "after", "bounds", "complaint"),
    [
        (CHECK, BENCH, {}, "is a check record and .* a bench record; two bench"),
        (DOCTOR, DOCTOR, {}, "two doctor records cannot be compared"),
        (CHECK, CHECK, {"max_slowdown": 1.1}, "--max-slowdown cannot be held: .* is a check"),
        (BENCH, BENCH, {"max_drift_increase": 1}, "--max-drift-increase cannot be held"),
        (BENCH, BENCH, {"max_slowdown": math.nan}, "--max-slowdown nan makes no sense"),
    ],
)
def test_what_cannot_be_compared_is_told(
    diff: Diff, before: Any, after: Any, bounds: dict[str, float], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        diff(before, after, **bounds)


def test_a_page_shows_a_difference(diff: Diff, tmp_path: Path) -> None:
    with pytest.raises(GateError) as refused:
        diff(STEADY, slower(STEADY, 1.2), max_slowdown=1.1)
    write_json(refused.value.record, tmp_path / "diff.json")
    page = write_report([tmp_path / "diff.json"], tmp_path / "page.html").read_text("utf-8")
    shown = words(page)
    assert "✗ 4 of 4 gates failed" in shown
    assert "✗ max_slowdown fp32, 1 thread, time after / before over 2 calls 1.1 1.2" in shown
    assert "int8, 1 text of 16 tokens, 1 thread p50_ms 8.00 9.60 1.200×" in shown
