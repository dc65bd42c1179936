"""Scheme `auto`: inside its budget or nothing written, the same twice, and going on when killed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from families import make_embedder

from edgebert.bundle import open_bundle
from edgebert.data import Examples
from edgebert.drift.comparing import compare
from edgebert.errors import GateError
from edgebert.export import export_model
from edgebert.onnx_graph.parts import FLOAT, matmul_forms
from edgebert.onnx_graph.reading import read_graph
from edgebert.onnx_graph.saturation import can_saturate
from edgebert.onnx_graph.weights import read_tensors
from edgebert.quantize import QuantizeOptions, chosen_mixture, quantize_bundle
from edgebert.quantize.calibration import choose_texts
from edgebert.quantize.forms.recipes import Plan, Recipes
from edgebert.quantize.search.mixture_drift import DriftMeter, MixtureDrift
from edgebert.quantize.search.search_cache import SearchCache
from edgebert.records.made import QuantizeRecord
from edgebert.runtimes import load

AUTO = QuantizeOptions()


pytestmark = pytest.mark.usefixtures("own_cache")


Mixture = tuple[frozenset[tuple[str, str]], bool]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Mixture]:
    """The mixtures that searches run from here on: of each, the groups that are no floats."""
    runs: list[Mixture] = []
    remember = SearchCache.remember

    def noted(
        cache: SearchCache, plan: Plan, measure: Callable[[], MixtureDrift], *, few: bool = False
    ) -> MixtureDrift:
        def counted() -> MixtureDrift:
            found = measure()
            integers = frozenset((name, form) for name, form in plan.items() if form != FLOAT)
            runs.append((integers, few))
            return found

        return remember(cache, plan, counted, few=few)

    monkeypatch.setattr(SearchCache, "remember", noted)
    return runs


@pytest.fixture
def caches(own_cache: Path) -> Path:
    """Where searches keep what they measured; there is none yet."""
    folder = own_cache / "edgebert/search"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def refused(source: Path, output: Path, options: QuantizeOptions) -> QuantizeRecord:
    with pytest.raises(GateError, match="was not quantized") as caught:
        quantize_bundle(source, output, options=options)
    assert isinstance(caught.value.record, QuantizeRecord)
    return caught.value.record


def chosen(record: QuantizeRecord) -> list[str]:
    return [point.scheme for point in record.pareto if point.chosen]


def graph_of(record: QuantizeRecord) -> bytes:
    return (Path(record.bundle) / "model.onnx").read_bytes()


def killed_after(calls: int) -> Callable[..., MixtureDrift]:
    left, remember = iter(range(calls)), SearchCache.remember

    def killed(
        cache: SearchCache, plan: Plan, measure: Callable[[], MixtureDrift], *, few: bool = False
    ) -> MixtureDrift:
        def begun() -> MixtureDrift:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return measure()

        return remember(cache, plan, begun, few=few)

    return killed


def test_auto_is_what_is_done_by_default(tiny_auto: QuantizeRecord) -> None:
    quantization = open_bundle(tiny_auto.bundle).manifest.quantization
    assert quantization is not None
    assert (tiny_auto.scheme, quantization.scheme) == ("auto", "auto")
    assert quantization.batch_invariant
    assert quantization.isa == "any"
    assert quantization.calibration == tiny_auto.calibration
    assert tiny_auto.calibration is not None
    assert tiny_auto.calibration.startswith("built-in texts: ")


def test_the_budget_is_kept_on_texts_that_nothing_else_looked_at(
    tiny_bundle: Path, tiny_auto: QuantizeRecord
) -> None:
    original = load(tiny_bundle)
    texts = choose_texts(AUTO, original)
    seen = {*texts.ranges, *texts.search}
    assert not seen & set(texts.held_out.single_texts())
    assert not set(texts.ranges) & set(texts.search)
    distances = compare(original, load(tiny_auto.bundle, kernels="off"), texts.held_out).distances
    assert distances.mean() == pytest.approx(tiny_auto.drift.mean)
    assert tiny_auto.thresholds == {"max_drift": 0.0015, "max_p99": 0.007}
    assert distances.mean() <= 0.0015
    assert np.percentile(distances, 99) <= 0.007


def test_a_layer_says_what_became_of_it_and_what_that_costs(tiny_auto: QuantizeRecord) -> None:
    forms = matmul_forms(read_graph(Path(tiny_auto.bundle) / "model.onnx"))
    tables = [layer for layer in tiny_auto.layers if layer.decision == "int8 rows"]
    floats = [layer for layer in tiny_auto.layers if layer.decision == "float"]
    assert len(tables) == 2
    assert len(floats) == forms[FLOAT]
    assert len(tiny_auto.layers) == len(tables) + forms.total()
    for layer in tiny_auto.layers:
        untold = layer in tables or layer in floats
        assert (layer.sensitivity is None) == untold
        assert layer.saturation == (None if untold else 0.0)
    count = tiny_auto.coverage["quantized_matmuls"]
    assert count.found == count.expected == forms.total() - forms[FLOAT] > 0


def test_no_weight_of_a_default_bundle_can_saturate(tiny_auto: QuantizeRecord) -> None:
    tensors = read_tensors(Path(tiny_auto.bundle) / "model.onnx")
    weights = [tensors[name] for name in tensors if name.endswith("_quantized")]
    assert weights
    assert not any(map(can_saturate, weights))


def test_the_points_that_were_tried_hold_the_schemes_and_one_choice(
    tiny_auto: QuantizeRecord,
) -> None:
    schemes = [point.scheme for point in tiny_auto.pareto]
    assert {"token", "static", "dynamic", "auto"} <= set(schemes)
    assert len(set(schemes)) == len(schemes)
    assert chosen(tiny_auto) == ["auto"]
    assert all(point.latency_ms and point.latency_ms > 0 for point in tiny_auto.pareto)
    assert all(0 <= point.drift < 0.1 for point in tiny_auto.pareto)


def test_the_same_seed_gives_the_same_bytes(
    tiny_bundle: Path, tiny_auto: QuantizeRecord, tmp_path: Path
) -> None:
    again = quantize_bundle(tiny_bundle, tmp_path / "again", options=AUTO)
    assert graph_of(again) == graph_of(tiny_auto)
    assert again.layers == tiny_auto.layers
    assert again.drift == tiny_auto.drift
    assert again.calibration == tiny_auto.calibration


def test_another_seed_draws_other_texts(tiny_bundle: Path) -> None:
    model = load(tiny_bundle)
    one, other = (choose_texts(QuantizeOptions(seed=seed), model) for seed in (0, 1))
    assert one == choose_texts(AUTO, model)
    assert one.fingerprint != other.fingerprint
    assert set(one.ranges) != set(other.ranges)


def test_a_budget_that_nothing_keeps_writes_nothing_and_tells_what_was_tried(
    tiny_bundle: Path, tiny_auto: QuantizeRecord, tmp_path: Path
) -> None:
    record = refused(tiny_bundle, tmp_path / "out/int8", QuantizeOptions(max_drift=1e-6))
    assert not list((tmp_path / "out").glob("*"))
    assert not record.passed
    assert re.fullmatch(r"drift [\d.e-]+ is above 1e-06 \(asked\)", record.failures[0])
    assert not any(point.chosen for point in record.pareto)
    assert record.thresholds == {"max_drift": 1e-6}
    tried = {point.scheme: point.drift for point in record.pareto}
    assert {"token", "static", "dynamic"} <= tried.keys()
    assert min(tried[scheme] for scheme in ("token", "static", "dynamic")) > 1e-6


def test_a_mixture_that_drifts_too_far_on_held_out_texts_gives_way_to_the_next(
    tiny_bundle: Path,
    tiny_auto: QuantizeRecord,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans: list[Plan] = []
    broken = chosen_mixture.broken_budget
    write = Recipes.write

    def noted(recipes: Recipes, plan: Plan, path: Path) -> None:
        if path.name == "model.onnx":
            plans.append(plan)
        write(recipes, plan, path)

    def broken_once(*arguments: object) -> tuple[str, ...]:
        return ("too far",) if len(plans) == 1 else broken(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Recipes, "write", noted)
    monkeypatch.setattr(chosen_mixture, "broken_budget", broken_once)
    monkeypatch.setattr(
        "edgebert.quantize.search.pareto_sweep._AS_FAST", 1
    )  # so that some are left
    record = quantize_bundle(tiny_bundle, tmp_path / "out", options=AUTO)
    assert len(plans) == 2
    changed = [name for name in plans[0] if plans[0][name] != plans[1][name]]
    assert len(changed) == 1
    assert record.passed
    assert chosen(record) == ["auto"]


def test_a_search_that_was_killed_goes_on_where_it_was(
    tiny_bundle: Path,
    tiny_auto: QuantizeRecord,
    caches: Path,
    measured: list[Mixture],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SearchCache, "remember", killed_after(5))
        quantize_bundle(tiny_bundle, tmp_path / "int8", options=AUTO)
    assert list(tmp_path.iterdir()) == []
    assert len(measured) == 5
    (cache,) = caches.iterdir()
    lines = [json.loads(line) for line in cache.read_text().split("\n")[1:]]
    assert len({line["mixture"] for line in lines}) == len(lines) == 5
    with cache.open("a") as file:
        file.write('\n{"mixture": "it was killed wh')
    record = quantize_bundle(tiny_bundle, tmp_path / "int8", options=AUTO)
    assert len(set(measured)) == len(measured) >= 20
    assert list(caches.iterdir()) == []
    assert graph_of(record) == graph_of(tiny_auto)


def test_layers_that_share_a_weight_are_timed_on_a_machine_that_knows_nothing(
    own_cache: Path, tmp_path: Path
) -> None:
    export_model(make_embedder(tmp_path / "albert", "albert"), tmp_path / "fp32")
    shutil.rmtree(own_cache / "edgebert/layer-times", ignore_errors=True)
    options = QuantizeOptions(max_drift=0.5)
    record = quantize_bundle(tmp_path / "fp32", tmp_path / "int8", options=options)
    assert record.passed
    assert any("int8" in layer.decision for layer in record.layers)


def test_a_head_that_gives_scores_has_a_budget_of_its_own(
    tiny_reranker_bundle: Path, tmp_path: Path
) -> None:
    record = quantize_bundle(tiny_reranker_bundle, tmp_path / "int8")
    assert record.thresholds == {"max_drift": 0.02}
    assert record.drift.mean <= 0.02


def test_answers_to_questions_are_searched_by_what_they_are_judged_by(
    tiny_reader_bundle: Path, tmp_path: Path
) -> None:
    options = QuantizeOptions(max_drift=0.9)
    record = quantize_bundle(tiny_reader_bundle, tmp_path / "int8", options=options)
    model = load(tiny_reader_bundle)
    texts = choose_texts(options, model)
    meter = DriftMeter(model, texts.search)
    graph = open_bundle(tmp_path / "int8").model_path
    searched = Examples(Path("searched"), texts.search)
    compared = compare(model, load(tmp_path / "int8", kernels="off"), searched)
    assert meter.measure(graph, widen=False).mean == pytest.approx(compared.distance_mean)
    (chosen,) = [point.drift for point in record.pareto if point.chosen]
    assert chosen in (record.drift.mean, pytest.approx(compared.distance_mean))


@pytest.mark.parametrize(
    ("first", "n", "steps"),
    [
        (0, 50, [0, 1, 2, 4, 8, 16, 32, 48]),
        (40, 50, [40, 41, 42, 44, 48]),
        (49, 50, [48]),
        (48, 50, [48]),
        (0, 1, [0]),
        (1, 2, [0]),
    ],
)
def test_mixtures_are_tried_up_to_the_last_that_is_int8(
    first: int, n: int, steps: list[int]
) -> None:
    assert list(chosen_mixture._steps(first, n)) == steps
