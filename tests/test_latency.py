"""How calls are timed: turns, warm-up, which rounds count, and when the machine was noisy."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pytest

from edgebert.errors import InputError
from edgebert.latency.memory import ragged_texts
from edgebert.latency.noise import CpuTime, cpu_time, noise_of, shares
from edgebert.latency.rounds import Rounds, calmer, spread, time_in_rounds, warm_up
from edgebert.latency.shapes import (
    Shape,
    check_lengths,
    default_lengths,
    random_inputs,
    shapes_of,
)

START = CpuTime(total=100, busy=40, own=10, stolen=1)


def later(*, busy: float, own: float, stolen: float = 0) -> CpuTime:
    """Ten seconds of CPU time after `START`."""
    return CpuTime(110, START.busy + busy, START.own + own, START.stolen + stolen)


def test_calls_take_turns_in_every_round() -> None:
    turns: list[str] = []

    def called(name: str) -> None:
        if turns[-1:] != [name]:
            turns.append(name)

    calls = [lambda: called("a"), lambda: called("b"), lambda: called("c")]
    time_in_rounds(calls, rounds=3, seconds=0)
    assert turns == ["a", "b", "c"] * 4  # warm-up, then three rounds


def test_every_round_of_every_call_is_kept() -> None:
    (rounds,) = time_in_rounds([lambda: None], rounds=4, seconds=0.01)
    assert 4 <= len(rounds) <= 6
    assert all(times and min(times) > 0 for times in rounds)


def test_the_first_run_of_a_turn_counts_only_where_it_is_the_only_one() -> None:
    last: list[str] = []

    def called(name: str) -> None:
        time.sleep(0.001 if last[-1:] == [name] else 0.2)
        last.append(name)

    calls = [lambda: called("a"), lambda: called("b")]
    timed = time_in_rounds(calls, rounds=1, seconds=0.25)
    assert max(times for rounds in timed for turn in rounds for times in turn) < 0.15e9
    alone = time_in_rounds(calls, rounds=1, seconds=0)
    assert [len(turn) for rounds in alone for turn in rounds] == [1, 1]


def test_rounds_are_added_while_they_disagree_but_not_for_ever() -> None:
    runs = iter(range(1000))
    (rounds,) = time_in_rounds([lambda: time.sleep(3e-3 * next(runs))], rounds=4, seconds=0.4)
    assert 4 < len(rounds) <= 6
    (slow,) = time_in_rounds([lambda: time.sleep(1e-3 * next(runs))], rounds=4, seconds=0.001)
    assert len(slow) == 4  # no time is left for more


def test_a_call_waits_until_no_thread_of_the_last_one_spins() -> None:
    """As onnxruntime's do: here for 30 ms, in which they would take a core from the next call."""
    seen: list[int] = []

    def spin() -> None:
        end = time.perf_counter() + 0.03
        while time.perf_counter() < end:
            pass

    def spinning() -> None:
        threading.Thread(target=spin).start()

    def measured() -> None:
        seen.append(threading.active_count())

    before = threading.active_count()
    time_in_rounds([spinning, measured], rounds=2, seconds=0)
    assert seen[1:] == [before, before]  # the first is the warm-up


def test_warm_up_ends_though_a_call_never_settles() -> None:
    waits = iter(np.tile([0.0, 0.002], 1000))

    def call() -> None:
        time.sleep(next(waits))

    warm_up(call, seconds=0.05)
    assert next(waits, None) is not None


def test_warm_up_runs_until_the_last_runs_took_alike() -> None:
    waits = iter([0.08, 0.04, *([0.02] * 200)])
    warm_up(lambda: time.sleep(next(waits)), seconds=1)
    assert 150 < len(list(waits)) <= 197  # three alike after the first two


def test_figures_come_from_the_calmer_half_of_the_rounds() -> None:
    assert calmer([[300], [100], [200], [101], [102]]) == [[100], [101], [102]]
    assert calmer([[7]]) == [[7]]


