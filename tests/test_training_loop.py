"""The training loop on models of one number, where every step can be worked out by hand."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor

from edgebert.errors import InputError
from edgebert.records.trained import LOSS, Evaluation, LossPoint
from edgebert.training.loop.batches import bucketed
from edgebert.training.loop.fit import fit
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.loop.optimizing import WeightAverage, adamw
from edgebert.training.loop.precision import choose_precision
from edgebert.training.loop.processes import ALONE
from edgebert.training.loop.seeding import seeded
from edgebert.training.options import LoopOptions

Number = torch.nn.Linear
TOY = LoopOptions(epochs=3, batch_size=2, learning_rate=0.1, precision="fp32")


@dataclass
class Towards:
    """Examples that pull weight and bias towards a number; notes how they were asked for."""

    goal: float = 100.0
    examples: int = 8
    asked: list[list[int]] = field(default_factory=list)

    @property
    def lengths(self) -> list[int]:
        return [1] * self.examples

    def losses(self, model: Number, step: Step) -> Iterator[Tensor]:
        def total(rows: list[int]) -> Tensor:
            self.asked.append(rows)
            return (model.weight + model.bias - self.goal).square().sum() * len(rows)

        return step.mean(total)


@dataclass
class Marks:
    """An exam with given results, one after the other; remembers what model it saw."""

    results: list[Scores]
    metrics: tuple[str, ...] = ("marks",)
    seen: list[float] = field(default_factory=list)

    def scores(self, model: Number) -> Scores:
        self.seen.append(model.weight.item())
        return self.results[len(self.seen) - 1]


def number() -> Number:
    with seeded(1):
        return torch.nn.Linear(1, 1)


def options(**changed: Any) -> LoopOptions:
    return LoopOptions(**{**vars(TOY), **changed})


def marks(*values: float, **also: tuple[float, ...]) -> Marks:
    named = {"marks": values, **also}
    return Marks(
        [dict(zip(named, row, strict=True)) for row in zip(*named.values(), strict=True)],
        metrics=tuple(name for name in named if name != LOSS),
    )


def test_the_best_weights_are_kept() -> None:
    model, exam = number(), marks(1.0, 3.0, 2.0)
    fitted = fit(model, Towards(), TOY, exam=exam, label="toy")
    assert [epoch.dev for epoch in fitted.epochs] == [1.0, 3.0, 2.0]
    assert (fitted.metric, fitted.best_dev, fitted.best_step) == ("marks", 3.0, 8)
    assert model.weight.item() == exam.seen[1] != exam.seen[2]


def test_without_dev_the_last_weights_are_kept() -> None:
    model = number()
    fitted = fit(model, Towards(), TOY, label="toy")
    assert (fitted.metric, fitted.best_dev, fitted.best_step) == (None, None, None)
    assert fitted.steps == 12 and not fitted.evaluations
    assert fitted.epochs[0].loss > fitted.epochs[2].loss


def test_the_metric_can_be_chosen() -> None:
    exam = marks(1.0, 3.0, 2.0, others=(5.0, 4.0, 6.0))
    fitted = fit(number(), Towards(), options(metric="others"), exam=exam, label="toy")
    assert (fitted.metric, fitted.best_step, fitted.best_dev) == ("others", 12, 6.0)


def test_of_losses_the_smallest_is_the_best() -> None:
    exam = marks(1.0, 3.0, 2.0, loss=(0.2, 0.3, 0.4))
    fitted = fit(number(), Towards(), options(metric="loss"), exam=exam, label="toy")
    assert (fitted.best_step, fitted.best_dev) == (4, 0.2)


def test_between_equal_marks_the_smaller_loss_decides() -> None:
    exam = marks(3.0, 3.0, 3.0, loss=(0.4, 0.2, 0.3))
    assert fit(number(), Towards(), TOY, exam=exam, label="toy").best_step == 8


def test_a_mark_that_is_no_number_is_never_the_best() -> None:
    exam = marks(math.nan, 1.0, math.nan)
    assert fit(number(), Towards(), TOY, exam=exam, label="toy").best_step == 8


def test_an_unknown_metric_is_refused_before_the_first_step() -> None:
    objective = Towards()
    with pytest.raises(InputError, match="unknown metric 'f2': expected one of marks, loss"):
        fit(number(), objective, options(metric="f2"), exam=marks(1.0), label="toy")
    assert not objective.asked


@pytest.mark.parametrize("name", ["metric", "patience"])
def test_what_needs_dev_says_so(name: str) -> None:
    value = {"metric": "marks", "patience": 1}[name]
    with pytest.raises(InputError, match=f"--{name} needs --dev"):
        fit(number(), Towards(), options(**{name: value}), label="toy")


def test_dev_is_looked_at_every_n_steps_and_at_the_end() -> None:
    exam = marks(1.0, 2.0, 3.0)
    fitted = fit(number(), Towards(), options(evaluate_every=5), exam=exam, label="toy")
    assert [found.step for found in fitted.evaluations] == [5, 10, 12]
    assert [epoch.dev for epoch in fitted.epochs] == [None, None, 3.0]


def test_training_stops_when_patience_is_at_its_end() -> None:
    exam = marks(1.0, 3.0, 2.0, 3.0, 9.0)
    fitted = fit(number(), Towards(), options(epochs=5, patience=2), exam=exam, label="toy")
    assert [epoch.dev for epoch in fitted.epochs] == [1.0, 3.0, 2.0, 3.0]
    assert (fitted.steps, fitted.best_step) == (16, 8)


def test_patience_within_an_epoch_ends_it_there() -> None:
    exam = marks(3.0, 2.0, 1.0, 9.0)
    chosen = options(evaluate_every=2, patience=2, epochs=2)
    fitted = fit(number(), Towards(), chosen, exam=exam, label="toy")
    assert (fitted.steps, fitted.best_step) == (6, 2)


def test_a_step_in_parts_is_the_same_step() -> None:
    whole, parts = number(), number()
    at_once, in_turns = Towards(examples=9), Towards(examples=9)
    chosen = options(batch_size=5)
    with seeded(2):
        one = fit(whole, at_once, chosen, label="toy")
    with seeded(2):
        other = fit(parts, in_turns, options(batch_size=5, micro_batch_size=2), label="toy")
    assert max(map(len, at_once.asked)) == 5 and max(map(len, in_turns.asked)) == 2
    assert one.epochs[0].loss == pytest.approx(other.epochs[0].loss, rel=1e-6)
    torch.testing.assert_close(whole.weight, parts.weight)
    torch.testing.assert_close(whole.bias, parts.bias)


def test_a_step_counts_targets_and_not_examples() -> None:
    step = Step(rows=[3, 4, 5], size=6, micro_batch=2)
    parts = list(step.mean(lambda rows: torch.tensor(float(sum(rows))), targets_per_example=4))
    assert [part.item() for part in parts] == pytest.approx([7 / 24, 5 / 24])


def test_the_curve_has_every_step_of_a_short_run() -> None:
    told: list[LossPoint | Evaluation] = []
    fitted = fit(
        number(), Towards(), TOY, exam=marks(1.0, 2.0, 3.0), label="toy", watch=told.append
    )
    assert [point.step for point in fitted.curve] == list(range(1, 13))
    rates = [point.learning_rate for point in fitted.curve]
    assert rates[0] == 0.1 and rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0.1 / 11)
    points: list[LossPoint | Evaluation] = [*fitted.curve, *fitted.evaluations]
    assert told == sorted(points, key=lambda point: point.step)


def test_the_curve_of_a_long_run_has_a_few_hundred_points() -> None:
    fitted = fit(number(), Towards(examples=1001), options(batch_size=1), label="toy")
    assert fitted.steps == 3003
    assert 100 <= len(fitted.curve) <= 200
    spans = {b.step - a.step for a, b in zip(fitted.curve, fitted.curve[1:], strict=False)}
    assert spans == {16}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_run_with_its_step(value: float) -> None:
    class Broken(Towards):
        def losses(self, model: Number, step: Step) -> Iterator[Tensor]:
            bad = value if len(self.asked) == 4 else 1.0
            return (part * bad for part in super().losses(model, step))

    model = number()
    with pytest.raises(InputError, match=r"diverged at step 5 .* choose a smaller learning rate"):
        fit(model, Broken(), TOY, label="toy")
    assert model.weight.isfinite().all()


def test_a_gradient_that_is_no_number_does_not_reach_the_weights() -> None:
    class Steep(Towards):
        def losses(self, model: Number, step: Step) -> Iterator[Tensor]:
            yield (model.weight - model.weight.detach()).abs().sqrt().sum()  # slope 0/0 at 0

    model = number()
    with pytest.raises(InputError, match="diverged at step 1 "):
        fit(model, Steep(), TOY, label="toy")
    assert model.weight.isfinite().all()


def test_a_lack_of_memory_says_which_option_helps() -> None:
    class Huge(Towards):
        def losses(self, model: Number, step: Step) -> Iterator[Tensor]:
            yield model.weight.sum() * torch.empty(1 << 55).sum()

    with pytest.raises(InputError, match=r"2 examples of up to 1 tokens .* --micro-batch-size"):
        fit(number(), Huge(), TOY, label="toy")


_MANY_SHAPES = """
import torch
from edgebert.training.loop.memory import give_memory_back, spare_memory
spare_memory()
torch.set_num_threads(1)
layer = torch.nn.Linear(128, 512)
def resident_after(batches):
    for rows in batches:
        with torch.autocast("cpu", torch.bfloat16):
            layer(torch.zeros(rows, 128)).float().sum().backward()
    give_memory_back()
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
print(-resident_after(range(400, 420)) + resident_after(range(420, 820)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_steps_of_many_shapes_take_no_more_memory_than_steps_of_few() -> None:
    ran = subprocess.run([sys.executable, "-c", _MANY_SHAPES], capture_output=True, check=True)
    assert float(ran.stdout) < 60  # megabytes; 500 and more where nothing is done about it


def test_other_errors_keep_their_traceback() -> None:
    class Buggy(Towards):
        def losses(self, model: Number, step: Step) -> Iterator[Tensor]:
            yield torch.zeros(2) @ torch.zeros(3)

    with pytest.raises(RuntimeError, match="size"):
        fit(number(), Buggy(), TOY, label="toy")


def test_a_head_learns_at_its_own_rate() -> None:
    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base_model = torch.nn.Linear(2, 2)
            self.head = torch.nn.Linear(2, 1)

    model = Model()
    groups = adamw(model, 1e-4, 1e-2).param_groups
    rates = {id(p): (g["lr"], g["weight_decay"]) for g in groups for p in g["params"]}
    assert rates[id(model.base_model.weight)] == (1e-4, 0.01)
    assert rates[id(model.base_model.bias)] == (1e-4, 0.0)
    assert rates[id(model.head.weight)] == (1e-2, 0.01)
    assert rates[id(model.head.bias)] == (1e-2, 0.0)
    assert len(rates) == 4


def test_an_average_follows_the_weights() -> None:
    model = number()
    average = WeightAverage(model, 0.5)
    start = model.weight.item()
    for step, value in enumerate((1.0, 2.0), start=7):
        torch.nn.init.constant_(model.weight, value)
        average.add(model, step)
    expected = 0.5 * (0.47059 * start + 0.52941 * 1.0) + 0.5 * 2.0  # 8 / 17, and 9 / 18
    average.swap(model)
    assert model.weight.item() == pytest.approx(expected, abs=1e-4)
    average.swap(model)
    assert model.weight.item() == 2.0


@pytest.mark.parametrize("exam", [None, marks(1.0, 3.0, 2.0)])
def test_what_is_kept_is_the_average(exam: Marks | None) -> None:
    plain, averaged = number(), number()
    with seeded(2):
        fit(plain, Towards(), TOY, label="toy")
    with seeded(2):
        fit(averaged, Towards(), options(average=0.9), exam=exam, label="toy")
    assert averaged.weight.item() != plain.weight.item()
    if exam:
        assert averaged.weight.item() == exam.seen[1]
    assert averaged.weight.item() < plain.weight.item()  # it lags behind


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_smaller_numbers_learn_the_same(precision: str) -> None:
    def trained(chosen: str) -> tuple[float, str]:
        with seeded(3):
            model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 1))
            inputs = torch.randn(32, 4)
        goal = inputs.sum(dim=1, keepdim=True)

        class Sums(Towards):
            def losses(self, model: Any, step: Step) -> Iterator[Tensor]:
                return step.mean(
                    lambda rows: (model(inputs[rows]).float() - goal[rows]).square().sum()
                )

        chosen_options = options(precision=chosen, epochs=30, batch_size=8, learning_rate=0.05)
        with seeded(4):
            fitted = fit(model, Sums(examples=32), chosen_options, label="toy")
        return fitted.epochs[-1].loss, fitted.precision

    exact, small = trained("fp32"), trained(precision)
    assert small[1] == precision
    assert exact[0] < 0.05 and small[0] < 0.1 and small[0] != exact[0]


