"""Token vectors to one vector of a text, as sentence-transformers means it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from families import make_family
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_tensors
from tiny import VOCABULARY

from edgebert.bundle import open_bundle
from edgebert.checkpoint import open_checkpoint, read_folder
from edgebert.checkpoint.sentence_head import SentenceHead
from edgebert.checkpoint.sentence_head import pool as pool_tensors
from edgebert.data.samples import SENTENCES
from edgebert.drift import check
from edgebert.errors import CheckpointError, InputError
from edgebert.export import export_model
from edgebert.references.pooling import embeddings, pool
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import Model, load
from edgebert.sentence_modules import (
    POOLINGS,
    Dense,
    Normalize,
    Pooling,
    SentenceModules,
    write_sentence_modules,
)

HIDDEN = np.array([[[1.0, -4.0], [3.0, -2.0], [9.0, 9.0]]], np.float32)
PROMPTS = {"query": "please tell ", "passage": "anna "}
TEXTS = ["turn the lamp on", "off", "", "Ben and Anna is late !"]


@pytest.mark.parametrize(
    ("pooling", "mask", "expected"),
    [
        ("mean", [1, 1, 0], [2.0, -3.0]),
        ("max", [1, 1, 0], [3.0, -2.0]),
        ("cls", [1, 1, 0], [1.0, -4.0]),
        ("lasttoken", [1, 1, 0], [3.0, -2.0]),
        ("cls", [0, 1, 1], [3.0, -2.0]),
        ("lasttoken", [0, 1, 1], [9.0, 9.0]),
        ("lasttoken", [1, 0, 1], [9.0, 9.0]),
        ("max", [0, 1, 0], [3.0, -2.0]),
        ("mean", [1, 0, 1], [5.0, 2.5]),
    ],
)
def test_padding_on_either_side_and_holes_are_left_out(
    pooling: Pooling, mask: list[int], expected: list[float]
) -> None:
    given = np.array([mask])
    assert pool(HIDDEN, given, pooling).tolist() == [expected]
    tensors = torch.from_numpy(HIDDEN), torch.from_numpy(given)
    assert pool_tensors(*tensors, pooling).tolist() == [expected]


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_row_of_padding_alone_gives_zeros(pooling: Pooling) -> None:
    hidden, mask = np.vstack([HIDDEN, HIDDEN]), np.array([[0, 0, 0], [1, 1, 1]])
    for pooled in (
        pool(hidden, mask, pooling),
        pool_tensors(torch.from_numpy(hidden), torch.from_numpy(mask), pooling).numpy(),
    ):
        assert not pooled[0].any()
        assert pooled[1].any()


ACTIVATED = {
    "Identity": [-1.5, 0.5],
    "Tanh": [math.tanh(-1.5), math.tanh(0.5)],
    "ReLU": [0.0, 0.5],
    "GELU": [-1.5 * 0.5 * math.erfc(1.5 / 2**0.5), 0.5 * 0.5 * math.erfc(-0.5 / 2**0.5)],
    "Sigmoid": [1 / (1 + math.exp(1.5)), 1 / (1 + math.exp(-0.5))],
    "SiLU": [-1.5 / (1 + math.exp(1.5)), 0.5 / (1 + math.exp(-0.5))],
}


@pytest.mark.parametrize("activation", ACTIVATED)
def test_a_dense_layer_follows_the_pooling(tmp_path: Path, activation: str) -> None:
    """Mean (2, -3) times [[0, 1], [1, 0]] plus (1.5, -1.5)."""
    weight, bias = np.array([[0, 1], [1, 0]], np.float32), np.array([1.5, -1.5], np.float32)
    dense = make_dense(tmp_path / "2_Dense", weight, bias, activation)
    modules = SentenceModules(("mean",), (dense,))
    mask = np.array([[1, 1, 0]])
    found = embeddings(HIDDEN, mask, modules)
    np.testing.assert_allclose(found, [ACTIVATED[activation]], rtol=1e-6)
    head = SentenceHead(SentenceModules(("mean",), (dense, Normalize())))
    unit = head(torch.from_numpy(HIDDEN), torch.from_numpy(mask))[0].numpy()
    np.testing.assert_allclose(unit, found[0] / np.linalg.norm(found), rtol=1e-6)


def test_weights_are_read_in_any_float_type(tmp_path: Path) -> None:
    weight = torch.tensor([[0.5, -2.0], [3.0, 0.25]])
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        folder = tmp_path / str(dtype)
        dense = make_dense(folder, weight.numpy(), None, "Identity")
        tensors = {"linear.weight": weight.to(dtype)}
        save_tensors(tensors, folder / "model.safetensors")
        assert dense.weight().tolist() == weight.tolist()
        assert dense.bias_or_zeros().tolist() == [0.0, 0.0]


# a whole folder


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Last token, Dense, length 1; a cased tokenizer of lower-cased texts; a default prompt."""
    folder = make_family(tmp_path_factory.mktemp("embedder"), "roberta")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False)
    tokenizer.save_pretrained(folder)
    random = np.random.default_rng(5)
    weight = random.normal(size=(24, 64)).astype(np.float32)
    dense = make_dense(folder.with_name("dense"), weight, random.normal(size=24), "Tanh")
    modules = SentenceModules(("lasttoken",), (dense, Normalize()))
    write_sentence_modules(folder, modules, width=64, max_length=40, lower_case=True)
    said = {"prompts": PROMPTS, "default_prompt_name": "passage"}
    write(folder / "config_sentence_transformers.json", said)
    return folder


