"""Doctor: a healthy bundle passes, and each kind of damage is named with cause and way out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from bundle_damage import edit, elsewhere, proved_on, reseal
from cpus import CPUS, running_on

from edgebert.bundle import open_bundle
from edgebert.doctor import examine, likely_cause
from edgebert.errors import BundleError, GateError
from edgebert.records.diagnosed import DoctorCheck, DoctorRecord


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """An fp32 bundle to damage."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "b"))


@pytest.fixture
def int8(tiny_int8: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_int8, tmp_path / "b"))


def test_a_healthy_bundle_passes_every_check(tiny_int8: Path) -> None:
    record = examine(tiny_int8)
    assert record.passed
    assert [check.name for check in record.checks] == [
        "checksums",
        "versions",
        "provider",
        "tokenizer",
        "golden answers",
        "fp32 reference",
        "cpu",
    ]
    assert all(check.cause is None and check.way_out is None for check in record.checks)


def test_a_changed_byte_is_named_and_nothing_is_run(bundle: Path) -> None:
    content = bytearray((bundle / "tokenizer.json").read_bytes())
    content[-20] ^= 1
    (bundle / "tokenizer.json").write_bytes(content)
    record = failure(bundle)
    assert [check.name for check in record.checks] == ["checksums", "versions"]
    assert record.checks[0].detail == "tokenizer.json was changed (its checksum differs)"
    assert record.checks[0].cause == "changed file"
    assert record.checks[0].way_out == "copy the bundle to this device again"


def test_a_missing_file_is_named(bundle: Path) -> None:
    (bundle / "config.json").unlink()
    assert failure(bundle).checks[0].detail == "config.json is missing"


def test_lower_casing_turned_off_is_the_tokenizers_doing(bundle: Path) -> None:
    edit(bundle, "tokenizer.json", lambda value: value["normalizer"].update(lowercase=False))
    failed = failed_checks(bundle)
    assert set(failed) == {"tokenizer", "golden answers", "fp32 reference"}
    for check in failed.values():
        assert check.cause == "tokenizer"
        assert check.way_out == "take tokenizer.json anew from where the bundle was made"
    assert "texts give other token ids, first '" in failed["tokenizer"].detail
    assert failure(bundle).ways_out == (
        "likely tokenizer: take tokenizer.json anew from where the bundle was made",
    )


def test_another_tokenizers_package_is_named_with_the_one_to_install(bundle: Path) -> None:
    edit(bundle, "tokenizer.json", lambda value: value["normalizer"].update(lowercase=False))
    edit(bundle, "manifest.json", lambda value: value["created_with"].update(tokenizers="0.1.2"))
    way_out = failed_checks(bundle)["tokenizer"].way_out
    assert way_out is not None
    assert way_out.startswith("pip install tokenizers==0.1.2 (this is ")


def test_a_tokenizer_that_cannot_be_read_is_named(bundle: Path) -> None:
    (bundle / "tokenizer.json").write_text("{}")
    reseal(bundle)
    (check,) = failed_checks(bundle).values()
    assert (check.name, check.cause) == ("load", "tokenizer")


def test_damaged_weights_are_the_graphs_doing(bundle: Path) -> None:
    change_weight(bundle, lambda weight: weight * np.float32(1.02))
    failed = failed_checks(bundle)
    assert set(failed) == {"golden answers", "fp32 reference"}
    for check in failed.values():
        assert check.cause == "graph"
        assert check.detail.endswith("so the graph is not the one that was sealed")
        assert check.way_out is not None
        assert "edgebert export" in check.way_out


def test_weights_that_are_no_numbers_are_the_graphs_doing(bundle: Path) -> None:
    change_weight(bundle, lambda weight: weight * np.float32(np.nan))
    check = failed_checks(bundle)["golden answers"]
    assert (check.cause, "furthest inf" in check.detail) == ("graph", True)


def test_a_graph_that_cannot_be_loaded_is_named(bundle: Path) -> None:
    (bundle / "model.onnx").write_bytes(b"not a graph")
    reseal(bundle)
    (check,) = failed_checks(bundle).values()
    assert (check.name, check.cause) == ("load", "graph")
    assert "model.onnx is damaged or not an ONNX file" in check.detail


def test_a_graph_that_loads_but_cannot_run_is_named(bundle: Path) -> None:
    change_weight(bundle, lambda weight: weight[:3], name="word_embeddings.weight")
    (check,) = failed_checks(bundle).values()
    assert (check.name, check.cause) == ("run", "graph")
    assert "model.onnx cannot run: " in check.detail


def test_an_onnxruntime_that_is_too_old_fails(bundle: Path) -> None:
    edit(bundle, "manifest.json", lambda m: m["onnxruntime"].update(min="99.0.0"))
    (check,) = failed_checks(bundle).values()
    assert (check.name, check.cause) == ("versions", "version")
    assert "bundle needs 99.0.0" in check.detail
    assert check.way_out == "pip install 'onnxruntime>=99.0.0'"


def test_a_graph_too_new_for_the_onnxruntime_here_is_a_matter_of_version(bundle: Path) -> None:
    (bundle / "model.onnx").write_bytes(b"not a graph")
    edit(bundle, "manifest.json", lambda m: m["onnxruntime"].update(min="99.0.0"))
    check = failed_checks(bundle)["load"]
    assert (check.cause, check.way_out) == ("version", "pip install 'onnxruntime>=99.0.0'")


