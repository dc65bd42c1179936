"""The real all-MiniLM-L6-v2, from its folder to an int8 bundle in use."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from calibration.cell import Measure
from calibration.kinds import KINDS, calibrating_texts, measured_texts
from calibration.layer_times import CPU_CLASSES, layer_times_of
from calibration.record import Cell
from click.testing import CliRunner
from kernel_answers import operators, require_alike, some_texts
from tiny_models import MadeOnce

from edgebert.bundle import open_bundle
from edgebert.cli import main
from edgebert.doctor import examine
from edgebert.drift import check
from edgebert.onnx_graph.parts import STATIC
from edgebert.quantize import QuantizeOptions, quantizing
from edgebert.quantize.calibration import choose_texts
from edgebert.quantize.graph_recipes import recipes_of
from edgebert.quantize.options import Budget
from edgebert.quantize.search.mixture_search import search
from edgebert.quantize.search.search_cache import SearchCache
from edgebert.records.profile import untuned
from edgebert.runtimes import Model, load
from edgebert.runtimes.sessions.engine import Engine
from edgebert.runtimes.sessions.session import open_graph

pytestmark = pytest.mark.real_model


@pytest.fixture(scope="module")
def built(made_once: MadeOnce, minilm: Path, quick_bench: None) -> Path:
    """The real model's bundles, which `.ci/run` takes to other CPUs afterwards."""
    return made_once("minilm", partial(_build, minilm))


def _build(checkpoint: Path, output: Path) -> None:
    """What `edgebert build` makes of a checkpoint, on the data that ship with edgebert."""
    with pytest.MonkeyPatch.context() as patch:  # a search of half the time: no test is about it
        patch.setattr("edgebert.quantize.calibration._FOR_SEARCH", 16)
        patch.setattr("edgebert.quantize.search.racing._ROUNDS", 3)
        result = CliRunner().invoke(main, ["build", str(checkpoint), "-o", str(output)])
    assert result.exit_code == 0, result.output


def test_build_writes_what_it_promises(built: Path) -> None:
    names = {path.name for path in built.iterdir()}
    assert {"fp32", "int8", "check.json", "bench.json", "report.html"} <= names
    record = json.loads((built / "check.json").read_text())
    assert record["passed"] is True
    assert Path(record["candidate"]).name == "int8"


def test_all_six_layers_are_fused_and_int8(built: Path) -> None:
    manifest = open_bundle(built / "int8").manifest
    counts = {name: (c.expected, c.found) for name, c in manifest.coverage.items()}
    by_form = [counts.pop(f"{form}_matmuls", (0, 0)) for form in ("token", "static")]
    assert counts == {
        "attention": (6, 6),
        "layer_norm": (13, 13),
        "gelu": (6, 6),
        "quantized_matmuls": (24, 24),  # query, key and value of a layer are one
    }
    assert [sum(column) for column in zip(*by_form, strict=True)] == [24, 24]
    assert (manifest.max_length, manifest.pooling, manifest.normalize) == (256, "mean", True)


def test_all_that_rounds_can_run_in_kernels(built: Path) -> None:
    graph = built / "int8/model.onnx"
    texts = some_texts(graph, tokens=48, vocabulary=30_000)
    rewritten = require_alike(graph, texts, least=0.98)  # of single tokens, by ids at random
    assert operators(rewritten) == {"Embedding": 1, "Linear": 24, "SelfAttention": 6, "Pooling": 1}
    assert (rewritten.left, rewritten.exact) == ((), True)


def test_fp32_equals_pytorch(built: Path, minilm: Path) -> None:
    record = check(minilm, built / "fp32")
    assert record.cosine is not None
    assert record.cosine.min >= 0.99999


def test_int8_is_a_quarter_of_the_size_and_answers_alike(built: Path) -> None:
    fp32, int8 = load(built / "fp32"), load(built / "int8")
    assert int8.bundle.size_bytes < 0.28 * fp32.bundle.size_bytes
    queries = ["A man is playing a guitar.", "Someone plays an instrument.", "The stock fell."]
    vectors = int8.embed(queries)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]


def test_the_bundle_is_healthy_here(built: Path) -> None:
    assert examine(built / "int8").passed


def test_embed_prints_one_object_a_line(built: Path) -> None:
    result = CliRunner().invoke(main, ["embed", str(built / "int8"), "a sentence"])
    line = json.loads(result.output)
    assert line["text"] == "a sentence"
    assert len(line["embedding"]) == 384


def test_stsb_is_kept(built: Path, data_sets: Path) -> None:
    drift = check(built / "fp32", built / "int8", data_sets / "stsb/test.tsv")
    assert drift.metric is not None
    assert drift.metric.reference == pytest.approx(82.03, abs=0.05)  # as it was published
    assert drift.metric.drop <= 0.2
    assert drift.cosine is not None
    assert drift.cosine.mean >= 0.998
    assert drift.cosine.p01 >= 0.993
    assert drift.batch_invariance is not None
    assert drift.batch_invariance.max_abs == 0


@pytest.mark.usefixtures("own_cache")
def test_fifty_captions_calibrate_for_every_kind_whichever_forms_are_fast(
    built: Path, data_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search of `edgebert quantize`, with the layer times of two classes of CPU.

    It looks at fewer tokens, in half the time. `make test-calibration` holds bundles as they come to
    the same bounds, calibrated on each kind of text.
    """
    monkeypatch.setattr("edgebert.quantize.search.few_texts._TOKENS", 400)
    monkeypatch.setattr("edgebert.quantize.search.mixture_drift._TOKENS", 4000)
    file = tmp_path / "captions.txt"
    file.write_text("\n".join(calibrating_texts("stsb", data_sets, 50)) + "\n")
    options, floats = QuantizeOptions(calibration=file), load(built / "fp32")
    texts = choose_texts(options, floats)
    recipes = recipes_of(floats, options, texts, tmp_path).encoder
    measures = quantizing._measures(floats, texts)
    budget, cache = Budget.of(options, floats.manifest), SearchCache(str(tmp_path))
    measure = Measure(floats, {kind: measured_texts(kind, data_sets, 50) for kind in KINDS})
    static, graph = {}, tmp_path / "model.onnx"
    for cpu_class in CPU_CLASSES:
        with layer_times_of(cpu_class):
            found = search(recipes, *measures, budget, tmp_path, cache)
        plan = found.sweep[found.first].plan
        static[cpu_class] = list(plan.values()).count(STATIC)
        recipes.write(plan, graph)
        engine = Engine(partial(open_graph, graph, widen=False), untuned(1))
        drift = measure.drift(Model(floats.bundle, engine, floats.tokenizer))
        assert not list(Cell(cpu_class, "stsb", 50, {}, drift, 0.0).broken())
    assert static["avx2"] > static["vnni"] > 0