@pytest.fixture(scope="module")
def bundle(embedder: Path) -> Path:
    export_model(embedder, embedder.with_name("bundle"))
    return embedder.with_name("bundle")


@pytest.fixture(scope="module")
def model(bundle: Path) -> Model:
    return load(bundle)


def test_the_graph_gives_the_vectors_of_the_checkpoint(embedder: Path, model: Model) -> None:
    """The reference is transformers and a few lines of numpy, nothing of ours."""
    checkpoint = open_checkpoint(embedder)
    expected = [by_hand(embedder, f"anna {text}".lower()) for text in TEXTS]
    np.testing.assert_allclose(model.embed(TEXTS), expected, atol=2e-5)
    assert model.embed(TEXTS).shape == (4, 24)
    reference = CheckpointModel(checkpoint).outputs([f"anna {text}" for text in TEXTS])
    np.testing.assert_allclose(reference, expected, atol=2e-5)


def by_hand(folder: Path, text: str) -> np.ndarray:
    encoder = transformers.AutoModel.from_pretrained(folder).eval()
    words = ["[CLS]", *text.replace("!", " ! ").split(), "[SEP]"]
    ids = torch.tensor([[VOCABULARY.index(w) if w in VOCABULARY else 1 for w in words]])
    with torch.inference_mode():
        last = encoder(input_ids=ids).last_hidden_state[0, -1].numpy()
    dense = load_file(folder / "2_Dense" / "model.safetensors")
    made = np.tanh(dense["linear.weight"] @ last + dense["linear.bias"])
    return np.asarray(made / np.linalg.norm(made))


def test_a_prompt_is_what_stands_before_the_text(model: Model) -> None:
    assert model.default_prompt == "anna "
    np.testing.assert_array_equal(model.embed("on"), model.embed("anna on", prompt=""))
    np.testing.assert_array_equal(
        model.embed("on", prompt="query"), model.embed("please tell on", prompt="")
    )
    with pytest.raises(InputError, match="has no prompt 'title'; it has: query, passage"):
        model.embed("on", prompt="title")


def test_case_does_not_matter_to_any_reader_of_the_tokenizer(bundle: Path, model: Model) -> None:
    lower, upper = model.embed(["turn the lamp on", "TURN the Lamp ON"])
    np.testing.assert_array_equal(lower, upper)
    tokenizer = json.loads((bundle / "tokenizer.json").read_text())
    assert tokenizer["normalizer"]["normalizers"][0] == {"type": "Lowercase"}
    assert json.loads((bundle / "sentence_bert_config.json").read_text())["do_lower_case"]


def test_the_bundle_says_it_all_again(embedder: Path, bundle: Path) -> None:
    """Read as a folder of sentence-transformers, it holds what the checkpoint holds."""
    again, first = read_folder(bundle), open_checkpoint(embedder)
    for name in ("pooling", "normalize", "max_length", "prompts", "default_prompt", "lower_case"):
        assert getattr(again, name) == getattr(first, name), name
    assert again.dense[0].weight().tolist() == first.dense[0].weight().tolist()
    assert again.dense[0].activation == "Tanh"
    assert "2_Dense/model.safetensors" in open_bundle(bundle).manifest.files


def test_a_check_puts_the_default_prompt_before_texts_on_both_sides(
    embedder: Path, bundle: Path, tmp_path: Path
) -> None:
    record = check(embedder, bundle)
    assert record.passed
    assert record.distance_mean < 1e-9
    vectors = load(bundle).embed(list(SENTENCES))  # as `embed --output` writes them
    rows = [
        {"text": text, "embedding": vector.tolist()}
        for text, vector in zip(SENTENCES, vectors, strict=True)
    ]
    saved = tmp_path / "saved.jsonl"
    saved.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert check(embedder, saved).distance_mean < 1e-9


def test_a_graph_that_stops_at_token_vectors_is_pooled_through_its_dense_layer(
    bundle: Path, tmp_path: Path
) -> None:
    import onnx

    graph = onnx.load(bundle / "model.onnx")
    (pooled,) = [value for value in graph.graph.output if value.name == "sentence_embedding"]
    graph.graph.output.remove(pooled)
    for file in bundle.rglob("*.*"):
        if file.is_file() and file.name != "manifest.json":
            target = tmp_path / file.relative_to(bundle)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.read_bytes())
    onnx.save(graph, tmp_path / "model.onnx")
    assert check(bundle, tmp_path / "model.onnx").distance_mean < 1e-9


# what cannot be exported


