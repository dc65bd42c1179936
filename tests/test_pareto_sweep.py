"""The sweep of mixtures that `auto` goes through: pure functions of what was measured."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgebert.onnx_graph.parts import FLOAT, STATIC, TOKEN
from edgebert.quantize.search.pareto_sweep import Cost, Costs, Mixture, last_as_fast, pareto_sweep

SEEDS = range(25)


def costs_of(**groups: dict[str, tuple[float, float]]) -> Costs:
    """By group and form, what milliseconds and drift are."""
    return {
        name: {form: Cost(*pair) for form, pair in forms.items()} for name, forms in groups.items()
    }


def random_costs(seed: int, groups: int = 6) -> Costs:
    """Forms as they come: floats drift 0 and are mostly slowest, the rest in any order."""
    draw = np.random.default_rng(seed)
    forms = (TOKEN, STATIC, "other")
    return costs_of(
        **{
            f"layer.{i}": {
                FLOAT: (float(draw.uniform(0.5, 4)), 0.0),
                **{
                    form: (float(draw.uniform(0.1, 2)), float(draw.uniform(1e-5, 1e-2)))
                    for form in forms
                },
            }
            for i in range(groups)
        }
    )


def dominated(forms: dict[str, Cost], form: str) -> bool:
    """Whether another integer form is as fast or faster and drifts no more."""
    own = forms[form]
    return any(
        other.ms <= own.ms and other.drift <= own.drift
        for name, other in forms.items()
        if name not in (form, FLOAT)
    )


def changed(before: Mixture, after: Mixture) -> list[str]:
    return [name for name, form in after.plan.items() if before.plan[name] != form]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_rung_is_the_fastest_of_all_integers(seed: int) -> None:
    costs = random_costs(seed)
    integers = [[form for form in forms if form != FLOAT] for forms in costs.values()]
    fastest = min(
        sum(costs[name][form].ms for name, form in zip(costs, forms, strict=True))
        for forms in itertools.product(*integers)
    )
    first = pareto_sweep(costs)[0]
    assert FLOAT not in first.plan.values()
    assert first.ms == pytest.approx(fastest)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_last_rung_is_all_floats(seed: int) -> None:
    last = pareto_sweep(random_costs(seed))[-1]
    assert set(last.plan.values()) == {FLOAT}
    assert last.drift == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_each_step_moves_one_group_and_lowers_the_drift(seed: int) -> None:
    sweep = pareto_sweep(random_costs(seed))
    for before, after in itertools.pairwise(sweep):
        assert len(changed(before, after)) == 1
        assert after.drift < before.drift
        assert before.plan.keys() == after.plan.keys()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rung_says_what_its_parts_add_up_to(seed: int) -> None:
    costs = random_costs(seed)
    for step in pareto_sweep(costs):
        parts = [costs[name][form] for name, form in step.plan.items()]
        assert step.ms == pytest.approx(sum(part.ms for part in parts))
        assert step.drift == pytest.approx(sum(part.drift for part in parts))


@pytest.mark.parametrize("seed", SEEDS)
def test_dominated_forms_never_appear(seed: int) -> None:
    costs = random_costs(seed)
    used = {pair for step in pareto_sweep(costs) for pair in step.plan.items()}
    for name, form in used:
        assert form == FLOAT or not dominated(dict(costs[name]), form), (name, form)


def test_no_group_goes_back_to_a_form_that_drifts_more() -> None:
    costs = random_costs(0)
    for name in costs:
        drifts = [costs[name][step.plan[name]].drift for step in pareto_sweep(costs)]
        assert drifts == sorted(drifts, reverse=True)


def test_the_step_that_saves_most_for_its_time_comes_first() -> None:
    costs = costs_of(
        cheap={STATIC: (1.0, 0.010), FLOAT: (1.5, 0.0)},  # 0.02 for each millisecond
        dear={STATIC: (1.0, 0.012), FLOAT: (4.0, 0.0)},  # 0.004
    )
    plans = [step.plan for step in pareto_sweep(costs)]
    assert plans == [
        {"cheap": STATIC, "dear": STATIC},
        {"cheap": FLOAT, "dear": STATIC},
        {"cheap": FLOAT, "dear": FLOAT},
    ]


def test_a_form_between_is_passed_over_where_the_further_one_saves_more() -> None:
    costs = costs_of(layer={STATIC: (1.0, 0.01), TOKEN: (2.0, 0.0099), FLOAT: (2.1, 0.0)})
    assert [step.plan["layer"] for step in pareto_sweep(costs)] == [STATIC, FLOAT]


def test_floats_come_last_also_where_they_are_faster() -> None:
    costs = costs_of(layer={STATIC: (2.0, 0.01), TOKEN: (3.0, 0.001), FLOAT: (0.5, 0.0)})
    plans = [step.plan["layer"] for step in pareto_sweep(costs)]
    assert plans[0] == STATIC
    assert plans[-1] == FLOAT


def test_equally_fast_forms_are_told_apart_by_their_drift() -> None:
    costs = costs_of(layer={STATIC: (1.0, 0.01), TOKEN: (1.0, 0.001), FLOAT: (3.0, 0.0)})
    assert [step.plan["layer"] for step in pareto_sweep(costs)] == [TOKEN, FLOAT]


def test_a_form_without_drift_does_not_keep_floats_out() -> None:
    costs = costs_of(layer={TOKEN: (1.0, 0.0), FLOAT: (3.0, 0.0)})
    assert [step.plan["layer"] for step in pareto_sweep(costs)] == [TOKEN, FLOAT]


def test_the_order_in_which_costs_are_listed_does_not_matter() -> None:
    costs = random_costs(3)
    turned = {name: dict(reversed(list(costs[name].items()))) for name in reversed(list(costs))}
    plans = [step.plan for step in pareto_sweep(costs)]
    assert [step.plan for step in pareto_sweep(turned)] == plans


MIXTURES = (
    Mixture({"a": STATIC, "b": STATIC}, ms=1.000, drift=0.005),
    Mixture({"a": TOKEN, "b": STATIC}, ms=1.010, drift=0.004),
    Mixture({"a": TOKEN, "b": TOKEN}, ms=1.025, drift=0.003),
    Mixture({"a": FLOAT, "b": TOKEN}, ms=1.025, drift=0.001),
    Mixture({"a": FLOAT, "b": FLOAT}, ms=1.200, drift=0.000),
)


@pytest.mark.parametrize(("first", "last"), [(0, 2), (1, 2), (2, 2), (3, 3), (4, 4)])
def test_of_mixtures_as_fast_the_most_accurate_keeps_as_many_layers_in_int8(
    first: int, last: int
) -> None:
    assert last_as_fast(MIXTURES, first) == last


@pytest.mark.parametrize("as_fast", [0.5, 0.99, 1])
def test_a_mixture_is_always_as_fast_as_itself(
    as_fast: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgebert.quantize.search.pareto_sweep._AS_FAST", as_fast)
    assert [last_as_fast(MIXTURES, first) for first in range(5)] == [0, 1, 2, 3, 4]
