"""What each target gets in int8: operators that it has, every layer, near the floats."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from int8_models import (
    DYNAMIC,
    EIGHT_BITS,
    FOUR_BITS,
    SIXTEEN_BITS,
    STATIC,
    Case,
    Make,
    each,
    export_case,
    maker,
    mean_cosine,
    require_int8_throughout,
    same_model_gates,
)

from edgebert.doctor import examine
from edgebert.export import ExportOptions
from edgebert.quantize import QuantizeOptions
from edgebert.runtimes import load

CASES = {
    "portable": Case(
        "mpnet",
        "entities",
        ExportOptions(target="portable", opset=21),
        (STATIC, DYNAMIC, EIGHT_BITS, SIXTEEN_BITS),
    ),
    "gpu": Case(
        "distilbert",
        "several",
        ExportOptions(target="gpu", precision="fp32"),
        (EIGHT_BITS, FOUR_BITS),
    ),
}
EVERY = pytest.mark.parametrize(
    ("target", "options"), each({target: case.schemes for target, case in CASES.items()})
)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    def floats(target: str) -> Path:
        return export_case(CASES[target], tmp_path_factory.mktemp("floats"))

    return maker(floats, tmp_path_factory)


@EVERY
def test_every_layer_is_as_planned(target: str, options: QuantizeOptions, make: Make) -> None:
    require_int8_throughout(make(target, options))


@EVERY
def test_answers_stay_near_those_in_floats(
    target: str, options: QuantizeOptions, make: Make
) -> None:
    assert mean_cosine(make(target, options)) > (0.97 if options.bits == 8 else 0.8)


@EVERY
def test_a_target_gets_operators_that_it_has(
    target: str, options: QuantizeOptions, make: Make
) -> None:
    made = make(target, options)
    graph = onnx.load(made.bundle / "model.onnx").graph
    domains = {node.domain for node in graph.node}
    assert domains == ({"", "com.microsoft"} if target == "gpu" else {""})
    assert load(made.bundle).manifest.target == target


def test_check_and_doctor_know_what_tags(make: Make) -> None:
    made = make("portable", STATIC)
    assert same_model_gates(made)["same body"]
    assert examine(made.bundle).passed
    assert isinstance(load(made.bundle).tag("anna is in paris"), list)


def test_check_and_doctor_know_what_gives_several_labels(make: Make) -> None:
    made = make("gpu", EIGHT_BITS)
    gates, model = same_model_gates(made), load(made.bundle)
    assert (gates["same body"], gates["same head"]) == (True, True)
    assert examine(made.bundle).passed
    assert set(model.classify("turn on the lamp").scores) == set(model.labels)
