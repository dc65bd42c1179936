"""`--target web`: which mixture is taken, what is refused, and that it says what it needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from record_samples import QUANTIZE

from edgebert.bundle import open_bundle, seal
from edgebert.bundle.card import model_card
from edgebert.cli import main
from edgebert.cli.make.quantize import show_quantize
from edgebert.errors import InputError, ProviderError
from edgebert.inspect import inspect_path
from edgebert.onnx_graph.parts import DYNAMIC, FLOAT, STATIC, TOKEN
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.quantize.options import Budget, require_fitting
from edgebert.quantize.search.mixture_drift import MixtureDrift
from edgebert.quantize.web.choosing import Candidate, in_order
from edgebert.quantize.web.node import find_node_runtime
from edgebert.records.manifest import ANY_CPU, VNNI, Drift, Web, WebCandidate
from edgebert.report import write_page
from edgebert.runtimes import load

WEB = QuantizeOptions(target="web")
BUDGET = Budget(mean=0.0015, p99=0.007, flips=None)


def candidate(
    name: str, ms: float, mean: float, *, noise: float = 0.0, form: str = ""
) -> Candidate:
    """One whose runs took `ms`, and by its noise less and more in every other round."""
    runs = ms * np.array([1 - noise / 2, 1 + noise / 2] * 5)
    plan = {"a": form or name, "b": FLOAT}
    return Candidate(name, plan, MixtureDrift(mean, 3 * mean, None), runs)


def order(*candidates: Candidate, budget: Budget = BUDGET) -> list[str]:
    return [one.name for one in in_order(candidates, budget)]


def mixture(name: str, ms: float, mean: float, *, noise: float = 0.0) -> Candidate:
    return candidate(name, ms, mean, noise=noise, form=STATIC)


def test_the_fastest_inside_the_budget_is_taken() -> None:
    assert (
        order(mixture("out", 30, 0.0020), mixture("fast", 40, 0.0012), mixture("slow", 50, 0.0011))[
            0
        ]
        == "fast"
    )


def test_a_reserve_of_the_budget_is_left_for_other_texts() -> None:
    assert order(mixture("to the brim", 40, 0.00145), mixture("slower", 50, 0.0012)) == ["slower"]


def test_a_budget_for_the_worst_texts_counts_too() -> None:
    far = replace(mixture("far", 30, 0.0001), drift=MixtureDrift(0.0001, 0.0065, None))
    assert order(far, mixture("slower", 50, 0.0012)) == ["slower"]


def test_of_those_as_fast_the_one_that_drifts_least_is_taken() -> None:
    alike = mixture("fastest", 40, 0.0012), mixture("alike", 41.1, 0.0008)
    assert order(*alike, mixture("slower", 43, 0.0001))[0] == "alike"


def test_what_timing_cannot_tell_apart_is_as_fast() -> None:
    noisy = mixture("fastest", 40, 0.0012, noise=0.08), mixture("alike", 43, 0.0008)
    assert order(*noisy)[0] == "alike"
    assert order(mixture("fastest", 40, 0.0012), mixture("alike", 43, 0.0008))[0] == "fastest"


def test_a_busy_machine_makes_nothing_slow_as_fast() -> None:
    assert order(mixture("fastest", 40, 0.0012, noise=0.9), mixture("floats", 52, 0.0004))[0] == (
        "fastest"
    )


def test_what_fails_on_other_texts_is_followed_by_what_drifts_less() -> None:
    tried = order(mixture("a", 40, 0.0012), mixture("b", 45, 0.0013), mixture("c", 50, 0.0009))
    assert tried == ["a", "c"]


def test_where_none_is_inside_the_one_that_drifts_least_is_told() -> None:
    assert order(mixture("a", 40, 0.003), mixture("b", 50, 0.002)) == ["b"]


def test_neither_floats_nor_a_form_that_looks_at_neighbours_is_taken() -> None:
    never = candidate(DYNAMIC, 30, 0.0001), candidate(FLOAT, 20, 0.0)
    assert order(*never, candidate(TOKEN, 40, 0.0009)) == [TOKEN]


def test_without_a_bound_the_fastest_is_taken() -> None:
    open_budget = Budget(None, None, None)
    assert order(mixture("a", 40, 0.9), mixture("b", 50, 0.1), budget=open_budget)[0] == "a"


def test_weights_have_the_full_range_unless_asked_otherwise() -> None:
    assert WEB.cpus == VNNI
    assert replace(WEB, isa="any").cpus == ANY_CPU
    assert QuantizeOptions().cpus == ANY_CPU


@pytest.fixture
def without_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a folder with a Node that tells its version, and with onnxruntime-web of one."""

    def made(node: str = "v22.3.0", onnxruntime_web: str = "1.30.0") -> Path:
        programs = tmp_path / "bin"
        programs.mkdir()
        (programs / "node").write_text(f"#!/bin/sh\necho {node}\n")
        (programs / "node").chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
        dist = tmp_path / "node_modules" / "onnxruntime-web" / "dist"
        dist.mkdir(parents=True)
        (dist / "ort.node.min.mjs").touch()
        (dist.parent / "package.json").write_text(json.dumps({"version": onnxruntime_web}))
        (tmp_path / "app").mkdir()
        return tmp_path / "app"

    return made


def test_packages_of_a_folder_above_are_found(project: Callable[..., Path]) -> None:
    found = find_node_runtime(project())
    assert (found.node, found.onnxruntime_web) == ("22.3.0", "1.30.0")
    assert found.library.is_file()


def test_an_old_node_is_refused(project: Callable[..., Path]) -> None:
    with pytest.raises(ProviderError, match=r"node is Node 18\.1\.0, and --target web needs 20 or"):
        find_node_runtime(project(node="v18.1.0"))


