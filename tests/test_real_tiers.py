"""The tiers of narrow calibration and of all-mpnet-base-v2: what they hold a bundle to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from calibration.kinds import KINDS, calibrating_texts, measured_texts
from calibration.layer_times import CPU_CLASSES, times_by_share
from calibration.record import Cell
from mpnet.record import MpnetRecord, Step

from edgebert.onnx_graph.parts import FLOAT
from edgebert.quantize.forms.prepared_graph import prepare_graph
from edgebert.quantize.forms.recipes import Recipes
from edgebert.records.checked import Cosine
from edgebert.records.manifest import Count

GOOD, POOR = Cosine(0.9990, 0.9970, 0.9940), Cosine(0.9986, 0.9890, 0.9820)
CELL = Cell("avx2", "stsb", 50, {}, {"stsb": GOOD, "agnews": GOOD}, 20.0)
MPNET = MpnetRecord(
    export=Step(40.0, 60.0, 4.0),
    quantize=Step(150.0, 200.0, 2.5),
    coverage={"attention": Count(12, 12)},
    off_by=3e-6,
    forms={},
    fp32_mb=436.0,
    int8_mb=112.0,
    spearman=(83.42, 83.40),
    cosine=GOOD,
    kinds={"stsb": GOOD},
)


@pytest.mark.parametrize(
    ("drift", "sentence"),
    [
        ({}, None),
        ({"stsb": POOR}, None),
        ({"agnews": POOR}, "0.9890 for 99 of 100, 0.9820 at worst"),
        (
            {"agnews": Cosine(0.999, 0.995, float("nan"))},
            "0.9950 for 99 of 100, nan at worst",
        ),
    ],
)
def test_a_bundle_is_held_to_texts_of_other_kinds(
    drift: dict[str, Cosine], sentence: str | None
) -> None:
    cell = replace(CELL, drift=CELL.drift | drift)
    about = "calibrated on 50 texts of stsb (avx2): on agnews cosine "
    assert list(cell.broken()) == ([about + sentence] if sentence else [])


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (MPNET, None),
        (
            replace(MPNET, coverage={"attention": Count(12, 11)}),
            "attention is fused in 11 of 12 places",
        ),
        (
            replace(MPNET, quantize=Step(1e6, 1e6, 3.2)),
            "quantize took 3.20 GB, more than 3",
        ),
        (replace(MPNET, int8_mb=130.0), "the int8 bundle has 130.0 MB, more than 126"),
        (
            replace(MPNET, spearman=(83.42, 83.30)),
            "STS-B: Spearman 83.42 became 83.30, more than 0.1 points less",
        ),
        (
            replace(MPNET, cosine=Cosine(0.9990, 0.9950, 0.9940)),
            "STS-B test: cosine to the floats 0.9950 (p01), below 0.9955",
        ),
        (
            replace(MPNET, kinds={"agnews": Cosine(0.99, 0.985, 0.981)}),
            "agnews: cosine to the floats 0.9850 (p01), below 0.99",
        ),
    ],
)
def test_the_larger_model_is_held_to_what_it_came_to_before(
    record: MpnetRecord, sentence: str | None
) -> None:
    assert list(record.broken()) == ([sentence] if sentence else [])


@pytest.mark.parametrize("share", CPU_CLASSES.values())
def test_layer_times_of_a_class_of_cpu_are_measured_nowhere(
    share: dict[str, float], tiny_bundle: Path, tmp_path: Path
) -> None:
    graph = prepare_graph(tiny_bundle / "model.onnx")
    recipes = Recipes(graph, {}, contrib=True, saturates=False)  # no texts: nothing can be timed
    times = times_by_share(share, recipes, graph.groups, (), tmp_path)
    for (name, form), ms in times.items():
        assert ms == pytest.approx(share[form] * times[name, FLOAT])
    assert min(times.values()) > 0
    assert len(times) == len(share) * len(graph.groups)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_a_kind_are_the_same_each_time_and_each_in_a_line(
    kind: str, data_sets: Path
) -> None:
    calibrating, measured = (
        calibrating_texts(kind, data_sets, 50),
        measured_texts(kind, data_sets, 50),
    )
    assert len(set(calibrating)) == len(set(measured)) == 50
    assert measured == measured_texts(kind, data_sets, 60)[:50]
    assert not any("\n" in text or not text.strip() for text in (*calibrating, *measured))
