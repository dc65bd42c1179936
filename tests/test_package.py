"""`edgebert package`: what it writes for each target, and what it refuses in one line."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edgebert.bundle import Bundle, open_bundle, read_bundle, seal
from edgebert.cli import main
from edgebert.packaging import client, targets
from edgebert.packaging.web import WASM_FILES, WEBGPU_FILES

ROOT = Path(__file__).parent.parent
BUILT = ROOT / "runtimes/web/dist"


def package(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["package", *map(str, arguments)], prog_name="edgebert")


def packaged(*arguments: str | Path) -> dict[str, Any]:
    """The record of a package that was made."""
    result = package(*arguments, "--json", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    record: dict[str, Any] = json.loads(result.stdout)
    return record


def refusal(*arguments: str | Path) -> str:
    """The line that a package was refused with, which is all that is there then."""
    result = package(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("Error: ").rstrip()


def files_of(folder: Path) -> dict[str, int]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def changed(bundle: Path, folder: Path, **keys: Any) -> Path:
    """A copy of a bundle with other keys in its manifest, sealed as if it had been made so."""
    shutil.copytree(bundle, folder)
    seal(folder, replace(read_bundle(folder).manifest, **keys))
    return folder


@pytest.fixture
def onnxruntime_web(tmp_path: Path) -> Path:
    """A project with the names of the package's files, each with what tells it from the others."""
    dist = tmp_path / "project/node_modules/onnxruntime-web/dist"
    dist.mkdir(parents=True)
    for name in (*WASM_FILES, *WEBGPU_FILES, "ort.all.js"):
        (dist / name).write_text(name)
    return tmp_path / "project"


# web and node


def test_the_web_gets_the_client_the_page_and_the_bundle(
    tiny_bundle: Path, tmp_path: Path, onnxruntime_web: Path
) -> None:
    record = packaged(
        tiny_bundle, "--target", "web", "-o", tmp_path / "site", "--vendor", onnxruntime_web
    )
    bundle = open_bundle(tmp_path / "site/model", verify=True)
    assert str(bundle.fingerprint()) == record["fingerprints"][0]
    assert record["files"] == files_of(tmp_path / "site")
    assert record["missing"] == []
    for name in ("edgebert.min.js", "edgebert.min.js.map"):
        assert (tmp_path / "site" / name).read_bytes() == (BUILT / name).read_bytes()
    page = (tmp_path / "site/index.html").read_text()
    assert f"<title>{bundle.manifest.source.id}" in page
    assert "{{" not in page
    assert sorted(path.name for path in (tmp_path / "site/ort").iterdir()) == sorted(WASM_FILES)


def test_nothing_of_the_web_names_another_place(tiny_bundle: Path, tmp_path: Path) -> None:
    packaged(tiny_bundle, "--target", "web", "-o", tmp_path / "site")
    for path in (tmp_path / "site").glob("*.[hcj][tjs]*"):
        if path.suffix in (".html", ".css", ".js") and path.name != "edgebert.min.js":
            assert not re.search(r"https?://(?!www\.w3\.org/)", path.read_text()), path


def test_without_vendor_the_web_says_what_belongs_where(tiny_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    result = package(tiny_bundle, "--target", "web", "-o", out)
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("still missing: ")]
    assert all(name in line for name in (*WASM_FILES, "ort/", "--vendor", "npm install"))
    assert list((out / "ort").iterdir()) == []
    assert line.removeprefix("still missing: ") in (out / "README.md").read_text()


def test_a_portable_bundle_gets_what_runs_it_on_a_gpu(
    tiny_bundle: Path, tmp_path: Path, onnxruntime_web: Path
) -> None:
    portable = changed(tiny_bundle, tmp_path / "portable", target="portable")
    record = packaged(
        portable, "--target", "web", "-o", tmp_path / "site", "--vendor", onnxruntime_web
    )
    in_ort = {name.partition("/")[2] for name in record["files"] if name.startswith("ort/")}
    assert in_ort == {*WASM_FILES, *WEBGPU_FILES}
    (onnxruntime_web / "node_modules/onnxruntime-web/dist" / WEBGPU_FILES[2]).unlink()
    arguments = ("--target", "web", "-o", tmp_path / "other", "--vendor", onnxruntime_web)
    assert WEBGPU_FILES[2] in refusal(portable, *arguments)
    assert not (tmp_path / "other").exists()


