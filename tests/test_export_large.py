"""Checkpoints that are large or odd: weights beside the graph, huge vocabularies, shards, halves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import transformers
from families import FAMILIES, make_family
from safetensors.torch import load_file, save_file
from tiny import VOCABULARY, make_checkpoint, redraw
from tokenizers import Tokenizer, models, pre_tokenizers

from edgebert import load
from edgebert.bundle import MODEL, MODEL_DATA, changed_files, open_bundle, read_bundle, seal
from edgebert.checkpoint import open_checkpoint
from edgebert.checkpoint.pytorch import load_tokenizer
from edgebert.doctor import examine
from edgebert.errors import BundleError, CheckpointError
from edgebert.export import ExportOptions, export_model
from edgebert.inspect import inspect_path
from edgebert.onnx_graph.in_memory.model_file import save_model
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.references.onnx_file import open_onnx_file
from edgebert.references.pytorch_model import CheckpointModel

TEXTS = ("turn on the lamp in the kitchen", "北京")


@pytest.fixture(scope="module")
def two_files(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with its weights beside the graph."""
    folder = tmp_path_factory.mktemp("large") / "bundle"
    shutil.copytree(tiny_bundle, folder)
    save_model(onnx.load(folder / MODEL), folder / MODEL, external_data_bytes=1000)
    seal(folder, read_bundle(folder).manifest)
    return folder


def test_weights_lie_beside_the_graph_only_past_the_bound(
    tiny_bundle: Path, two_files: Path, tmp_path: Path
) -> None:
    whole = onnx.load(tiny_bundle / MODEL)
    bytes_ = sum(len(tensor.raw_data) for tensor in whole.graph.initializer)
    save_model(whole, tmp_path / MODEL, external_data_bytes=bytes_)
    assert not (tmp_path / MODEL_DATA).exists()
    assert (two_files / MODEL_DATA).stat().st_size > 0.9 * bytes_
    assert (two_files / MODEL).stat().st_size < 0.2 * bytes_


def test_a_bundle_in_two_files_gives_the_same_vectors(tiny_bundle: Path, two_files: Path) -> None:
    np.testing.assert_array_equal(load(two_files).embed(TEXTS), load(tiny_bundle).embed(TEXTS))


def test_every_command_reads_a_bundle_in_two_files(tiny_bundle: Path, two_files: Path) -> None:
    assert changed_files(open_bundle(two_files, verify=True)) == []
    assert inspect_path(two_files).sizes["model"] == sum(
        (two_files / name).stat().st_size for name in (MODEL, MODEL_DATA)
    )
    assert inspect_path(two_files).operators == inspect_path(tiny_bundle).operators
    assert examine(two_files).passed
    alone = open_onnx_file(two_files / MODEL)
    np.testing.assert_allclose(alone.outputs(TEXTS), load(two_files).embed(TEXTS), atol=1e-6)