def test_a_node_that_says_nothing_is_refused(project: Callable[..., Path]) -> None:
    with pytest.raises(ProviderError, match=r"node is Node \(of no version\)"):
        find_node_runtime(project(node="''"))


def test_an_old_onnxruntime_web_is_refused(project: Callable[..., Path]) -> None:
    old = r"onnxruntime-web 1\.29\.0, and edgebert is tested with 1\.30\.0: npm install"
    with pytest.raises(ProviderError, match=old):
        find_node_runtime(project(onnxruntime_web="1.29.0"))


def test_half_an_onnxruntime_web_is_refused(project: Callable[..., Path]) -> None:
    folder = project()
    next(folder.parent.rglob("ort.node.min.mjs")).unlink()
    with pytest.raises(ProviderError, match=r"lacks dist/ort\.node\.min\.mjs: npm install"):
        find_node_runtime(folder)


def test_a_missing_onnxruntime_web_is_one_line_with_the_command(
    project: Callable[..., Path], tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project()
    (tmp_path / "node_modules").rename(tmp_path / "packages")
    monkeypatch.chdir(folder)
    said = quantized(tiny_bundle, tmp_path / "out")
    assert "npm install --ignore-scripts onnxruntime-web@1.30.0" in said


def test_a_node_that_runs_nothing_is_one_line(
    project: Callable[..., Path], tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project())
    said = quantized(tiny_bundle, tmp_path / "out", "--scheme", "token")
    assert "onnxruntime-web 1.30.0 on Node 22.3.0 has ended: exit code" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("without_node")
def test_without_node_it_says_what_to_install(tiny_bundle: Path, tmp_path: Path) -> None:
    said = quantized(tiny_bundle, tmp_path / "out")
    assert "there is no 'node' on the PATH: install Node 20 or newer" in said
    assert not (tmp_path / "out").exists()


def quantized(bundle: Path, output: Path, *options: str) -> str:
    """The one line with which `--target web` ends."""
    command = ["quantize", str(bundle), "--target", "web", *options, "-o", str(output)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize("target", ["gpu", "npu"])
def test_what_webassembly_cannot_run_is_refused(tiny_bundle: Path, target: str) -> None:
    manifest = replace(open_bundle(tiny_bundle).manifest, target=target)
    said = f"made for {target}, and WebAssembly runs what is made for cpu or portable: export it"
    with pytest.raises(InputError, match=said):
        require_fitting(replace(WEB, scheme="weight-only"), manifest)


@pytest.mark.usefixtures("without_node")
def test_sixteen_bits_are_refused_before_node_is_asked_for(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    options = replace(WEB, scheme="static", activations=16)
    with pytest.raises(InputError, match="--activations 16 does not go with --target web"):
        quantize_bundle(tiny_bundle, tmp_path / "out", options=options)


def test_another_target_is_refused() -> None:
    with pytest.raises(InputError, match="target"):
        QuantizeOptions(target="phone")


DRIFT = Drift(0.0009, 0.0026, 0.0031, None, 64, "held out", {"max_drift": 0.0019})
PROOF = Web(
    onnxruntime_web="1.30.0",
    node="20.20.2",
    threads=1,
    drift=DRIFT,
    float_p50_ms=92.0,
    candidates=(
        WebCandidate("token", 0.0009, 43.0, chosen=False),
        WebCandidate("auto", 0.0012, 40.0, chosen=True),
    ),
)


@pytest.fixture
def proved(tiny_int8: Path, tmp_path: Path) -> Path:
    """A bundle whose manifest says that it was proved in WebAssembly."""
    bundle = open_bundle(tiny_int8)
    folder = tmp_path / "proved"
    for name in bundle.manifest.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((tiny_int8 / name).read_bytes())
    seal(folder, replace(bundle.manifest, web=PROOF))
    return folder


def test_the_manifest_keeps_what_was_measured(proved: Path) -> None:
    read = open_bundle(proved, verify=True).manifest.web
    assert read == PROOF
    assert read.chosen == PROOF.candidates[1]
    assert load(proved).embed("turn on the lamp").shape == (64,)


def test_bundles_that_are_not_for_the_web_say_nothing_of_it(tiny_int8: Path) -> None:
    assert open_bundle(tiny_int8).manifest.web is None
    assert "WebAssembly" not in model_card(open_bundle(tiny_int8))


def test_card_and_inspect_tell_what_was_measured(proved: Path) -> None:
    card = model_card(open_bundle(proved))
    assert "| in WebAssembly | drift 0.0009, worst 0.0031 (64 texts: held out)" in card
    assert "40 ms for 128 tokens, 2.3x as fast as floats; onnxruntime-web 1.30.0" in card
    assert inspect_path(proved).web == PROOF
    shown = CliRunner().invoke(main, ["inspect", str(proved)]).stdout
    assert "proved in WebAssembly: drift on 64 texts (held out): mean 0.0009" in shown
    assert "chosen" in shown


def test_the_command_tells_the_drift_of_both_places() -> None:
    record = replace(QUANTIZE, web=PROOF)
    shown = show_quantize(record)
    assert "40 ms there, 2.30x as fast as floats (92 ms)" in shown
    assert "in WebAssembly (onnxruntime-web 1.30.0, Node 20.20.2): drift on 64 texts" in shown
    assert "on the CPU: drift on 512 texts (held out): mean 0.0012" in shown


def test_the_report_has_a_row_for_webassembly(tmp_path: Path) -> None:
    for record, told in ((replace(QUANTIZE, web=PROOF), True), (QUANTIZE, False)):
        page = write_page([record], tmp_path / "page.html", force=True).read_text("utf-8")
        assert ("In WebAssembly, on one thread" in page) is told
