"""Doctor: a healthy bundle passes, and each kind of damage is named with its cause."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edgebert.bundle import open_bundle, seal
from edgebert.doctor import examine
from edgebert.errors import BundleError, GateError

Json = dict[str, object]


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
    ]


def test_a_changed_byte_is_named_and_nothing_is_run(tiny_bundle: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "b"))
    content = bytearray((bundle / "tokenizer.json").read_bytes())
    content[-20] ^= 1
    (bundle / "tokenizer.json").write_bytes(content)
    record = _failure(bundle)
    assert [check.name for check in record.checks] == ["checksums", "versions"]
    assert record.checks[0].detail == "tokenizer.json was changed (its checksum differs)"


def test_a_missing_file_is_named(tiny_bundle: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "b"))
    (bundle / "config.json").unlink()
    assert _failure(bundle).checks[0].detail == "config.json is missing"


def test_another_tokenizer_is_named(tiny_bundle: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "b"))
    _edit(bundle, "tokenizer.json", lambda value: value["normalizer"].update(lowercase=False))  # type: ignore[attr-defined]
    failed = [check.name for check in _failure(bundle).checks if not check.passed]
    assert failed[0] == "tokenizer"


def test_another_graph_is_named(tiny_bundle: Path, tiny_int8: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "b"))
    manifest = open_bundle(bundle).manifest
    shutil.copy(tiny_int8 / "model.onnx", bundle / "model.onnx")
    seal(bundle, manifest)
    (check,) = [c for c in _failure(bundle).checks if c.name == "golden answers"]
    assert check.detail.endswith("so the graph is not the one that was sealed")


def test_another_cpu_is_the_likely_cause(tiny_bundle: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "b"))

    def elsewhere(golden: Json) -> None:
        golden["cpu_class"] = "aarch64-asimddp"
        for text in golden["texts"]:  # type: ignore[attr-defined]
            text["expected"] = [-value for value in text["expected"]]

    _edit(bundle, "golden.json", elsewhere)
    (check,) = [c for c in _failure(bundle).checks if c.name == "golden answers"]
    assert "made on aarch64-asimddp, this is" in check.detail


def test_an_onnxruntime_that_is_too_old_fails(tiny_bundle: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "b"))
    _edit(bundle, "manifest.json", lambda m: m["onnxruntime"].update(min="99.0.0"), reseal=False)  # type: ignore[attr-defined]
    (check,) = [c for c in _failure(bundle).checks if c.name == "versions"]
    assert "bundle needs 99.0.0" in check.detail


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"is not a bundle: it has no manifest.json"):
        examine(tmp_path)


def _failure(bundle: Path):  # type: ignore[no-untyped-def]
    with pytest.raises(GateError) as caught:
        examine(bundle)
    return caught.value.record


def _edit(
    bundle: Path, name: str, change: Callable[[Json], object], *, reseal: bool = True
) -> None:
    value = json.loads((bundle / name).read_text(encoding="utf-8"))
    change(value)
    (bundle / name).write_text(json.dumps(value), encoding="utf-8")
    if reseal:
        seal(bundle, open_bundle_unchecked(bundle))


def open_bundle_unchecked(bundle: Path):  # type: ignore[no-untyped-def]
    from edgebert.records.codec import read_json
    from edgebert.records.manifest import Manifest

    return read_json(Manifest, bundle / "manifest.json", "manifest")
