"""What cannot be quantized as asked is refused in one line, before any work, and nothing is left."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from graph_damage import damage_graph
from onnx import TensorProto, helper, numpy_helper

from edgebert.bundle import open_bundle, seal
from edgebert.cli import main
from edgebert.errors import InputError
from edgebert.quantize import SCHEMES, QuantizeOptions, quantize_bundle
from edgebert.quantize.calibration import choose_texts
from edgebert.runtimes import load


def refused(source: Path, output: Path, **options: Any) -> str:
    """The one line with which it is refused; nothing may be left behind."""
    before = sorted(output.parent.iterdir())
    with pytest.raises(InputError) as caught:
        quantize_bundle(source, output, options=QuantizeOptions(**options))
    assert sorted(output.parent.iterdir()) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["quantize", *map(str, arguments)], prog_name="edgebert")


def made_for(bundle: Path, output: Path, **changes: Any) -> Path:
    """A copy of a bundle whose manifest says something else."""
    shutil.copytree(bundle, output)
    seal(output, replace(open_bundle(bundle).manifest, **changes))
    return output


def lines(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_bundle_that_is_int8_already(scheme: str, tiny_int8: Path, tmp_path: Path) -> None:
    told = refused(tiny_int8, tmp_path / "out", scheme=scheme)
    assert told == f"{tiny_int8} is int8 already (scheme token); give the float bundle"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_graph_without_a_weight_to_quantize(
    scheme: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    def count_only(graph: onnx.GraphProto) -> None:
        graph.initializer.append(numpy_helper.from_array(np.array([2]), "last"))
        graph.initializer.append(numpy_helper.from_array(np.array([1]), "axis"))
        del graph.node[:]
        graph.node.extend(
            [
                helper.make_node("Cast", ["input_ids"], ["numbers"], to=TensorProto.FLOAT),
                helper.make_node("Unsqueeze", ["numbers", "last"], ["last_hidden_state"]),
                helper.make_node(
                    "ReduceMean", ["last_hidden_state", "axis"], ["sentence_embedding"], keepdims=0
                ),
            ]
        )

    damage_graph(tiny_bundle, tmp_path / "bundle", count_only)
    told = refused(tmp_path / "bundle", tmp_path / "out", scheme=scheme)
    graph = tmp_path / "bundle/model.onnx"
    assert told == (
        f"{graph} has no MatMul with a constant weight and no table of embeddings: nothing to quantize"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_that_are_no_numbers(
    scheme: str, value: float, tiny_bundle: Path, tmp_path: Path
) -> None:
    def spoil(graph: onnx.GraphProto) -> None:
        (tensor,) = [t for t in graph.initializer if t.name.endswith("0.intermediate.dense.weight")]
        values = numpy_helper.to_array(tensor).copy()
        values[3, 5] = value
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))

    damage_graph(tiny_bundle, tmp_path / "bundle", spoil)
    told = refused(tmp_path / "bundle", tmp_path / "out", scheme=scheme)
    assert "is not a number on calibration texts: the weights hold nan or infinity" in told


@pytest.mark.parametrize("scheme", ["auto", "token", "static"])
@pytest.mark.parametrize(
    ("texts", "left"),
    [
        ([f"turn on lamp {number}" for number in range(35)], 28),  # a fifth is held out
        (["turn on the lamp"] * 1000, 0),  # held out, and so seen already
        (["one", "two", "three"], 3),
    ],
    ids=["35", "duplicates", "3"],
)
def test_too_few_calibration_texts(
    texts: list[str], left: int, scheme: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    file = lines(tmp_path / "mine.txt", texts)
    told = refused(tiny_bundle, tmp_path / "out", scheme=scheme, calibration=file)
    assert told == (
        f"{file}: {left} texts are left for calibration, of which at least 32 are needed"
    )


def test_thirty_two_texts_are_enough_with_others_to_measure_on(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    file = lines(tmp_path / "mine.txt", [f"turn on lamp {number}" for number in range(32)])
    data = lines(tmp_path / "data.txt", ["off", "on"])
    options = QuantizeOptions(scheme="token", calibration=file, data=data)
    record = quantize_bundle(tiny_bundle, tmp_path / "out", options=options)
    assert record.calibration is not None
    assert record.calibration.startswith("mine.txt: 32 texts, sha256 ")
    assert (record.drift.n, record.drift.texts) == (2, "data.txt")


def test_an_empty_calibration_file(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    told = refused(tiny_bundle, tmp_path / "out", calibration=tmp_path / "mine.txt")
    assert told.startswith(f"{tmp_path / 'mine.txt'} ")


def test_no_samples(tiny_bundle: Path, tmp_path: Path) -> None:
    for samples in (0, 31):
        result = call(tiny_bundle, "-o", tmp_path / "out", "--samples", str(samples))
        assert result.exit_code == 2
        assert f"{samples} is not in the range x>=32" in result.output


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (
            {"scheme": "weight-only", "isa": "vnni"},
            "--isa vnni goes with integers on both sides, not with weight-only",
        ),
        (
            {"text_column": "text"},
            "--text-column names a column of a file: give --calibration or --data",
        ),
        (
            {"max_flips": 0.01},
            "--max-flips is about labels, and this bundle gives none: use --max-drift",
        ),
    ],
)
def test_what_would_make_no_difference(
    tiny_bundle: Path, tmp_path: Path, chosen: dict[str, Any], told: str
) -> None:
    assert refused(tiny_bundle, tmp_path / "out", **chosen) == told


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"isa": "foo"}, "isa='foo': expected one of auto, any, vnni"),
        ({"scheme": "int8"}, "scheme='int8': expected one of auto, token, static, dynamic, weight-only"),
        ({"bits": 6}, "bits=6: expected 4 or 8"),
        ({"activations": 12}, "activations=12: expected 8 or 16"),
        ({"samples": 10.5}, "samples=10.5: expected a whole number, at least 32"),
        ({"max_drift": float("nan")}, "--max-drift nan makes no sense: 0 to 2"),
        ({"max_drift": 3.0}, "--max-drift 3 makes no sense: 0 to 2"),
        ({"max_flips": 2.0}, "--max-flips 2 makes no sense: 0 to 1"),
    ],
)  # fmt: skip
def test_choices_that_do_not_exist(chosen: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        QuantizeOptions(**chosen)
    assert str(caught.value) == told


@pytest.mark.parametrize("bound", ["nan", "inf", "3"])
def test_bounds_that_nothing_breaks_are_wrong_usage(bound: str, tmp_path: Path) -> None:
    result = call("bundle", "-o", tmp_path / "out", "--max-drift", bound)
    assert result.exit_code == 2


def test_texts_that_come_again_and_again_leave_enough(tiny_bundle: Path, tmp_path: Path) -> None:
    rare = [f"lamp {number}" for number in range(60)]
    file = lines(tmp_path / "log.txt", ["turn on the lamp"] * 3000 + rare)
    model, options = load(tiny_bundle), QuantizeOptions(calibration=file, samples=40)
    texts = choose_texts(options, model)
    drawn = [*texts.ranges, *texts.search]
    assert len(drawn) == len(set(drawn)) == 40


NO_SCHEME = "scheme {} cannot run on the target {}: choose {}, or export for another target"
NO_16_BITS = (
    "--activations 16 goes with --scheme static and the target npu or portable: onnxruntime's CPU "
    "provider has no product of 16-bit integers"
)
NO_OPSET = "--activations 16 needs opset 21, the bundle has 20: export it with --opset 21"


@pytest.mark.parametrize(
    ("target", "options", "told"),
    [
        (
            "portable",
            {"scheme": "token"},
            NO_SCHEME.format("token", "portable", "auto or static or dynamic or weight-only"),
        ),
        (
            "npu",
            {"scheme": "dynamic"},
            NO_SCHEME.format("dynamic", "npu", "auto or static or weight-only"),
        ),
        *(
            ("gpu", {"scheme": scheme}, NO_SCHEME.format(scheme, "gpu", "weight-only"))
            for scheme in ("auto", "token", "static", "dynamic")
        ),
        ("cpu", {"bits": 4}, "--bits 4 goes with --scheme weight-only"),
        ("cpu", {"bits": 4, "scheme": "token"}, "--bits 4 goes with --scheme weight-only"),
        (
            "npu",
            {"bits": 4, "scheme": "weight-only"},
            "--bits 4 cannot run on the target npu: choose 8",
        ),
        (
            "portable",
            {"bits": 4, "scheme": "weight-only"},
            "--bits 4 cannot run on the target portable: choose 8",
        ),
        ("cpu", {"activations": 16, "scheme": "static"}, NO_16_BITS),
        ("portable", {"activations": 16}, NO_16_BITS),
        ("portable", {"activations": 16, "scheme": "static"}, NO_OPSET),
    ],
)
def test_what_does_not_go_together(
    target: str, options: dict[str, Any], told: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = made_for(tiny_bundle, tmp_path / "bundle", target=target, opset=20)
    assert refused(bundle, tmp_path / "out", **options) == told


@pytest.mark.parametrize(
    ("scheme", "told"),
    [
        ("auto", NO_SCHEME.format("auto", "gpu", "weight-only")),
        (
            "weight-only",
            "{} is fp16 already; give what 'edgebert export --target gpu --precision fp32' makes",
        ),
    ],
)
def test_a_bundle_for_gpus_as_it_is_exported_says_what_to_give_instead(
    scheme: str, told: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = made_for(tiny_bundle, tmp_path / "bundle", target="gpu", precision="fp16")
    assert refused(bundle, tmp_path / "out", scheme=scheme) == told.format(bundle)


def test_the_command_line_refuses_alike(tiny_bundle: Path, tmp_path: Path) -> None:
    result = call(tiny_bundle, "-o", tmp_path / "out", "--bits", "4")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: --bits 4 goes with --scheme weight-only\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("--scheme", "fast"),
        ("--bits", "2"),
        ("--activations", "4"),
        ("--isa", "sse"),
        ("--samples", "0"),
        ("--max-drift", "-1"),
    ],
)
def test_a_value_that_no_option_takes_is_wrong_usage(
    words: tuple[str, str], tiny_bundle: Path, tmp_path: Path
) -> None:
    result = call(tiny_bundle, "-o", tmp_path / "out", *words)
    assert result.exit_code == 2
    assert words[0] in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", SCHEMES[1:])
def test_a_bound_that_cannot_be_kept_exits_3_with_the_record(
    scheme: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    out, record = tmp_path / "int8", tmp_path / "quantize.json"
    words = ("--scheme", scheme, "--max-drift", "1e-9", "--json", record)
    result = call(tiny_bundle, "-o", out, *words)
    assert result.exit_code == 3
    assert result.stdout.startswith(f"{out} (not written): int8 ({scheme}), ")
    assert [path.name for path in tmp_path.iterdir()] == ["quantize.json"]
    written = json.loads(record.read_text())
    assert (written["passed"], written["scheme"]) == (False, scheme)
    assert [point["chosen"] for point in written["pareto"]] == [False]
    (failure,) = written["failures"]
    assert result.stderr == f"Error: {tiny_bundle} was not quantized: {failure}\n"