def test_another_onnxruntime_is_the_likely_cause_of_other_answers(bundle: Path) -> None:
    edit(bundle, "golden.json", elsewhere(onnxruntime="1.2.3"))
    check = failed_checks(bundle)["golden answers"]
    assert (check.cause, check.way_out) == ("version", "pip install onnxruntime==1.2.3")
    assert "made with onnxruntime 1.2.3, this is" in check.detail


def test_a_bundle_is_examined_under_an_onnxruntime_it_was_not_tested_with(bundle: Path) -> None:
    edit(bundle, "manifest.json", lambda m: m["onnxruntime"].update(tested="1.0.0", min="1.0.0"))
    assert examine(bundle).passed
    edit(bundle, "golden.json", elsewhere(onnxruntime="1.0.0"))
    assert failed_checks(bundle)["golden answers"].cause == "version"


@pytest.mark.parametrize("here", CPUS)
@pytest.mark.parametrize("made", ["x86_64-avx2", "x86_64-avx512_vnni", "aarch64-asimddp"])
def test_an_unknown_cpu_is_no_failure_while_the_answers_hold(
    int8: Path, tmp_path: Path, made: str, here: str
) -> None:
    edit(int8, "manifest.json", proved_on(made))
    with running_on(here, tmp_path):
        (cpu,) = [check for check in examine(int8).checks if check.name == "cpu"]
    if here == made:
        assert cpu.detail == f"{here}, one that the bundle was proved on ({made})"
    else:
        assert cpu.detail == (
            f"{here} is not one that the bundle was proved on ({made}), "
            "but the golden answers hold here"
        )


@pytest.mark.parametrize("here", CPUS)
def test_an_unknown_cpu_is_the_likely_cause_of_other_answers(
    int8: Path, tmp_path: Path, here: str
) -> None:
    edit(int8, "manifest.json", proved_on("riscv64"))
    edit(int8, "golden.json", elsewhere(cpu_class="riscv64"))
    with running_on(here, tmp_path):
        failed = failed_checks(int8)
    assert set(failed) == {"golden answers", "cpu"}
    for check in failed.values():
        assert check.cause == "cpu"  # no sum of this bundle can overflow
        assert check.way_out is not None
        assert f"run 'edgebert quantize' on a CPU of class {here}" in check.way_out


@pytest.mark.parametrize(
    ("here", "cause"),
    [
        ("x86_64-avx2", "saturation"),
        ("amd64-avx2", "saturation"),
        ("x86_64-avx512bw", "saturation"),
        ("x86_64-avx_vnni", "cpu"),
        ("aarch64-i8mm", "cpu"),
        ("x86_64-avx512_vnni", "version"),
    ],
)
def test_int8_made_with_vnni_may_saturate_where_there_is_none(
    tiny_dynamic_int8: Path, here: str, cause: str
) -> None:
    bundle = open_bundle(tiny_dynamic_int8)
    quantized = bundle.manifest.quantization
    assert quantized is not None
    made = "x86_64-avx512_vnni"
    manifest = replace(bundle.manifest, quantization=replace(quantized, cpu_classes=(made,)))
    golden = replace(bundle.golden(), cpu_class=made, onnxruntime="1.2.3")
    likely = likely_cause(manifest, golden, here=here, onnxruntime="1.30.0")
    assert likely.cause == cause


def test_a_float_graph_blames_no_cpu(tiny_bundle: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    golden = replace(bundle.golden(), cpu_class="riscv64")
    likely = likely_cause(
        bundle.manifest, golden, here="x86_64-avx2", onnxruntime=golden.onnxruntime
    )
    assert likely.cause == "graph"


def test_the_error_names_the_cause_and_the_way_out(bundle: Path) -> None:
    (bundle / "config.json").unlink()
    with pytest.raises(GateError) as caught:
        examine(bundle)
    assert str(caught.value) == (
        "checksums: config.json is missing "
        "(likely changed file: copy the bundle to this device again)"
    )


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"is not a bundle: it has no manifest.json"):
        examine(tmp_path)


def failure(bundle: Path, provider: str = "auto") -> DoctorRecord:
    with pytest.raises(GateError) as caught:
        examine(bundle, provider=provider)
    record = caught.value.record
    assert isinstance(record, DoctorRecord)
    return record


def failed_checks(bundle: Path, provider: str = "auto") -> dict[str, DoctorCheck]:
    """The checks that said no, by name."""
    checks = failure(bundle, provider).checks
    return {check.name: check for check in checks if not check.passed}


def change_weight(
    bundle: Path,
    change: Callable[[Any], Any],
    name: str = "encoder.layer.0.output.dense.weight",
) -> None:
    """Change one weight of the graph and seal the bundle again."""
    model = onnx.load(bundle / "model.onnx")
    (weight,) = [t for t in model.graph.initializer if t.name.endswith(name)]
    changed = change(onnx.numpy_helper.to_array(weight))
    weight.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(changed), weight.name))
    onnx.save(model, bundle / "model.onnx")
    reseal(bundle)