def test_spread_is_between_medians_of_calmer_rounds_and_not_between_runs() -> None:
    assert spread([[100, 100, 900], [100, 100, 500]]) == 0
    assert spread([[100], [110], [120], [500], [500]]) == pytest.approx(20 / 110)


def test_the_least_steady_call_makes_the_run_noisy_and_is_told() -> None:
    steady: Rounds = [[100], [101], [100]]
    unsteady: Rounds = [[100], [150], [170]]
    assert not noise_of([steady], None, None).noisy
    noise = noise_of([steady, unsteady], None, None)
    assert noise.noisy
    assert noise.round_spread == pytest.approx(0.4)
    assert noise.reasons == (
        (
            "the same call took up to 40 % longer in one round than in another "
            "(1 of 2 calls by more than 8 %)"
        ),
    )


def test_other_processes_make_the_run_noisy_though_all_rounds_agree() -> None:
    """A load that never pauses slows all rounds alike."""
    noise = noise_of([[[100], [100]]], START, later(busy=8, own=5))
    assert noise.others == pytest.approx(0.3)
    assert noise.reasons == ("other processes took 30 % of the cores' time",)
    assert not noise_of([[[100], [100]]], START, later(busy=5, own=5)).noisy


def test_stolen_cpu_time_makes_the_run_noisy() -> None:
    noise = noise_of([[[100], [100]]], START, later(busy=5, own=5, stolen=1))
    assert noise.steal == pytest.approx(0.1)
    assert noise.reasons == ("the host gave 10 % of the cores' time to other guests",)


def test_cpu_time_is_unknown_where_the_system_does_not_count() -> None:
    assert shares(None, None) == (None, None)
    assert shares(START, START) == (None, None)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/stat is Linux's")
def test_the_time_of_this_process_is_not_that_of_others() -> None:
    before, end = cpu_time(), time.process_time() + 0.2
    while time.process_time() < end:
        pass
    after = cpu_time()
    assert before
    assert after
    assert after.own - before.own >= 0.2
    others, _ = shares(before, after)
    assert others is not None
    assert 0 <= others <= 1 - 0.15 / (after.total - before.total)  # ticks of 10 ms are rounded


def test_shapes_are_every_combination_once_with_threads_together() -> None:
    shapes = shapes_of((32, 16, 16), (8, 1), (2, 1))
    assert len(shapes) == len(set(shapes)) == 8
    assert [shape.threads for shape in shapes] == [1] * 4 + [2] * 4


def test_a_length_that_would_be_truncated_is_refused() -> None:
    check_lengths("out/int8", 256, (16, 256))
    with pytest.raises(InputError) as refusal:
        check_lengths("out/int8", 256, (16, 257))
    assert str(refusal.value) == "length 257 is above what out/int8 takes: 256 tokens at most"


def test_by_default_no_length_is_above_what_a_model_takes() -> None:
    assert default_lengths(512) == (16, 32, 128)
    assert default_lengths(64) == (16, 32)
    assert default_lengths(10) == (10,)


def test_inputs_have_the_exact_shape_and_no_padding() -> None:
    inputs = random_inputs(50, ("input_ids", "attention_mask"), Shape(threads=1, batch=3, length=7))
    assert set(inputs) == {"input_ids", "attention_mask"}
    assert {(values.shape, values.dtype.name) for values in inputs.values()} == {((3, 7), "int64")}
    assert inputs["attention_mask"].all()
    assert inputs["input_ids"].max() < 50
    again = random_inputs(50, ("input_ids",), Shape(threads=2, batch=3, length=7))
    assert np.array_equal(inputs["input_ids"], again["input_ids"])


def test_ragged_texts_are_the_same_every_time_and_start_with_the_longest() -> None:
    calls = list(ragged_texts(40))
    assert calls == list(ragged_texts(40))
    words = [[len(text.split()) for text in texts] for texts in calls]
    assert words[0] == [40] * 8
    assert len({(len(sizes), max(sizes)) for sizes in words}) > 40  # shapes, of 64 calls
    assert max(map(max, words)) == 40
    assert min(map(min, words)) < 3
