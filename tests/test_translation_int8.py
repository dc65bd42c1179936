"""A translator in int8: per token in both graphs, no weight twice, and its drift told."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from click.testing import CliRunner
from handmade import model_of, run
from onnx import numpy_helper
from translators import pairs

from edgebert.bundle import open_bundle
from edgebert.cli import main
from edgebert.errors import GateError, InputError
from edgebert.onnx_graph.parts import FLOAT, TOKEN, matmul_forms
from edgebert.onnx_graph.reading import read_graph
from edgebert.onnx_graph.weights import read_weights
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.quantize.calibration import choose_texts
from edgebert.quantize.forms.tied_tables import turn_tied_tables
from edgebert.quantize.graph_recipes import recipes_of
from edgebert.quantize.translators.finer_mixtures import translator_proposals
from edgebert.records.made import QuantizeRecord
from edgebert.runtimes import load
from edgebert.runtimes.golden import run_golden

SOURCES = [source for source, _ in pairs()]


@pytest.fixture(scope="module")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "pairs.tsv"
    rows = ["source\ttarget", *("\t".join(pair) for pair in pairs())]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_both_graphs_multiply_integers_with_a_scale_for_each_token(
    tiny_translator_int8: Path,
) -> None:
    bundle = open_bundle(tiny_translator_int8)
    forms = [matmul_forms(read_graph(path)) for path in bundle.graph_paths]
    assert [set(form) for form in forms] == [{TOKEN}, {TOKEN}]
    coverage = bundle.manifest.coverage["quantized_matmuls"]
    assert coverage.expected == coverage.found == sum(form[TOKEN] for form in forms)
    quantization = bundle.manifest.quantization
    assert quantization and quantization.batch_invariant
    names = [layer.name for layer in quantization.layers]
    assert len(names) == len(set(names))


def test_one_table_of_integers_is_looked_up_and_multiplied(
    tiny_translator_bundle: Path, tiny_translator_int8: Path
) -> None:
    decoder = open_bundle(tiny_translator_int8).graph_path("decoder")
    graph = onnx.load(decoder).graph
    writing = open_bundle(tiny_translator_int8).manifest.writing
    assert writing
    width = writing.heads * writing.head_width
    large = [t for t in graph.initializer if set(t.dims) == {width, writing.vocabulary}]
    assert [(t.name, t.data_type) for t in large] == [
        ("decoder.embedding.weight_quantized", onnx.TensorProto.INT8)
    ]
    readers = {node.op_type for node in graph.node if large[0].name in node.input}
    assert readers == {"Gather", "MatMulIntegerToFloat"}
    exact = read_weights(open_bundle(tiny_translator_bundle).graph_path("decoder"))
    table = exact["decoder.embedding.weight"].values
    restored = read_weights(decoder)["decoder.embedding.weight"].values.T
    assert np.linalg.norm(restored - table) < 0.05 * np.linalg.norm(table)


def test_a_turned_table_gives_the_same_rows_and_products() -> None:
    table = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    model = _tied(table)
    ids = np.array([[0, 3, 6], [2, 2, 1]])
    (before,) = run(model, ids=ids)
    assert turn_tied_tables(model) == ["table"]
    assert [list(tensor.dims) for tensor in model.graph.initializer] == [[4, 7]]
    (after,) = run(model, ids=ids)
    assert np.allclose(before, table[ids] @ table.T, atol=1e-5)
    assert np.allclose(after, before, atol=1e-6)


def test_a_table_that_something_else_reads_stays() -> None:
    table = np.ones((7, 4), np.float32)
    model = _tied(table, "z = Add(table, table)")
    assert turn_tied_tables(model) == []
    assert np.array_equal(numpy_helper.to_array(model.graph.initializer[0]), table)


def _tied(table: npt.NDArray[np.float32], more: str = "") -> onnx.ModelProto:
    """A lookup in a table, multiplied by that table."""
    nodes = "x = Gather(table, ids) turned = Transpose<perm = [1, 0]>(table) y = MatMul(x, turned)"
    return model_of(f"{nodes} {more}", {"table": table}, inputs="int64[batch, sequence] ids")


def test_no_translation_depends_on_those_beside_it(tiny_translator_int8: Path) -> None:
    with load(tiny_translator_int8, kernels="off") as model:
        together = model.translate(SOURCES)
        alone = [model.translate(source) for source in SOURCES]
        backwards = model.translate(SOURCES[::-1])[::-1]
    assert together == alone == backwards


def test_the_manifest_tells_and_promises_the_share_of_changed_next_tokens(
    tiny_translator_int8: Path,
) -> None:
    drift = open_bundle(tiny_translator_int8).manifest.drift
    assert drift and drift.flips is not None
    assert drift.promises == {"max_flips": drift.promises["max_flips"]}
    assert max(0.02, 2 * drift.flips) <= drift.promises["max_flips"] <= 1
    assert drift.texts == "pairs.tsv" and drift.n > 0


def test_its_golden_answers_come_out_again(tiny_translator_int8: Path) -> None:
    with load(tiny_translator_int8, kernels="off") as model:
        assert all(answer.passed for answer in run_golden(model))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("--scheme", "dynamic"),
            "a translation would depend on the texts beside it: choose auto,",
        ),
        (("--scheme", "weight-only"), "a translation would depend on the texts beside it"),
        (("--target", "web"), "a page cannot run a bundle of two graphs"),
    ],
)
def test_what_cannot_be_promised_is_refused(
    tiny_translator_bundle: Path, tmp_path: Path, arguments: tuple[str, str], expected: str
) -> None:
    words = ["quantize", str(tiny_translator_bundle), "-o", str(tmp_path / "out"), *arguments]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert expected in result.stderr and result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_is_int8_already_is_refused(tiny_translator_int8: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is int8 already"):
        quantize_bundle(tiny_translator_int8, tmp_path / "out")


def test_beyond_the_bound_nothing_is_written(
    tiny_translator_bundle: Path, calibration: Path, tmp_path: Path
) -> None:
    options = QuantizeOptions(
        scheme="static", calibration=calibration, max_flips=0.0, kernels="off"
    )
    with pytest.raises(GateError, match=r"flips .* is above 0 ") as caught:
        quantize_bundle(tiny_translator_bundle, tmp_path / "out", options=options)
    record = caught.value.record
    assert isinstance(record, QuantizeRecord)
    assert not record.passed and record.drift.flips
    assert not (tmp_path / "out").exists()


def test_auto_gives_floats_back_to_the_layers_that_change_most(
    tiny_translator_bundle: Path, calibration: Path, tmp_path: Path
) -> None:
    options = QuantizeOptions(calibration=calibration, kernels="off")
    with load(tiny_translator_bundle, kernels="off") as model:
        texts = choose_texts(options, model)
        recipes = recipes_of(model, options, texts, tmp_path)
        found = list(translator_proposals(model, recipes, SOURCES[:8], tmp_path))
    floats = [[name for name, form in one.plan.items() if form == FLOAT] for one in found]
    assert list(map(len, floats)) == [0, *(2**n for n in range(len(found) - 1))]
    assert all(set(some) <= set(more) for some, more in pairwise(floats))