def folder_with(folder: Path, *kinds: str) -> Path:
    """A folder of these modules, without weights of its encoder."""
    folder.mkdir()
    write(folder / "config.json", {"model_type": "bert", "max_position_embeddings": 64})
    (folder / "vocab.txt").write_text("[PAD]\n")
    paths = [f"{i}_{kind}" if i else "" for i, kind in enumerate(kinds)]
    entries = [
        {"idx": i, "name": str(i), "path": path, "type": TYPES[kind]}
        for i, (path, kind) in enumerate(zip(paths, kinds, strict=True))
    ]
    write(folder / "modules.json", entries)
    for path in paths[1:]:
        (folder / path).mkdir()
        if path.endswith("Pooling"):
            write(folder / path / "config.json", {"pooling_mode": "mean"})
    return folder


TYPES = {
    "Transformer": "sentence_transformers.base.modules.transformer.Transformer",
    "Pooling": "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    "Dense": "sentence_transformers.base.modules.dense.Dense",
    "Normalize": "sentence_transformers.base.modules.normalize.Normalize",
    "Dropout": "sentence_transformers.models.Dropout",
    "CNN": "sentence_transformers.models.CNN",
    "Own": "custom_st.Transformer",
}


def complaint(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_folder(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_dropout_does_nothing_and_new_module_names_are_known(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "m", "Transformer", "Pooling", "Dropout", "Normalize")
    checkpoint = read_folder(folder)
    assert (checkpoint.pooling, checkpoint.normalize, checkpoint.dense) == ("mean", True, ())


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (("Transformer", "CNN", "Pooling"), "uses modules that cannot be exported: ['CNN']"),
        (("Transformer", "Normalize"), "an order that cannot be exported"),
        (("Transformer", "Pooling", "Pooling"), "an order that cannot be exported"),
        (("Transformer", "Dense", "Pooling"), "an order that cannot be exported"),
        (("Own", "Pooling"), "asks for code of its own, custom_st.Transformer: not run here"),
    ],
)
def test_other_modules_and_orders_are_refused(
    tmp_path: Path, kinds: tuple[str, ...], said: str
) -> None:
    assert said in complaint(folder_with(tmp_path / "m", *kinds))


def test_modules_stay_in_their_folder(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "m", "Transformer", "Pooling")
    entries = [{"type": TYPES["Transformer"], "path": ".."}]
    write(folder / "modules.json", entries)
    assert complaint(folder) == f"{folder}/modules.json leaves its folder: '..'"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"out_features": 2}, "/config.json does not say the sizes of Dense"),
        ({"in_features": 2, "out_features": 3}, " has weights of another size"),
        (
            {"activation_function": "torch.nn.Hardswish"},
            " uses torch.nn.Hardswish; one of Identity",
        ),
        ({"activation_function": "own.Tanh"}, " uses own.Tanh; one of Identity"),
        ({"activation_function": None}, " uses None; one of Identity"),
        ({"module_output_name": "other"}, " is not applied to the embedding alone"),
        ({"module_input_name": "token_embeddings"}, " is not applied to the embedding alone"),
    ],
)
def test_a_dense_layer_of_another_kind_is_refused(
    tmp_path: Path, said: dict[str, Any], expected: str
) -> None:
    folder = folder_with(tmp_path / "m", "Transformer", "Pooling", "Dense")
    dense = make_dense(folder / "2_Dense", np.ones((2, 2), np.float32), None, "Identity")
    whole = {} if "out_features" in said else {"in_features": 2, "out_features": 2}
    write(dense.folder / "config.json", whole | {"bias": False} | said)
    assert f"{folder}/2_Dense{expected}" in complaint(folder)


def test_a_pickled_dense_layer_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "m", "Transformer", "Pooling", "Dense")
    make_dense(folder / "2_Dense", np.ones((2, 2), np.float32), None, "Identity")
    write(folder / "2_Dense/config.json", {"in_features": 2, "out_features": 2, "bias": False})
    (folder / "2_Dense/model.safetensors").rename(folder / "2_Dense/pytorch_model.bin")
    assert "2_Dense/pytorch_model.bin is a pickle" in complaint(folder)


def test_a_prompt_that_pooling_leaves_out_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "m", "Transformer", "Pooling")
    write(folder / "1_Pooling/config.json", {"pooling_mode": "mean", "include_prompt": False})
    read_folder(folder)  # there is no prompt to leave out
    write(folder / "config_sentence_transformers.json", {"prompts": {"query": "Q: "}})
    assert "leaves the prompt out of the pooling (include_prompt: false)" in complaint(folder)


def test_a_default_prompt_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "m", "Transformer", "Pooling")
    said = {"prompts": PROMPTS, "default_prompt_name": "title"}
    write(folder / "config_sentence_transformers.json", said)
    assert complaint(folder).endswith("the default prompt 'title' is not one of its prompts")


def make_dense(folder: Path, weight: np.ndarray, bias: np.ndarray | None, activation: str) -> Dense:
    folder.mkdir(exist_ok=True)
    tensors = {"linear.weight": weight.astype(np.float32)}
    if bias is not None:
        tensors["linear.bias"] = bias.astype(np.float32)
    save_file(tensors, folder / "model.safetensors")
    out_features, in_features = weight.shape
    path = f"torch.nn.modules.activation.{activation}"
    return Dense(folder, in_features, out_features, bias is not None, path)


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))
