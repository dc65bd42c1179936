"""Bundles that `optimize` made of other tools' exports, in int8."""

from __future__ import annotations

from pathlib import Path

import pytest
from int8_models import (
    STATIC,
    TOKEN,
    Make,
    each,
    maker,
    mean_cosine,
    require_int8_throughout,
)
from kernel_answers import operators, require_alike

from edgebert.doctor import examine
from edgebert.export import optimize_export
from edgebert.quantize import QuantizeOptions

FOREIGN = Path(__file__).parent / "fixtures" / "foreign"


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    def floats(name: str) -> Path:
        output = tmp_path_factory.mktemp("optimized") / name
        optimize_export(FOREIGN / name, output)
        return output

    return maker(floats, tmp_path_factory)


@pytest.mark.parametrize(
    ("name", "options"),
    each(
        dict.fromkeys(("sentence-transformers", "transformers-js", "optimum-4.57"), (TOKEN, STATIC))
    ),
)
def test_what_another_tool_exported_becomes_int8(
    name: str, options: QuantizeOptions, make: Make
) -> None:
    made = make(name, options)
    require_int8_throughout(made)
    assert mean_cosine(made) > 0.99
    assert examine(made.bundle).passed
    rewritten = require_alike(made.bundle / "model.onnx", least=0.99)
    assert operators(rewritten)["SelfAttention"] == 2
    assert (rewritten.left, rewritten.exact) == ((), True)


@pytest.mark.parametrize("graph", sorted(FOREIGN.rglob("*.onnx")), ids=lambda path: path.stem)
def test_a_graph_of_others_answers_alike_in_kernels_wherever_they_know_it(graph: Path) -> None:
    require_alike(graph, least=0.99999)
