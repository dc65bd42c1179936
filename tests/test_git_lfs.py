"""A clone without Git LFS: every reader says so of every file that it meets."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edgebert.bundle import open_bundle
from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.data.reading import read_examples
from edgebert.data.streaming import stream_texts
from edgebert.errors import BundleError, CheckpointError, EdgebertError, InputError
from edgebert.export import ExportOptions, export_model, optimize_export
from edgebert.git_lfs import is_pointer
from edgebert.inspect import inspect_path
from edgebert.onnx_graph.external_data import external_files
from edgebert.references.onnx_file import open_onnx_file
from edgebert.runtimes import load
from edgebert.runtimes.session import open_graph

FOREIGN = Path(__file__).parent / "fixtures" / "foreign"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 90868376\n"
TOLD = " is a Git LFS pointer, not the file itself: fetch it with 'git lfs pull'"


def told(file: Path, kind: type[EdgebertError], read: Callable[[], object]) -> None:
    file.write_text(POINTER)
    with pytest.raises(kind) as refused:
        read()
    assert str(refused.value) == f"{file}{TOLD}, or download it again"


@pytest.fixture
def checkpoint(tiny_embedder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_embedder, tmp_path / "model"))


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors", "tokenizer.json", "vocab.txt", "sentencepiece.bpe.model",
        "merges.txt", "config.json", "tokenizer_config.json", "special_tokens_map.json",
        "modules.json", "1_Pooling/config.json",
    ],
)  # fmt: skip
def test_a_checkpoint_that_was_not_fetched_is_told(name: str, checkpoint: Path) -> None:
    told(checkpoint / name, CheckpointError, lambda: open_checkpoint(checkpoint))


@pytest.mark.parametrize("allowed", [False, True])
def test_pickled_weights_that_were_not_fetched_are_told(
    allowed: bool, checkpoint: Path, tmp_path: Path
) -> None:
    (checkpoint / "model.safetensors").unlink()
    options = ExportOptions(allow_pickle=allowed)
    told(
        checkpoint / "pytorch_model.bin",
        CheckpointError,
        lambda: export_model(checkpoint, tmp_path / "out", options=options),
    )


def test_a_pickled_shard_that_is_missing_is_named(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "pytorch_model-1.bin")
    index = {"weight_map": {"a": "pytorch_model-1.bin", "b": "pytorch_model-2.bin"}}
    (checkpoint / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=r"lists pytorch_model-2\.bin, which is missing"):
        export_model(checkpoint, tmp_path / "out", options=ExportOptions(allow_pickle=True))


def test_weights_that_nobody_reads_need_not_be_fetched(checkpoint: Path) -> None:
    for name in ("pytorch_model.bin", "tf_model.h5", "onnx.onnx"):
        (checkpoint / name).write_text(POINTER)
    open_checkpoint(checkpoint)


@pytest.mark.parametrize("read", [inspect_path, external_files])
def test_a_graph_that_was_not_fetched_is_told(read: Callable[[Path], Any], tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    told(file, InputError, lambda: read(file))
    told(file, InputError, lambda: optimize_export(file, tmp_path / "out.onnx"))
    told(file, BundleError, lambda: open_graph(file))


def test_a_foreign_folder_that_was_not_fetched_is_told(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOREIGN / "sentence-transformers", tmp_path / "source"))
    file = folder / "onnx/model.onnx"
    told(file, InputError, lambda: open_onnx_file(file))
    told(file, InputError, lambda: optimize_export(folder, tmp_path / "out"))


def test_weights_beside_a_graph_that_were_not_fetched_are_told(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    import onnx

    model, file = onnx.load(tiny_bundle / "model.onnx"), tmp_path / "model.onnx"
    onnx.save(model, file, save_as_external_data=True, location="weights", size_threshold=0)
    told(tmp_path / "weights", InputError, lambda: external_files(file))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "golden.json"])
def test_a_bundle_that_was_not_fetched_is_told(
    name: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))
    (bundle / name).write_text(POINTER)
    with pytest.raises(BundleError) as refused:
        load(bundle)
    assert str(refused.value) == f"{bundle} is damaged: {name}{TOLD}"
    told(bundle / "manifest.json", BundleError, lambda: open_bundle(bundle))


@pytest.mark.parametrize(
    "name", ["d.txt", "d.tsv", "d.csv", "d.jsonl", "d.conll", "d.json", "d.parquet", "d.txt.gz"]
)
def test_data_that_was_not_fetched_are_told(name: str, tmp_path: Path) -> None:
    told(tmp_path / name, InputError, lambda: read_examples(tmp_path / name))
    told(tmp_path / name, InputError, lambda: list(stream_texts(tmp_path / name)))


def test_a_record_that_was_not_fetched_is_told(tmp_path: Path) -> None:
    (tmp_path / "check.json").write_text(POINTER)
    asked = ["report", str(tmp_path / "check.json"), "-o", str(tmp_path / "page.html")]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 1
    assert f"{tmp_path / 'check.json'}{TOLD}" in result.stderr


def test_a_text_about_git_lfs_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("a pointer begins with version https://git-lfs.github.com\n")
    assert not is_pointer(tmp_path / "d.txt")
    assert not is_pointer(tmp_path / "none")
    assert len(read_examples(tmp_path / "d.txt")) == 1


def test_a_pipe_is_not_looked_into(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "d.txt")
    assert not is_pointer(tmp_path / "d.txt")  # which would wait for whoever writes to it
