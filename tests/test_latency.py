"""`edgebert.bench`: what it times, how it takes turns, and when it calls the machine noisy."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import edgebert
from edgebert.bundle import open_bundle
from edgebert.errors import BundleError, InputError
from edgebert.latency.noise import cpu_ticks, noise_of, round_spread, steal_share
from edgebert.latency.rounds import time_in_rounds, warm_up
from edgebert.latency.shapes import Shape, random_inputs, shapes_of
from edgebert.machine import available_cores
from edgebert.records.codec import from_dict, to_dict
from edgebert.records.measured import BenchRecord

STEADY = (0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def record(tiny_bundle: Path) -> BenchRecord:
    return edgebert.bench(
        [tiny_bundle, tiny_bundle],
        lengths=(4, 8),
        batch_sizes=(1, 2),
        threads=(1,),
        rounds=3,
        seconds=0.03,
    )


def test_calls_take_turns_in_every_round() -> None:
    turns: list[str] = []

    def called(name: str) -> None:
        if turns[-1:] != [name]:
            turns.append(name)

    time_in_rounds([lambda: called("a"), lambda: called("b")], rounds=3, seconds=0)
    assert turns == ["a", "b"] * 4  # warm-up, then three rounds


def test_every_timed_run_is_kept_with_its_round() -> None:
    (rounds,) = time_in_rounds([lambda: None], rounds=4, seconds=0.01)
    assert len(rounds) == 4
    assert all(times and min(times) > 0 for times in rounds)


def test_the_first_run_of_a_turn_is_not_timed() -> None:
    runs: list[None] = []
    (rounds,) = time_in_rounds([lambda: runs.append(None)], rounds=2, seconds=0)
    warming = 1
    assert len(runs) == warming + sum(len(times) + 1 for times in rounds)


def test_warm_up_ends_though_a_call_never_settles() -> None:
    waits = iter(np.tile([0.0, 0.002], 1000))

    def call() -> None:
        time.sleep(next(waits))

    warm_up(call, seconds=0.05)
    assert next(waits, None) is not None


def test_spread_is_between_medians_of_rounds_and_not_between_runs() -> None:
    assert round_spread([[100, 100, 900], [100, 100, 500]]) == 0
    assert round_spread([[100, 100, 100], [110, 110, 110], [120, 120, 120]]) == pytest.approx(
        2 / 11
    )


def test_the_least_steady_call_makes_the_run_noisy() -> None:
    steady, unsteady = [[100], [101]], [[100], [150]]
    assert not noise_of([steady], STEADY, STEADY).noisy
    noise = noise_of([steady, unsteady], STEADY, STEADY)
    assert noise.noisy
    assert noise.round_spread == pytest.approx(0.4)


def test_stolen_cpu_time_makes_the_run_noisy() -> None:
    stolen = noise_of([[[100], [100]]], STEADY, (80, 0, 0, 10, 0, 0, 0, 10))
    assert stolen.steal == pytest.approx(0.1)
    assert stolen.noisy


def test_steal_is_unknown_where_the_system_does_not_count() -> None:
    assert steal_share((), ()) is None
    assert steal_share(STEADY, STEADY) is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/stat is Linux's")
def test_cpu_ticks_are_the_eight_that_add_up_to_all_time() -> None:
    assert len(cpu_ticks()) == 8


def test_shapes_are_every_combination_once_with_threads_together() -> None:
    shapes = shapes_of((32, 16, 16), (8, 1), (2, 1))
    assert len(shapes) == len(set(shapes)) == 8
    assert [shape.threads for shape in shapes] == [1] * 4 + [2] * 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lengths": ()}, "lengths must be 1 or more, not []"),
        ({"lengths": (16, 0)}, "lengths must be 1 or more, not [16, 0]"),
        ({"batch_sizes": (-1,)}, "batch sizes must be 1 or more, not [-1]"),
        ({"threads": (0,)}, "threads must be 1 or more, not [0]"),
        ({"rounds": 0}, "a bench needs one bundle and one round at least"),
    ],
)
def test_numbers_below_one_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as refusal:
        edgebert.bench(["nowhere"], **options)  # type: ignore[arg-type]
    assert str(refusal.value) == message


def test_a_lost_bundle_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        BundleError, match=r"^\S*lost is not a bundle: there is no such folder\..*$"
    ):
        edgebert.bench([tmp_path / "lost"])


def test_a_length_that_would_be_truncated_is_refused(tiny_bundle: Path) -> None:
    limit = open_bundle(tiny_bundle).manifest.max_length
    message = f"length {limit + 1} is above what {tiny_bundle} takes: {limit} tokens at most"
    with pytest.raises(InputError) as refusal:
        edgebert.bench([tiny_bundle], lengths=(4, limit + 1))
    assert str(refusal.value) == message


def test_inputs_have_the_exact_shape_and_no_padding(tiny_bundle: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    inputs = random_inputs(bundle, Shape(threads=1, batch=3, length=7))
    assert set(inputs) == set(bundle.manifest.inputs)
    assert {values.shape for values in inputs.values()} == {(3, 7)}
    assert {values.dtype for values in inputs.values()} == {np.dtype(np.int64)}
    assert inputs["attention_mask"].all()
    again = random_inputs(bundle, Shape(threads=2, batch=3, length=7))
    assert np.array_equal(inputs["input_ids"], again["input_ids"])


def test_every_bundle_is_timed_at_every_shape(record: BenchRecord) -> None:
    timed = {(r.bundle, r.threads, r.batch, r.length) for r in record.results}
    assert timed == {(i, 1, batch, length) for i in (0, 1) for batch in (1, 2) for length in (4, 8)}
    assert len(record.results) == len(timed)


def test_percentiles_rise_and_throughput_is_the_work_over_the_time(record: BenchRecord) -> None:
    for r in record.results:
        assert 0 < r.min_ms <= r.p50_ms <= r.p90_ms <= r.p95_ms <= r.p99_ms
        assert r.runs >= 3
        assert r.texts_per_s == pytest.approx(1000 * r.batch / r.mean_ms)
        assert r.tokens_per_s == pytest.approx(r.texts_per_s * r.length)


def test_a_bundle_is_described_by_what_was_really_run(
    record: BenchRecord, tiny_bundle: Path
) -> None:
    bundle = open_bundle(tiny_bundle)
    for timed in record.bundles:
        assert (timed.path, timed.sha256) == (str(tiny_bundle), bundle.sha256)
        assert (timed.precision, timed.size_bytes) == ("fp32", bundle.size_bytes)
        assert timed.provider == "CPUExecutionProvider"
        assert timed.load_ms > 0
        assert timed.first_inference_ms > 0


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is not read on Windows")
def test_peak_memory_is_the_bundles_own_and_not_of_the_process_that_asks(
    record: BenchRecord, tiny_bundle: Path
) -> None:
    code = (
        "import edgebert, numpy, sys\n"
        "large = numpy.ones(60_000_000)\n"  # 480 MB
        "from edgebert.latency.start import starts_of\n"
        "from edgebert.bundle import open_bundle\n"
        "print(starts_of([open_bundle(sys.argv[1])])[0].peak_rss_mb)"
    )
    command = [sys.executable, "-c", code, str(tiny_bundle)]
    peak = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert 10 < peak < 400
    assert record.bundles[0].peak_rss_mb == pytest.approx(peak, rel=0.3)


def test_the_default_threads_are_one_and_all_that_are_granted(tiny_bundle: Path) -> None:
    record = edgebert.bench([tiny_bundle], lengths=(4,), batch_sizes=(1,), rounds=1, seconds=0.01)
    assert {result.threads for result in record.results} == {1, available_cores()}


def test_a_bundle_that_does_not_start_is_one_line(tiny_bundle: Path) -> None:
    command = [sys.executable, "-m", "edgebert.latency.cold_start", str(tiny_bundle / "lost")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "lost is not a bundle" in done.stderr


def test_the_record_survives_json(record: BenchRecord) -> None:
    assert from_dict(BenchRecord, to_dict(record)) == record