def test_node_gets_the_client_the_bundle_and_a_script_that_asks(
    tiny_reranker_bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "My Reranker"
    record = packaged(tiny_reranker_bundle, "--target", "node", "-o", out)
    said = json.loads((out / "package.json").read_text())
    assert said["name"] == "my-reranker"
    assert said["dependencies"] == {"onnxruntime-node": f"^{client.ONNXRUNTIME}"}
    assert (out / said["exports"]["."]["default"]).read_bytes() == (
        BUILT / "edgebert.js"
    ).read_bytes()
    assert (out / said["exports"]["."]["types"]).is_file()
    script = (out / "ask.mjs").read_text()
    assert 'await model.rerank("a query", ["first text", "second text"])' in script
    open_bundle(out / "model", verify=True)
    assert "npm install" in record["missing"][0]


def test_the_client_is_packaged_with_the_onnxruntime_that_it_is_tested_with() -> None:
    said = json.loads((ROOT / "runtimes/web/package.json").read_text())["devDependencies"]
    assert {said["onnxruntime-web"], said["onnxruntime-node"]} == {client.ONNXRUNTIME}


# transformers.js


def test_transformers_js_gets_each_precision_by_the_name_it_looks_for(
    tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    out = tmp_path / "minilm"
    packaged(tiny_int8, tiny_bundle, "--target", "transformers.js", "-o", out)
    assert {*files_of(out)} == {
        "README.md",
        "config.json",
        "onnx/model.onnx",
        "onnx/model_quantized.onnx",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert _same(out / "onnx/model.onnx", tiny_bundle / "model.onnx")
    assert _same(out / "onnx/model_quantized.onnx", tiny_int8 / "model.onnx")
    config = json.loads((out / "config.json").read_text())
    assert config["transformers.js_config"] == {"dtype": "q8"}  # the first
    settings = json.loads((out / "tokenizer_config.json").read_text())
    assert settings["model_max_length"] == open_bundle(tiny_bundle).manifest.max_length
    readme = (out / "README.md").read_text()
    assert '{ pooling: "mean", normalize: true }' in readme


def test_labels_and_what_makes_their_scores_are_those_of_the_bundle(
    tiny_classifier_bundle: Path, tiny_reranker_bundle: Path, tmp_path: Path
) -> None:
    for bundle, kind in (
        (tiny_classifier_bundle, "single_label_classification"),
        (tiny_reranker_bundle, "multi_label_classification"),  # one score, by a sigmoid
    ):
        out = tmp_path / kind
        packaged(bundle, "--target", "transformers.js", "-o", out)
        config = json.loads((out / "config.json").read_text())
        labels = open_bundle(bundle).manifest.labels
        assert [*config["id2label"].values()] == [*labels]
        assert config["problem_type"] == kind


def test_what_a_pipeline_would_answer_otherwise_is_refused(
    tiny_bundle: Path, tiny_classifier_bundle: Path, tiny_splade_bundle: Path, tmp_path: Path
) -> None:
    changes: list[tuple[Path, dict[str, Any], str]] = [
        (tiny_bundle, {"ids": "int32"}, "its graph takes int32; export it with --ids int64"),
        (tiny_bundle, {"fixed_shape": (1, 16)}, "its graph takes one shape only"),
        (tiny_bundle, {"pooling": "lasttoken"}, "it does not pool by lasttoken"),
        (tiny_classifier_bundle, {"activation": "identity"}, "turns logits into probabilities"),
        (tiny_splade_bundle, {}, "it has no pipeline for sparse-embedding"),
    ]
    for number, (bundle, change, reason) in enumerate(changes):
        other = changed(bundle, tmp_path / f"bundle{number}", **change)
        out = tmp_path / f"out{number}"
        assert reason in refusal(other, "--target", "transformers.js", "-o", out)
        assert not out.exists()


def test_vectors_that_more_than_a_pooling_makes_are_refused(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))
    said = json.loads((bundle / "config_sentence_transformers.json").read_text())
    said["truncate_dim"] = 32
    (bundle / "config_sentence_transformers.json").write_text(json.dumps(said))
    told = refusal(
        changed(bundle, tmp_path / "changed"), "--target", "transformers.js", "-o", tmp_path / "out"
    )
    assert "more than a pooling makes its vectors" in told


def test_weights_in_a_second_file_are_refused(tmp_path: Path) -> None:
    bundle = ROOT / "tests/fixtures/targets/bundles/external-weights"
    told = refusal(bundle, "--target", "transformers.js", "-o", tmp_path / "out")
    assert told.endswith("its weights lie in model.onnx_data; quantize it")


def test_bundles_of_two_models_are_not_put_together(
    tiny_bundle: Path, tiny_int8: Path, tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    to = ("--target", "transformers.js", "-o", tmp_path / "out")
    assert "has other weights than" in refusal(tiny_int8, tiny_classifier_bundle, *to)
    assert "is the second bundle in fp32" in refusal(tiny_bundle, tiny_bundle, *to)
    for target in (targets.WEB, targets.NODE):
        told = refusal(tiny_bundle, tiny_int8, "--target", target, "-o", tmp_path / "out")
        assert told == f"the target {target} takes one bundle, and 2 were given"


# what all targets have in common


@pytest.mark.parametrize("target", targets.TARGETS)
def test_a_damaged_bundle_is_refused(tiny_bundle: Path, tmp_path: Path, target: str) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))
    data = bytearray((bundle / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / "model.onnx").write_bytes(data)
    told = refusal(bundle, "--target", target, "-o", tmp_path / "out")
    assert told == f"{bundle} is damaged: model.onnx was changed (its checksum differs)"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("target", targets.TARGETS)
def test_an_output_is_replaced_only_by_force(
    tiny_bundle: Path, tmp_path: Path, target: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    arguments = (tiny_bundle, "--target", target, "-o", out)
    assert "add --force to replace it" in refusal(*arguments)
    assert files_of(out) == {"mine.txt": 4}
    packaged(*arguments, "--force")
    assert "mine.txt" not in files_of(out)
    inside = refusal(tiny_bundle, "--target", target, "-o", tiny_bundle, "--force")
    assert "is or holds the source" in inside


def test_a_bundle_for_another_place_is_refused_with_the_one_to_make(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = changed(tiny_bundle, tmp_path / "npu", target="npu")
    told = refusal(bundle, "--target", "web", "-o", tmp_path / "out")
    assert told.endswith("cannot run: make one with 'edgebert export MODEL --target cpu'")


def test_vendor_is_for_the_web_and_holds_what_it_should(tiny_bundle: Path, tmp_path: Path) -> None:
    vendor = ("--vendor", tmp_path, "-o", tmp_path / "out")
    assert "holds no onnxruntime-web" in refusal(tiny_bundle, "--target", "web", *vendor)
    told = refusal(tiny_bundle, "--target", "node", *vendor)
    assert told == "vendor is for the target web: leave it out for node"


def _same(one: Path, other: Path) -> bool:
    digests = {hashlib.sha256(path.read_bytes()).digest() for path in (one, other)}
    return len(digests) == 1


def test_a_package_holds_no_place_of_this_machine(tiny_bundle: Path, tmp_path: Path) -> None:
    for target in targets.TARGETS:
        out = tmp_path / target
        packaged(tiny_bundle, "--target", target, "-o", out)
        bundle: Bundle = open_bundle(tiny_bundle)
        for name in ("README.md", "index.html", "package.json", "ask.mjs", "config.json"):
            if (out / name).is_file():
                assert str(bundle.path.parent) not in (out / name).read_text()