def test_a_changed_byte_of_the_weights_is_found(two_files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(two_files, folder)
    weights = bytearray((folder / MODEL_DATA).read_bytes())
    weights[-1] ^= 1
    (folder / MODEL_DATA).write_bytes(weights)
    with pytest.raises(BundleError, match=f"{MODEL_DATA} was changed"):
        open_bundle(folder, verify=True)
    (folder / MODEL_DATA).unlink()
    with pytest.raises(BundleError, match=f"{MODEL_DATA} is missing"):
        load(folder)


def test_a_quantized_bundle_is_one_file_again(two_files: Path, tmp_path: Path) -> None:
    quantize_bundle(two_files, tmp_path / "int8", options=QuantizeOptions(scheme="token"))
    assert not (tmp_path / "int8" / MODEL_DATA).exists()
    load(tmp_path / "int8", verify=True).embed(TEXTS)


def test_a_vocabulary_of_250_000_pieces_is_exported_with_weights_beside_the_graph(
    tmp_path: Path,
) -> None:
    size = 250_000
    vocab = {"<unk>": 0} | {f"w{index}": index for index in range(1, size)}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        pad_token="<unk>",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
    config = transformers.BertConfig(
        vocab_size=size,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=20,
    )
    model = transformers.BertModel(config)
    redraw(model)
    model.save_pretrained(tmp_path / "whole")
    fast.save_pretrained(tmp_path / "whole")
    options = ExportOptions(external_data_bytes=10_000_000)
    record = export_model(tmp_path / "whole", tmp_path / "bundle", options=options)
    assert record.passed
    assert size * 16 * 4 < (tmp_path / "bundle" / MODEL_DATA).stat().st_size < size * 16 * 4.1
    assert (tmp_path / "bundle" / MODEL).stat().st_size < 200_000


def test_a_graph_is_written_weight_by_weight_as_it_is(tiny_bundle: Path, tmp_path: Path) -> None:
    model = onnx.load(tiny_bundle / MODEL)
    before = model.SerializeToString(deterministic=True)
    save_model(model, tmp_path / MODEL, external_data_bytes=10_000_000)
    assert (tmp_path / MODEL).read_bytes() == before
    assert model.SerializeToString(deterministic=True) == before


def test_a_model_in_two_files_is_the_one_in_one_file(tiny_bundle: Path, tmp_path: Path) -> None:
    model = onnx.load(tiny_bundle / MODEL)
    save_model(model, tmp_path / MODEL, external_data_bytes=0)
    onnx.checker.check_model(tmp_path / MODEL)
    written = onnx.load(tmp_path / MODEL)
    for tensor in (*model.graph.initializer, *written.graph.initializer):
        tensor.ClearField("data_location")  # which onnx sets to where they are by default
    assert written == model


def test_the_longest_input_of_roberta_is_its_table_less_its_offset(tmp_path: Path) -> None:
    folder = make_family(tmp_path / "whole", "roberta", pad_token_id=1)
    positions = FAMILIES["roberta"]().max_position_embeddings
    checkpoint = open_checkpoint(folder, max_length=positions - 2)
    reference = CheckpointModel(checkpoint)
    inputs = reference.encode(["lamp " * 100])
    assert inputs["input_ids"].shape == (1, positions - 2)
    assert np.isfinite(reference.run(inputs)["sentence_embedding"]).all()
    with pytest.raises(CheckpointError, match=f"outside 3..{positions - 2}"):
        open_checkpoint(folder, max_length=positions - 1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_weights_are_read_as_float32(dtype: torch.dtype, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "half", "BertModel")
    tensors = load_file(folder / "model.safetensors")
    halves = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    save_file(halves, folder / "model.safetensors", {"format": "pt"})
    model = CheckpointModel(open_checkpoint(folder)).model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    name = "embeddings.word_embeddings.weight"
    torch.testing.assert_close(model.state_dict()[name], halves[name].float(), rtol=0, atol=0)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    folder = make_checkpoint(tmp_path / "shards", "BertModel")
    model = transformers.BertModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="100KB")
    return folder


def test_weights_in_shards_answer_as_in_one_file(shards: Path, tmp_path: Path) -> None:
    assert len(list(shards.glob("*.safetensors"))) > 1
    whole = make_checkpoint(tmp_path / "whole", "BertModel")
    found, expected = (
        CheckpointModel(open_checkpoint(folder)).outputs(TEXTS) for folder in (shards, whole)
    )
    np.testing.assert_array_equal(found, expected)


def test_a_missing_shard_is_named(shards: Path) -> None:
    shard = max(shards.glob("*.safetensors"))
    shard.unlink()
    with pytest.raises(CheckpointError) as refused:
        open_checkpoint(shards)
    assert str(refused.value) == (
        f"{shards} is not whole: model.safetensors.index.json lists {shard.name}, which is missing"
    )


def test_vocab_txt_alone_makes_a_tokenizer(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", "BertModel")
    expected = load_tokenizer(open_checkpoint(folder)).tokenize(TEXTS[0])
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    assert load_tokenizer(open_checkpoint(folder)).tokenize(TEXTS[0]) == expected


def test_vocabulary_and_merges_make_a_tokenizer(tmp_path: Path) -> None:
    folder = make_family(tmp_path / "whole", "roberta")
    _forget_tokenizer(folder)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "l", "a", "m", "p", "la", "mp", "lamp"]
    (folder / "vocab.json").write_text(json.dumps({p: i for i, p in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\nl a\nm p\nla mp\n")
    assert load_tokenizer(open_checkpoint(folder)).tokenize("lamp") == ["lamp"]


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("xlm-roberta", "sentencepiece.bpe.model"),
        ("albert", "spiece.model"),
        ("deberta-v2", "spm.model"),
    ],
)
def test_a_sentencepiece_model_alone_names_the_missing_package(
    family: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_family(tmp_path / "whole", family)
    _forget_tokenizer(folder)
    (folder / name).write_bytes(b"\x0a\x00")
    _hide(monkeypatch, "sentencepiece")
    with pytest.raises(CheckpointError) as refused:
        load_tokenizer(open_checkpoint(folder))
    assert str(refused.value) == (
        f"{folder} has no tokenizer.json, and to make one of {name} a package is missing: "
        "pip install sentencepiece"
    )


@pytest.mark.parametrize(
    "name", ["BertJapaneseTokenizer", "BertweetTokenizer", "RoFormerTokenizer"]
)
def test_a_tokenizer_without_a_fast_form_is_refused_in_words(name: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "whole", "BertModel")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name}))
    with pytest.raises(CheckpointError) as refused:
        load_tokenizer(open_checkpoint(folder))
    assert str(refused.value) == (
        f"{folder} has a {name}, which runs in Python only: no tokenizer.json can be made of it"
    )


def test_a_roformer_that_names_no_tokenizer_has_its_own(tmp_path: Path) -> None:
    folder = make_family(tmp_path / "roformer", "roformer")
    _forget_tokenizer(folder)
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n")
    with pytest.raises(CheckpointError, match="has a RoFormerTokenizer, which runs in Python only"):
        load_tokenizer(open_checkpoint(folder))


def _forget_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (folder / name).unlink(missing_ok=True)


def _hide(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Look as if a package were not installed."""
    import importlib.util

    find: Callable[..., Any] = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == package else find(name, *rest),
    )
