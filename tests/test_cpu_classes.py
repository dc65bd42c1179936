"""What is said of a CPU, and kept for it: alike on whatever CPU the tests run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from bundle_damage import edit, elsewhere, proved_on
from cpus import CPUS, running_on

from edgebert.bundle import open_bundle
from edgebert.bundle.card import model_card
from edgebert.doctor import examine
from edgebert.errors import GateError
from edgebert.inspect import inspect_path
from edgebert.machine import Machine, this_machine
from edgebert.quantize import quantize_bundle
from edgebert.quantize.options import QuantizeOptions
from edgebert.records.codec import from_dict, to_dict
from edgebert.records.profile import Profile, one_caller, untuned
from edgebert.runtimes import load
from edgebert.runtimes.sessions.profiles import profile_for, save_profile, short_tokens

OTHER = Profile(callers=1, caller_threads=2, threads=1, spinning=False, tokens_per_run=256)
CLASSES = ("x86_64-avx2", "x86_64-avx512_vnni", "x86_64-avx_vnni", "aarch64-asimddp")


@pytest.mark.parametrize("cpu_class", CPUS)
def test_a_cpu_is_of_the_class_that_its_features_say(cpu_class: str, tmp_path: Path) -> None:
    with running_on(cpu_class, tmp_path):
        assert this_machine().cpu_class == cpu_class
        assert this_machine().cpu_and_class == f"A CPU ({cpu_class})"


@pytest.mark.parametrize("made", CLASSES)
def test_a_record_keeps_the_class_of_the_machine_that_made_it(made: str, tmp_path: Path) -> None:
    with running_on(made, tmp_path):
        written = to_dict(this_machine())
    for here in CLASSES:
        with running_on(here, tmp_path):
            assert from_dict(Machine, written).cpu_class == made


@pytest.mark.parametrize(
    ("system", "cpu_class"), [("Windows AMD64", "x86_64"), ("Darwin arm64", "aarch64")]
)
def test_an_architecture_has_one_name_on_all_systems(system: str, cpu_class: str) -> None:
    assert replace(this_machine(), system=system, features=()).cpu_class == cpu_class


@pytest.mark.parametrize("made", CLASSES)
def test_int8_names_the_class_it_was_made_on_and_doctor_finds_it_right_on_all(
    made: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    with running_on(made, tmp_path):
        quantize_bundle(tiny_bundle, tmp_path / "int8", options=QuantizeOptions(scheme="token"))
    bundle = open_bundle(tmp_path / "int8")
    assert bundle.manifest.quantization is not None
    assert bundle.manifest.quantization.cpu_classes == (made,)
    assert bundle.golden().cpu_class == made
    assert f"; on {made}) |" in model_card(bundle)
    for here in CLASSES:
        with running_on(here, tmp_path):
            assert examine(tmp_path / "int8").passed
            assert not any("saturat" in risk for risk in inspect_path(tmp_path / "int8").risks)


@pytest.mark.parametrize(
    ("here", "cause"),
    [
        ("x86_64-avx2", "saturation"),
        ("x86_64-avx512bw", "saturation"),
        ("x86_64-avx_vnni", "cpu"),
        ("x86_64-amx_int8", "cpu"),
        ("aarch64-i8mm", "cpu"),
        ("x86_64-avx512_vnni", "graph"),
    ],
)
def test_other_answers_of_a_bundle_that_can_saturate_are_explained_by_the_class(
    tiny_dynamic_int8: Path, tmp_path: Path, here: str, cause: str
) -> None:
    bundle = Path(shutil.copytree(tiny_dynamic_int8, tmp_path / "b"))
    edit(bundle, "manifest.json", proved_on("x86_64-avx512_vnni"))
    edit(bundle, "golden.json", elsewhere(cpu_class="x86_64-avx512_vnni"))
    with running_on(here, tmp_path), pytest.raises(GateError) as caught:
        examine(bundle)
    found = {check.name: check for check in caught.value.record.checks if not check.passed}
    assert found["golden answers"].cause == cause


def test_a_profile_holds_for_one_class_of_cpu(
    tiny_int8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bundle = open_bundle(tiny_int8)
    with running_on("x86_64-avx2", tmp_path):
        save_profile(OTHER, bundle, provider="auto", threads=2)
        assert profile_for(bundle, provider="auto", threads=2) == OTHER
    for here in CLASSES[1:]:
        with running_on(here, tmp_path):
            found = profile_for(bundle, provider="auto", threads=2)
            assert found == untuned(2, short_tokens(bundle))


@pytest.mark.parametrize("cpu_class", CPUS)
def test_one_thread_is_for_short_texts_of_int8_where_it_was_measured(
    cpu_class: str, tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    vnni = "vnni" in CPUS[cpu_class].flags
    with running_on(cpu_class, tmp_path):
        for cores, bundle, short in ((2, tiny_bundle, 0), (2, tiny_int8, 256), (1, tiny_int8, 0)):
            found = profile_for(open_bundle(bundle), provider="auto", threads=cores)
            assert found == untuned(cores, short * vnni)
        found = profile_for(open_bundle(tiny_int8), provider="auto", threads=2, kernels=True)
        assert found == untuned(2)
        found = profile_for(open_bundle(tiny_int8), provider="openvino", threads=2)
        assert found == one_caller(2)


def test_the_larger_the_graph_the_fewer_tokens_are_short(tiny_int8: Path, tmp_path: Path) -> None:
    bundle = open_bundle(tiny_int8)
    manifest, quantization = bundle.manifest, bundle.manifest.quantization
    assert quantization is not None

    def short(size_bytes: int, scheme: str = quantization.scheme) -> int:
        files = dict(manifest.files)
        files["model.onnx"] = replace(files["model.onnx"], size_bytes=size_bytes)
        other = replace(quantization, scheme=scheme)
        changed = replace(manifest, files=files, quantization=other)
        return short_tokens(replace(bundle, manifest=changed))

    with running_on("x86_64-avx512_vnni", tmp_path):
        assert [short(size) for size in (24_000_000, 124_000_000, 600_000_000)] == [16, 3, 0]
        assert short(24_000_000, scheme="weight-only") == 0


def test_a_newer_onnxruntime_is_proved_on_each_class_of_cpu(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(onnxruntime, "__version__", "99.0.0")
    for here in CLASSES:
        with running_on(here, tmp_path):
            load(tiny_bundle)
    verdicts = {p.name.partition("-99.0.0-")[2] for p in (tmp_path / "cache").rglob("*-99*")}
    assert verdicts == set(CLASSES)
