"""Files of strangers: pickles, model code and paths that lead elsewhere are never followed."""

from __future__ import annotations

import json
import logging
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file
from tiny import make_checkpoint

from edgebert import load
from edgebert.bundle import MANIFEST, MODEL, MODEL_DATA, read_bundle, seal
from edgebert.checkpoint import open_checkpoint
from edgebert.errors import BundleError, CheckpointError, InputError
from edgebert.export import ExportOptions, export_model
from edgebert.export.source.opened_checkpoint import opened_checkpoint
from edgebert.inspect import inspect_path
from edgebert.onnx_graph.external_data import external_files
from edgebert.onnx_graph.in_memory.model_file import save_model
from edgebert.onnx_graph.weights import read_tensors
from edgebert.quantize import quantize_bundle
from edgebert.references.onnx_file import open_onnx_file
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes.session import open_graph


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.sprung),)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "checkpoint", "BertModel")


@pytest.fixture
def pickled(checkpoint: Path) -> Path:
    """The same weights as PyTorch saved them for years."""
    torch.save(load_file(checkpoint / "model.safetensors"), checkpoint / "pytorch_model.bin")
    (checkpoint / "model.safetensors").unlink()
    return checkpoint


def write_trap(file: Path, sprung: Path) -> None:
    torch.save({"embeddings.word_embeddings.weight": Trap(sprung)}, file)


def test_the_trap_of_these_tests_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").is_dir()


def test_a_pickle_is_refused_and_not_opened(pickled: Path, tmp_path: Path) -> None:
    write_trap(pickled / "pytorch_model.bin", tmp_path / "sprung")
    with pytest.raises(CheckpointError) as refused:
        export_model(pickled, tmp_path / "bundle")
    assert str(refused.value) == (
        f"{pickled}/pytorch_model.bin is a pickle, which can run code when it is opened: save the "
        "model as safetensors first, or export it with --allow-pickle"
    )
    assert not (tmp_path / "sprung").exists()
    assert not (tmp_path / "bundle").exists()


def test_an_allowed_pickle_still_runs_no_code(pickled: Path, tmp_path: Path) -> None:
    write_trap(pickled / "pytorch_model.bin", tmp_path / "sprung")
    with pytest.raises(CheckpointError, match="holds more than tensors, which could be code"):
        export_model(pickled, tmp_path / "bundle", options=ExportOptions(allow_pickle=True))
    assert not (tmp_path / "sprung").exists()


