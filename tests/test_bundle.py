"""Opening a bundle, and what is said about one that is damaged."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bundle_damage import change_manifest, complaint

from edgebert.bundle import Bundle, changed_files, open_bundle, seal
from edgebert.doctor import examine
from edgebert.errors import BundleError, GateError
from edgebert.records.codec import from_dict
from edgebert.records.manifest import Manifest
from edgebert.runtimes import load


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy that may be spoiled."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


def read_manifest(bundle: Path) -> Manifest:
    """The manifest of a bundle that may not open as it is now."""
    return from_dict(Manifest, json.loads((bundle / "manifest.json").read_text()))


def flip(path: Path, position: int) -> None:
    """Change one bit of one byte; the size stays."""
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_a_whole_bundle_opens(tiny_bundle: Path) -> None:
    opened = open_bundle(tiny_bundle, verify=True)
    assert opened.manifest.task == "feature-extraction"
    assert changed_files(opened) == []
    assert len(opened.golden().texts) > 20


def test_the_manifest_lists_size_and_hash_of_every_file_but_itself_and_the_card(
    tiny_bundle: Path,
) -> None:
    files = open_bundle(tiny_bundle).manifest.files
    there = {p.relative_to(tiny_bundle).as_posix() for p in tiny_bundle.rglob("*") if p.is_file()}
    assert set(files) == there - {"manifest.json", "README.md"}
    assert {"1_Pooling/config.json", "model.onnx", "tokenizer.json", "golden.json"} < set(files)
    for name, entry in files.items():
        data = (tiny_bundle / name).read_bytes()
        assert (entry.sha256, entry.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))


def test_sealing_covers_what_was_added_and_nothing_else(bundle: Path) -> None:
    (bundle / "extra").mkdir()
    (bundle / "extra/README.md").write_text("a README of its own")
    (bundle / "README.md").write_text("an old card")
    manifest = open_bundle(bundle).manifest
    sealed = seal(bundle, manifest)
    assert set(sealed.manifest.files) == set(manifest.files) | {"extra/README.md"}
    assert open_bundle(bundle, verify=True) == sealed
    assert (bundle / "README.md").read_text() == "an old card"


def test_a_bundle_is_known_by_its_files_and_not_by_its_place(
    tiny_bundle: Path, bundle: Path
) -> None:
    here, there = open_bundle(tiny_bundle), open_bundle(bundle)
    assert here.sha256 == there.sha256
    assert (
        here.size_bytes
        == there.size_bytes
        == sum((bundle / name).stat().st_size for name in there.manifest.files)
    )
    (bundle / "config.json").write_text("{}")
    assert seal(bundle, there.manifest).sha256 != here.sha256


@pytest.mark.parametrize("position", [0, 1000, -1])
@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "golden.json"])
def test_a_changed_byte_is_found_when_files_are_hashed(
    bundle: Path, name: str, position: int
) -> None:
    flip(bundle / name, position)
    expected = f"{bundle} is damaged: {name} was changed (its checksum differs)"
    assert complaint(bundle, verify=True) == expected
    with pytest.raises(BundleError, match="checksum differs"):
        load(bundle, verify=True)
    assert changed_files(open_bundle(bundle)) == [f"{name} was changed (its checksum differs)"]


def test_a_changed_byte_of_the_manifest_is_found_wherever_it_is(bundle: Path) -> None:
    manifest = bundle / "manifest.json"
    sealed = manifest.read_bytes()
    key = sealed.index(b'"digest"')
    for position in (*range(0, len(sealed), 17), *range(key, len(sealed))):
        flip(manifest, position)
        message = complaint(bundle, verify=True)
        assert message.startswith((f"{bundle} is damaged", f"{manifest} is damaged", str(manifest)))
        manifest.write_bytes(sealed)
    open_bundle(bundle, verify=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(labels=["a", "b"]),
        lambda m: m.update(normalize=not m["normalize"]),
        lambda m: m["drift"]["promises"].update(max_drift=1.0),
        lambda m: m.update(unheard_of=1),
        lambda m: m.update(digest=64 * "0"),
        lambda m: m.update(digets=m.pop("digest")),
    ],
)
def test_a_manifest_that_was_edited_loads_and_is_found_when_files_are_hashed(
    bundle: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    change_manifest(bundle, change)
    open_bundle(bundle)
    assert complaint(bundle, verify=True).startswith(
        f"{bundle} is damaged: manifest.json was changed (it"
    )
    with pytest.raises(GateError, match=r"^checksums: manifest.json was changed \(it"):
        examine(bundle)


def test_a_bundle_that_is_older_than_the_digest_still_opens(bundle: Path) -> None:
    change_manifest(bundle, lambda m: m.pop("digest"))
    assert open_bundle(bundle, verify=True).manifest.digest is None
    assert examine(bundle).passed


def test_a_changed_size_is_found_without_hashing(bundle: Path) -> None:
    size = (bundle / "model.onnx").stat().st_size
    with (bundle / "model.onnx").open("ab") as stream:
        stream.write(b"\0")
    expected = f"{bundle} is damaged: model.onnx has {size + 1} bytes where {size} belong"
    assert complaint(bundle) == expected


def test_a_missing_file_is_found_without_hashing(bundle: Path) -> None:
    (bundle / "1_Pooling/config.json").unlink()
    assert complaint(bundle) == f"{bundle} is damaged: 1_Pooling/config.json is missing"


def test_the_card_and_what_lies_beside_may_change(bundle: Path) -> None:
    (bundle / "README.md").write_text("mine")
    (bundle / "notes.txt").write_text("mine too")
    assert isinstance(open_bundle(bundle, verify=True), Bundle)


def test_all_changes_are_listed_together(bundle: Path) -> None:
    flip(bundle / "config.json", 3)
    (bundle / "tokenizer_config.json").write_text("")
    problems = changed_files(Bundle(bundle, read_manifest(bundle)))
    assert [problem.split()[0] for problem in problems] == ["config.json", "tokenizer_config.json"]


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "1_Pooling/../../secret", "..\\secret", "C:\\secret", "C:secret"],
)
def test_no_path_in_a_manifest_leaves_the_bundle(bundle: Path, name: str) -> None:
    (bundle.parent / "secret").write_text("secret")
    entry = {"sha256": hashlib.sha256(b"secret").hexdigest(), "size_bytes": 6}
    change_manifest(bundle, lambda manifest: manifest["files"].update({name: entry}))
    expected = f"{bundle}/manifest.json is damaged: file name {name!r} leaves the bundle"
    assert complaint(bundle) == expected


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "golden.json"])
def test_a_manifest_lists_what_every_bundle_needs(bundle: Path, name: str) -> None:
    change_manifest(bundle, lambda manifest: manifest["files"].pop(name))
    assert complaint(bundle) == f"{bundle}/manifest.json is damaged: it does not list {name}"


def test_a_newer_format_is_told_before_anything_it_may_have_changed(bundle: Path) -> None:
    (bundle / "manifest.json").write_text('{"format": 3, "files": []}')
    assert complaint(bundle) == (
        f"{bundle}/manifest.json has format 3; this edgebert reads up to 2: pip install -U edgebert"
    )


def test_a_key_from_a_later_version_is_passed_over(bundle: Path) -> None:
    change_manifest(bundle, lambda manifest: manifest.update(invented_later=[1]))
    assert open_bundle(bundle).manifest.task == "feature-extraction"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "it should be dict, not list"),
        ("{}", "it has no 'format'"),
        ('{"format": "1"}', "'format' should be int, not str"),
    ],
)
def test_a_manifest_that_is_none_is_told(bundle: Path, content: str, expected: str) -> None:
    (bundle / "manifest.json").write_text(content)
    assert complaint(bundle) == f"{bundle}/manifest.json is damaged: {expected}"


def test_a_wrong_value_in_a_manifest_is_named(bundle: Path) -> None:
    change_manifest(
        bundle, lambda manifest: manifest["files"]["model.onnx"].update(size_bytes="many")
    )
    expected = "'files.model.onnx.size_bytes' should be int, not str"
    assert complaint(bundle) == f"{bundle}/manifest.json is damaged: {expected}"


def test_golden_answers_that_are_none_are_told(bundle: Path) -> None:
    (bundle / "golden.json").write_text('{"format": 1}')
    seal(bundle, read_manifest(bundle))
    with pytest.raises(BundleError) as caught:
        open_bundle(bundle).golden()
    assert str(caught.value) == f"{bundle}/golden.json is damaged: it has no 'cpu_class'"


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    made = "Make one with 'edgebert export MODEL -o"
    assert complaint(tmp_path) == (
        f"{tmp_path} is not a bundle: it has no manifest.json. {made} {tmp_path}'"
    )
    none = tmp_path / "none"
    assert complaint(none) == f"{none} is not a bundle: there is no such folder. {made} {none}'"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_file_of_the_right_size_that_is_no_model_is_told(bundle: Path, name: str) -> None:
    (bundle / name).write_bytes(bytes((bundle / name).stat().st_size))
    with pytest.raises(BundleError, match=name) as caught:
        load(bundle)
    assert "\n" not in str(caught.value)