AVX512 = {"avx512_bf16": True, "amx_bf16": False}


@pytest.mark.parametrize(
    ("told", "precision"),
    [
        ({"avx512_bf16": False, "amx_bf16": False, "cpu_name": "AMD EPYC"}, "fp32"),
        ({**AVX512, "cpu_name": "AMD EPYC"}, "bf16"),
        ({**AVX512, "cpu_name": "Intel Xeon"}, "fp32"),  # its AMX is hidden
        ({**AVX512, "amx_bf16": True, "cpu_name": "Intel Xeon"}, "bf16"),
        ({"architecture": "aarch64"}, "fp32"),
    ],
)
def test_auto_takes_bf16_where_a_cpu_multiplies_it_faster(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], precision: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told)
    cpu = torch.device("cpu")
    assert choose_precision("auto", cpu).name == precision
    assert choose_precision("fp32", cpu).name == "fp32"


def test_threads_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", str(before))
    with seeded(1):
        assert torch.get_num_threads() == before


def test_training_leaves_the_random_numbers_of_others_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with seeded(1):
        torch.rand(10)
    assert torch.equal(torch.rand(3), expected)


def test_one_process_alone_has_all_rows_to_itself() -> None:
    rows = torch.ones(2, 3, requires_grad=True)
    assert ALONE.share([1, 2, 3]) == [1, 2, 3]
    assert ALONE.joined(rows) is rows
    assert ALONE.agreed({"a": 1.0}) == {"a": 1.0}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epochs": 0}, "epochs should be at least 1, not 0"),
        ({"micro_batch_size": 0}, "micro_batch_size should be at least 1"),
        ({"patience": -1}, "patience should be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate should be above 0"),
        ({"learning_rate": math.nan}, "learning_rate should be above 0"),
        ({"average": 1.0}, "average should lie between 0 and 1"),
        ({"precision": "int8"}, "unknown precision 'int8': expected one of auto, fp32, bf16, fp16"),
    ],
)
def test_options_that_make_no_run_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        options(**changed)


def test_an_epoch_sees_every_example_once_in_batches_of_like_length() -> None:
    generator: Callable[[], int] = iter([3, 50, 17, 9, 28]).__next__
    lengths = [generator() for _ in range(5)] + [7] * 96
    batches = bucketed(lengths, batch_size=8)
    assert sorted(row for batch in batches for row in batch) == list(range(101))
    assert max(map(len, batches)) == 8