def test_an_allowed_pickle_says_what_it_risks_and_answers_as_before(
    pickled: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = make_checkpoint(tmp_path / "whole", "BertModel")
    expected = CheckpointModel(open_checkpoint(whole)).outputs(["turn on the lamp"])
    with opened_checkpoint(pickled, ExportOptions(allow_pickle=True)) as opened:
        found = CheckpointModel(opened.checkpoint).outputs(["turn on the lamp"])
        assert opened.checkpoint.id == pickled.name
    np.testing.assert_array_equal(found, expected)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "opening one can run code" in record.message


def test_safetensors_beside_a_pickle_are_what_is_read(checkpoint: Path, tmp_path: Path) -> None:
    write_trap(checkpoint / "pytorch_model.bin", tmp_path / "sprung")
    for allowed in (False, True):
        with opened_checkpoint(checkpoint, ExportOptions(allow_pickle=allowed)) as opened:
            CheckpointModel(opened.checkpoint)
    assert not (tmp_path / "sprung").exists()


def test_pickles_that_are_no_weights_are_never_opened(pickled: Path, tmp_path: Path) -> None:
    write_trap(pickled / "training_args.bin", tmp_path / "sprung")
    (pickled / "training_args.bin").rename(pickled / "optimizer.bin")
    with opened_checkpoint(pickled, ExportOptions(allow_pickle=True)) as opened:
        CheckpointModel(opened.checkpoint)
    assert not (tmp_path / "sprung").exists()


def test_pickled_shards_become_safetensors(pickled: Path) -> None:
    tensors = list(torch.load(pickled / "pytorch_model.bin").items())
    (pickled / "pytorch_model.bin").unlink()
    torch.save(dict(tensors[:9]), pickled / "pytorch_model-00001-of-00002.bin")
    torch.save(dict(tensors[9:]), pickled / "pytorch_model-00002-of-00002.bin")
    with opened_checkpoint(pickled, ExportOptions(allow_pickle=True)) as opened:
        CheckpointModel(opened.checkpoint)


def test_a_pickled_dense_layer_is_refused_and_converted_when_allowed(
    tiny_embedder: Path, tmp_path: Path
) -> None:
    folder = _with_dense(tiny_embedder, tmp_path / "dense")
    with pytest.raises(CheckpointError, match=r"2_Dense/pytorch_model\.bin is a pickle"):
        open_checkpoint(folder)
    with opened_checkpoint(folder, ExportOptions(allow_pickle=True)) as opened:
        (vector,) = CheckpointModel(opened.checkpoint).outputs(["turn on the lamp"])
    assert vector.shape == (8,)


def _with_dense(embedder: Path, folder: Path) -> Path:
    """A copy with a pickled Dense layer behind the pooling."""
    shutil.copytree(embedder, folder)
    (folder / "2_Dense").mkdir()
    torch.save(
        {"linear.weight": torch.ones(8, 64), "linear.bias": torch.zeros(8)},
        folder / "2_Dense/pytorch_model.bin",
    )
    said = {"in_features": 64, "out_features": 8, "bias": True}
    (folder / "2_Dense/config.json").write_text(json.dumps(said))
    modules = json.loads((folder / "modules.json").read_text())[:2]
    dense = {"path": "2_Dense", "type": "sentence_transformers.models.Dense", "idx": 2, "name": "2"}
    (folder / "modules.json").write_text(json.dumps([*modules, dense]))
    return folder


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_of_the_model_is_refused(checkpoint: Path, tmp_path: Path, name: str) -> None:
    _bring_code(checkpoint, name, tmp_path / "sprung")
    with pytest.raises(CheckpointError) as refused:
        export_model(checkpoint, tmp_path / "bundle")
    assert str(refused.value) == (
        f"{checkpoint}/{name} names Python code of the model's own (auto_map): read that code, "
        "then export it with --trust-remote-code"
    )
    assert not (tmp_path / "sprung").exists()


def test_trusted_code_is_run(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", tmp_path / "cache")
    monkeypatch.syspath_prepend(tmp_path / "cache")
    _bring_code(checkpoint, "config.json", tmp_path / "sprung")
    with opened_checkpoint(checkpoint, ExportOptions(trust_remote_code=True)) as opened:
        model = CheckpointModel(opened.checkpoint).model
    assert type(model).__name__ == "OwnModel"
    assert (tmp_path / "sprung").is_dir()


def _bring_code(checkpoint: Path, name: str, sprung: Path) -> None:
    """A model class beside the weights, whose module makes a folder when it is imported."""
    (checkpoint / "own_code.py").write_text(
        "import os\n"
        "from transformers import BertModel\n"
        f"os.makedirs({str(sprung)!r}, exist_ok=True)\n"
        "class OwnModel(BertModel):\n"
        "    pass\n"
    )
    said = json.loads((checkpoint / name).read_text())
    said["auto_map"] = {"AutoModel": "own_code.OwnModel"}
    (checkpoint / name).write_text(json.dumps(said))


def test_a_shard_outside_the_folder_is_refused(checkpoint: Path) -> None:
    outside = checkpoint.parent / "other.safetensors"
    outside.write_bytes((checkpoint / "model.safetensors").read_bytes())
    index = {"weight_map": {"embeddings.word_embeddings.weight": "../other.safetensors"}}
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=r"leaves its folder: '\.\./other.safetensors'"):
        open_checkpoint(checkpoint)


def external(name: str, location: str) -> TensorProto:
    """A constant of eight floats that lies in a file."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[8])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "32")):
        tensor.external_data.add(key=key, value=value)
    return tensor


def in_initializer(location: str) -> onnx.ModelProto:
    return _model([helper.make_node("Add", ["x", "w"], ["y"])], [external("w", location)])


def in_constant(location: str) -> onnx.ModelProto:
    constant = helper.make_node("Constant", [], ["w"], value=external("w", location))
    return _model([constant, helper.make_node("Add", ["x", "w"], ["y"])])


def in_subgraph(location: str) -> onnx.ModelProto:
    constant = helper.make_node("Constant", [], ["w"], value=external("w", location))
    value = helper.make_tensor_value_info("w", TensorProto.FLOAT, [8])
    branch = helper.make_graph([constant], "branch", [], [value])
    true = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.array(True)))
    chosen = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    return _model([true, chosen])


def in_function(location: str) -> onnx.ModelProto:
    constant = helper.make_node("Constant", [], ["w"], value=external("w", location))
    add = helper.make_node("Add", ["a", "w"], ["b"])
    opset = [helper.make_opsetid("", 20)]
    model = _model([helper.make_node("Own", ["x"], ["y"], domain="own")])
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.functions.append(helper.make_function("own", "Own", ["a"], ["b"], [constant, add], opset))
    return model


def _model(
    nodes: list[onnx.NodeProto], initializers: list[TensorProto] | None = None
) -> onnx.ModelProto:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [8]) for name in "xy"]
    graph = helper.make_graph(nodes, "graph", values[:1], values[1:], initializers or [])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


PLACES = [in_initializer, in_constant, in_subgraph, in_function]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file beside the folder that a graph lies in."""
    (tmp_path / "secret").write_bytes(np.arange(8, dtype=np.float32).tobytes())
    (tmp_path / "model").mkdir()
    return tmp_path / "secret"


def _write(model: onnx.ModelProto, secret: Path) -> Path:
    path = secret.parent / "model" / MODEL
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("lead", ["up", "absolute", "windows", "link", "empty"])
def test_weights_outside_the_folder_are_refused_by_every_reader(
    place: Callable[[str], onnx.ModelProto], lead: str, secret: Path
) -> None:
    (secret.parent / "model/link").symlink_to("../secret")
    location = {
        "up": "../secret",
        "absolute": str(secret),
        "windows": "C:\\secret",
        "link": "link",
        "empty": "",
    }[lead]
    path = _write(place(location), secret)
    readers: list[Callable[[Path], Any]] = [external_files, read_tensors, inspect_path, open_graph]
    for read in readers:
        with pytest.raises((InputError, BundleError)) as refused:
            read(path)
        assert str(refused.value) == (
            f"{path} takes weights from {location!r}, which is outside its folder"
        )


@pytest.mark.parametrize("place", PLACES)
def test_weights_beside_the_graph_are_found_wherever_they_are_used(
    place: Callable[[str], onnx.ModelProto], secret: Path
) -> None:
    (secret.parent / "model/weights").write_bytes(secret.read_bytes())
    assert external_files(_write(place("weights"), secret)) == ("weights",)


def test_weights_that_are_missing_are_named(secret: Path) -> None:
    path = _write(in_initializer("weights"), secret)
    with pytest.raises(InputError, match="takes weights from weights, which is missing"):
        external_files(path)


def test_a_cache_that_links_graph_and_weights_side_by_side_is_no_way_out(secret: Path) -> None:
    """As the hub's cache keeps a model: both names are links into one folder of blobs."""
    path = _write(in_initializer("weights"), secret)
    blobs, snapshot = secret.parent / "blobs", secret.parent / "snapshot"
    blobs.mkdir()
    snapshot.mkdir()
    path.rename(blobs / "1")
    secret.rename(blobs / "2")
    (snapshot / MODEL).symlink_to("../blobs/1")
    (snapshot / "weights").symlink_to("../blobs/2")
    assert external_files(snapshot / MODEL) == ("weights",)


@pytest.fixture
def large_bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A bundle whose weights lie beside the graph."""
    folder = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, folder)
    save_model(onnx.load(folder / MODEL), folder / MODEL, external_data_bytes=0)
    seal(folder, read_bundle(folder).manifest)
    return folder


def test_a_bundle_takes_weights_only_from_files_that_its_manifest_lists(
    large_bundle: Path,
) -> None:
    load(large_bundle)
    manifest = json.loads((large_bundle / MANIFEST).read_text())
    del manifest["files"][MODEL_DATA], manifest["digest"]  # as an older edgebert wrote it
    (large_bundle / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=f"its manifest does not list {MODEL_DATA}"):
        load(large_bundle)
    with pytest.raises(BundleError, match=f"its manifest does not list {MODEL_DATA}"):
        quantize_bundle(large_bundle, large_bundle.with_name("int8"))


def test_check_does_not_follow_a_lone_graph_out_of_its_folder(large_bundle: Path) -> None:
    (large_bundle / MODEL_DATA).rename(large_bundle.parent / "elsewhere")
    (large_bundle / MODEL_DATA).symlink_to("../elsewhere")
    with pytest.raises(BundleError, match="outside its folder"):
        open_onnx_file(large_bundle / MODEL)
