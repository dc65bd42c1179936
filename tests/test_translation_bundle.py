"""A bundle of several graphs is read as such, and one that lacks a part is told in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from bundle_damage import Json, change_manifest, complaint, reseal

from edgebert.bundle import changed_files, open_bundle, read_bundle
from edgebert.doctor import examine
from edgebert.errors import BundleError
from edgebert.records.manifest import DECODER, ENCODER
from edgebert.runtimes import load


@pytest.fixture
def bundle(tiny_translator_bundle: Path, tmp_path: Path) -> Path:
    """A copy that may be spoiled."""
    return Path(shutil.copytree(tiny_translator_bundle, tmp_path / "bundle"))


def test_a_bundle_of_two_graphs_opens(tiny_translator_bundle: Path) -> None:
    opened = open_bundle(tiny_translator_bundle, verify=True)
    assert opened.manifest.format == 2
    assert [path.name for path in opened.graph_paths] == ["encoder.onnx", "decoder.onnx"]
    assert opened.graph_path(DECODER).name == "decoder.onnx"
    assert changed_files(opened) == []
    assert not (tiny_translator_bundle / "model.onnx").exists()
    assert opened.golden().format == 1
    assert examine(str(tiny_translator_bundle)).passed


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: m["graphs"].pop("decoder"), "it names no decoder, which translation needs"),
        (lambda m: m["graphs"].pop("encoder"), "it names no encoder, which translation needs"),
        (lambda m: m.pop("graphs"), "it names no decoder, which translation needs"),
        (lambda m: m.update(format=1), "format 1 is not that of 2 graphs"),
        (lambda m: m["files"].pop("decoder.onnx"), "it does not list decoder.onnx"),
        (
            lambda m: m["files"].pop("tokenizer_target.json"),
            "it does not list tokenizer_target.json",
        ),
        (lambda m: m.pop("writing"), "a decoder, and how it writes, are said together"),
        (lambda m: m["writing"].update(end_id=380), "end_id of its decoder is none of 380 tokens"),
        (
            lambda m: m["writing"].update(begin_id=-1),
            "begin_id of its decoder is none of 380 tokens",
        ),
        (
            lambda m: m["writing"].update(longest_per_token=0, longest_more=0),
            "its decoder would write no token",
        ),
        (
            lambda m: m["graphs"].update(decoder="../decoder.onnx"),
            "it does not list ../decoder.onnx",
        ),
    ],
)
def test_a_manifest_that_lacks_a_part_is_damaged(
    bundle: Path, change: Callable[[Json], object], told: str
) -> None:
    change_manifest(bundle, change)
    assert complaint(bundle) == f"{bundle}/manifest.json is damaged: {told}"


def test_a_bundle_of_one_graph_is_not_of_format_2(tiny_bundle: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))
    change_manifest(copy, lambda manifest: manifest.update(format=2))
    assert complaint(copy) == (f"{copy}/manifest.json is damaged: format 2 is not that of 1 graphs")


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "tokenizer_target.json"])
def test_each_part_is_missed_and_checked(bundle: Path, name: str) -> None:
    changed = bytearray((bundle / name).read_bytes())
    changed[len(changed) // 2] ^= 1
    (bundle / name).write_bytes(changed)
    open_bundle(bundle)
    assert complaint(bundle, verify=True) == (
        f"{bundle} is damaged: {name} was changed (its checksum differs)"
    )
    (bundle / name).write_bytes(b"")
    assert complaint(bundle).startswith(f"{bundle} is damaged: {name} has 0 bytes where")
    (bundle / name).unlink()
    assert complaint(bundle) == f"{bundle} is damaged: {name} is missing"


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "tokenizer_target.json"])
def test_whatever_decides_an_answer_is_in_the_fingerprint(bundle: Path, name: str) -> None:
    before = read_bundle(bundle).fingerprint()
    with (bundle / name).open("ab") as file:
        file.write(b" ")
    reseal(bundle)
    assert read_bundle(bundle).fingerprint() != before


@pytest.mark.parametrize(
    ("key", "value"), [("length_penalty", 0.5), ("longest_more", 3), ("longest_per_token", 1)]
)
def test_how_it_writes_is_in_the_fingerprint(bundle: Path, key: str, value: float) -> None:
    before = read_bundle(bundle).fingerprint()
    change_manifest(bundle, lambda manifest: manifest["writing"].update({key: value}))
    assert read_bundle(bundle).fingerprint() != before


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest["writing"].update(heads=4, head_width=12),
        lambda manifest: manifest["writing"].update(layers=3),
        lambda manifest: manifest["writing"].update(layers=1),
        lambda manifest: manifest["writing"].update(vocabulary=5),
        lambda manifest: manifest["graphs"].update(
            {ENCODER: "decoder.onnx", DECODER: "encoder.onnx"}
        ),
        lambda manifest: manifest["graphs"].update({DECODER: "encoder.onnx"}),
    ],
)
def test_graphs_that_do_not_fit_the_manifest_are_refused(
    bundle: Path, change: Callable[[Json], object]
) -> None:
    change_manifest(bundle, change)
    reseal(bundle)
    with pytest.raises(BundleError) as caught:
        load(bundle)
    assert "\n" not in str(caught.value)
    assert str(bundle) in str(caught.value)


def test_a_decoder_that_is_no_graph_is_refused(bundle: Path) -> None:
    (bundle / "decoder.onnx").write_bytes(b"no graph")
    reseal(bundle)
    with pytest.raises(BundleError, match=r"decoder\.onnx") as caught:
        load(bundle).translate("the lamp")
    assert "\n" not in str(caught.value)
