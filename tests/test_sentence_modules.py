"""Everything that may follow an encoder in a folder of sentence-transformers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.numpy import save_file
from tiny import make_checkpoint

from edgebert.bundle import open_bundle
from edgebert.checkpoint import read_folder
from edgebert.checkpoint.sentence_head import SentenceHead
from edgebert.drift import check
from edgebert.errors import CheckpointError, InputError
from edgebert.export import export_model
from edgebert.export.optimizing import optimize_export
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.references.pooling import embeddings
from edgebert.runtimes import load
from edgebert.sentence_modules import (
    POOLINGS,
    Dense,
    LayerNorm,
    Normalize,
    Pooling,
    SentenceModules,
    Step,
    Truncate,
)
from edgebert.training.tasks.sentences.embedder import Embedder

RANDOM = np.random.default_rng(4)
TEXTS = ["turn the lamp on", "off", "", "Ben and Anna is late !", "one two three " * 30]
LEGACY = {
    "cls": "cls_token",
    "max": "max_tokens",
    "mean": "mean_tokens",
    "mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "weightedmean": "weightedmean_tokens",
    "lasttoken": "lasttoken",
}


def draw(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def dense_in(folder: Path, takes: int, gives: int, **said: Any) -> Dense:
    tensors = {"linear.weight": draw(gives, takes) / 8, "linear.bias": draw(gives)}
    if said.get("use_residual") and takes != gives:
        tensors["residual.weight"] = draw(gives, takes) / 8
    put(folder, {"in_features": takes, "out_features": gives, "bias": True, **said}, tensors)
    path = said.get("activation_function", "torch.nn.Tanh")
    return Dense(folder, takes, gives, True, path, bool(said.get("use_residual")))


def norm_in(folder: Path, width: int) -> LayerNorm:
    put(
        folder, {"dimension": width}, {"norm.weight": 1 + draw(width) / 4, "norm.bias": draw(width)}
    )
    return LayerNorm(folder, width)


def put(folder: Path, said: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "config.json", said)
    if tensors:
        save_file(tensors, folder / "model.safetensors")


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


# one text at a time, in torch, and nothing of ours


def pooled(hidden: torch.Tensor, pooling: str) -> torch.Tensor:
    """Float [tokens, width] to [width]."""
    n = len(hidden)
    places = torch.arange(1, n + 1)[:, None]
    ways: dict[str, torch.Tensor] = {
        "mean": hidden.mean(0),
        "cls": hidden[0],
        "max": hidden.max(0).values,
        "lasttoken": hidden[-1],
        "mean_sqrt_len_tokens": hidden.sum(0) / n**0.5,
        "weightedmean": (hidden * places).sum(0) / places.sum(),
    }
    return ways[pooling]


def stepped(vector: torch.Tensor, step: Step) -> torch.Tensor:
    if isinstance(step, Normalize):
        return vector / vector.square().sum().sqrt()
    if isinstance(step, Truncate):
        return vector[: step.dimension]
    if isinstance(step, LayerNorm):
        centred = vector - vector.mean()
        unit = centred / (centred.square().mean() + 1e-5).sqrt()
        return torch.addcmul(torch.from_numpy(step.bias()), unit, torch.from_numpy(step.weight()))
    weight, bias = torch.from_numpy(step.weight()), torch.from_numpy(step.bias_or_zeros())
    made = torch.tanh(weight @ vector + bias)
    if not step.residual:
        return made
    projection = step.residual_weight()
    return made + (vector if projection is None else torch.from_numpy(projection) @ vector)


def made_of(hidden: torch.Tensor, modules: SentenceModules) -> np.ndarray:
    vector = torch.cat([pooled(hidden, pooling) for pooling in modules.poolings])
    for step in modules.steps:
        vector = stepped(vector, step)
    return vector.numpy()


def by_hand(folder: Path, modules: SentenceModules) -> np.ndarray:
    encoder = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    rows = []
    for text in TEXTS:
        inputs = tokenizer(text, truncation=True, max_length=40, return_tensors="pt")
        with torch.inference_mode():
            rows.append(made_of(encoder(**inputs).last_hidden_state[0], modules))
    return np.stack(rows)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_every_pooling_is_the_same_in_numpy_and_torch_under_padding(pooling: Pooling) -> None:
    hidden = draw(3, 6, 8)
    mask = np.array([[1] * 6, [1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 0]])
    modules = SentenceModules((pooling,))
    rows = zip(torch.from_numpy(hidden), mask.astype(bool), strict=True)
    expected = [made_of(row[torch.from_numpy(real)], modules) for row, real in rows]
    for found in both_ways(hidden, mask, modules):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    holes = np.array([[1, 0, 1, 1, 0, 1]] * 3)  # a masked token keeps its place
    left, right = both_ways(hidden, holes, modules)
    np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)


def test_a_token_in_a_hole_keeps_its_place_in_a_weighted_mean() -> None:
    hidden, mask = np.array([[[1.0], [9.0], [5.0]]], np.float32), np.array([[1, 0, 1]])
    for found in both_ways(hidden, mask, SentenceModules(("weightedmean",))):
        np.testing.assert_allclose(found, [[(1 * 1 + 3 * 5) / 4]])


def both_ways(hidden: np.ndarray, mask: np.ndarray, modules: SentenceModules) -> list[np.ndarray]:
    head = SentenceHead(modules)
    with torch.inference_mode():
        found = head(torch.from_numpy(hidden), torch.from_numpy(mask)).numpy()
    return [embeddings(hidden, mask, modules), found]


def test_every_step_is_the_same_in_numpy_and_torch(tmp_path: Path) -> None:
    hidden, mask = draw(2, 5, 8), np.array([[1] * 5, [1, 1, 0, 0, 0]])
    steps: tuple[Step, ...] = (
        Normalize(),
        dense_in(tmp_path / "0", 16, 16, use_residual=True),
        norm_in(tmp_path / "1", 16),
        dense_in(tmp_path / "2", 16, 12, use_residual=True),
        dense_in(tmp_path / "3", 12, 12),
        Normalize(),
        Truncate(7),
    )
    for n in range(len(steps) + 1):
        modules = SentenceModules(("cls", "mean"), steps[:n])
        expected = [
            made_of(torch.from_numpy(row[real.astype(bool)]), modules)
            for row, real in zip(hidden, mask, strict=True)
        ]
        for found in both_ways(hidden, mask, modules):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


# whole folders


def folder_of(
    folder: Path, kinds: list[str], pooling: dict[str, Any], **usage: Any
) -> dict[str, Path]:
    """modules.json behind a checkpoint; returns the folders of the modules by `index_kind`."""
    kinds = ["Transformer", "Pooling", *kinds]
    paths = ["", *(f"{i}_{kind}" for i, kind in enumerate(kinds) if i)]
    entries = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(zip(paths, kinds, strict=True))
    ]
    write(folder / "modules.json", entries)
    write(folder / "1_Pooling/config.json", pooling)
    write(folder / "sentence_bert_config.json", {"max_seq_length": 40})
    write(folder / "config_sentence_transformers.json", usage)
    return {path: folder / path for path in paths}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("modules") / "checkpoint", "BertModel")


@pytest.fixture(scope="module")
def two_poolings(checkpoint: Path) -> tuple[Path, SentenceModules]:
    """First token and mean side by side, length 1, Dense, LayerNorm."""
    folder = Path(shutil.copytree(checkpoint, checkpoint.with_name("two")))
    modes = {f"pooling_mode_{key}": name in ("cls", "mean") for name, key in LEGACY.items()}
    at = folder_of(folder, ["Normalize", "Dense", "LayerNorm"], modes)
    steps = (Normalize(), dense_in(at["3_Dense"], 128, 48), norm_in(at["4_LayerNorm"], 48))
    return folder, SentenceModules(("cls", "mean"), steps)


@pytest.fixture(scope="module")
def two_poolings_bundle(two_poolings: tuple[Path, SentenceModules]) -> Path:
    bundle = two_poolings[0].with_name("two-fp32")
    export_model(two_poolings[0], bundle)
    return bundle


def test_a_graph_runs_its_modules_in_their_order(
    two_poolings: tuple[Path, SentenceModules], two_poolings_bundle: Path
) -> None:
    folder, modules = two_poolings
    assert read_folder(folder).modules == modules
    model = load(two_poolings_bundle)
    np.testing.assert_allclose(model.embed(TEXTS), by_hand(folder, modules), atol=3e-5)
    together = model.embed(TEXTS)
    np.testing.assert_array_equal(together, [model.embed(text) for text in TEXTS])
    manifest = open_bundle(two_poolings_bundle).manifest
    assert (manifest.pooling, manifest.normalize) == ("cls+mean", False)
    assert manifest.coverage["layer_norm"].found == manifest.coverage["layer_norm"].expected == 6
    again = read_folder(two_poolings_bundle).modules
    assert again is not None
    assert again.poolings == modules.poolings
    assert [type(step) for step in again.steps] == [type(step) for step in modules.steps]


def test_such_a_bundle_is_quantized_and_checked(
    two_poolings: tuple[Path, SentenceModules], two_poolings_bundle: Path, tmp_path: Path
) -> None:
    quantize_bundle(two_poolings_bundle, tmp_path / "int8", options=QuantizeOptions(scheme="token"))
    record = check(two_poolings[0], tmp_path / "int8")
    assert record.passed
    assert record.cosine is not None
    assert record.cosine.mean > 0.99
    assert "6_LayerNorm" not in (tmp_path / "int8/modules.json").read_text()
    assert (tmp_path / "int8/4_LayerNorm/model.safetensors").is_file()


def test_weighted_poolings_a_residual_and_a_cut_are_exported(checkpoint: Path) -> None:
    """In an order that only version 6 can say."""
    folder = Path(shutil.copytree(checkpoint, checkpoint.with_name("six")))
    said = {
        "pooling_mode": ["weightedmean", "mean_sqrt_len_tokens", "max"],
        "embedding_dimension": 64,
    }
    at = folder_of(folder, ["Dense", "Normalize"], said, truncate_dim=20)
    dense = dense_in(at["2_Dense"], 192, 32, use_residual=True)
    modules = SentenceModules(tuple(said["pooling_mode"]), (dense, Normalize(), Truncate(20)))  # type: ignore[arg-type]
    assert read_folder(folder).modules == modules
    export_model(folder, folder.with_name("six-fp32"))
    model = load(folder.with_name("six-fp32"))
    assert model.embed(TEXTS).shape == (5, 20)
    np.testing.assert_allclose(model.embed(TEXTS), by_hand(folder, modules), atol=3e-5)
    again = read_folder(model.bundle.path)
    assert again.modules is not None
    assert again.modules.poolings == modules.poolings
    assert again.modules.truncate_dim == 20
    assert not model.manifest.normalize
    finetuned = Embedder.of(read_folder(folder)).by_cosine().modules.steps
    assert finetuned == modules.steps


# what is refused, by name


@pytest.fixture
def plain(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "m"))


def complaint(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_folder(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(str(folder), "M")


MEAN = {"pooling_mode": "mean"}


def test_a_router_is_named_with_its_ways(plain: Path) -> None:
    at = folder_of(plain, ["Router"], MEAN)
    structure = {"structure": {"query": ["query_0"], "document": ["document_0"]}}
    write(at["2_Router"] / "router_config.json", structure)
    assert complaint(plain) == (
        "M uses modules that cannot be exported: ['Router'], which sends query and document "
        "through modules of their own: save those of one way as a model by itself, and export that"
    )
    write(plain / "modules.json", [{"path": "2_Router", "type": "sentence_transformers.x.Router"}])
    assert "['Router'], which sends query and document" in complaint(plain)


@pytest.mark.parametrize("kind", ["BERT", "WordEmbeddings", "BoW", "MLMTransformer"])
def test_a_folder_without_an_encoder_of_transformers_is_refused(plain: Path, kind: str) -> None:
    folder_of(plain, [], MEAN)
    entries = json.loads((plain / "modules.json").read_text())
    entries[0]["type"] = f"sentence_transformers.models.{kind}"
    write(plain / "modules.json", entries)
    assert (
        complaint(plain) == f"M uses modules that cannot be exported: {sorted([kind, 'Pooling'])}"
    )


@pytest.mark.parametrize(
    "kind",
    ["CNN", "LSTM", "WeightedLayerPooling", "WordWeights", "SpladePooling", "MultiVectorMask"],
)
def test_modules_without_a_graph_are_refused_by_name(plain: Path, kind: str) -> None:
    folder_of(plain, [kind], MEAN)
    assert complaint(plain) == f"M uses modules that cannot be exported: ['{kind}']"


@pytest.mark.parametrize(
    ("pooling", "said"),
    [
        ({}, "M/1_Pooling has no config.json, which says how it pools"),
        (
            {"pooling_mode": "cls", "pooling_mode_mean_tokens": True},
            "M/1_Pooling/config.json contradicts itself: "
            + "pooling_mode says ['cls'], and its other keys ['mean']",
        ),
        (
            {"pooling_mode": []},
            "M pools by nothing; "
            + "mean, cls, max, lasttoken, mean_sqrt_len_tokens or weightedmean is supported",
        ),
    ],
)
def test_a_pooling_that_says_nothing_or_two_things_is_refused(
    plain: Path, pooling: dict[str, Any], said: str
) -> None:
    folder_of(plain, [], pooling)
    if not pooling:
        (plain / "1_Pooling/config.json").unlink()
    assert complaint(plain) == said


def test_layers_that_do_not_fit_are_refused(plain: Path) -> None:
    at = folder_of(plain, ["Dense", "LayerNorm"], {"pooling_mode": ["cls", "mean"]})
    norm_in(at["3_LayerNorm"], 32)
    dense_in(at["2_Dense"], 64, 32)
    expected = "M/2_Dense takes vectors of 64 numbers (in_features), and is given 128"
    assert complaint(plain) == expected
    dense_in(at["2_Dense"], 128, 48)
    expected = "M/3_LayerNorm takes vectors of 32 numbers (dimension), and is given 48"
    assert complaint(plain) == expected


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"weight": (4, 64), "bias": (4,)}, "holds no linear.weight; it holds bias, weight"),
        ({"linear.weight": (4, 64)}, "holds no linear.bias; it holds linear.weight"),
        (
            {"linear.weight": (4, 64), "linear.bias": (4,), "linear.scale": (4,)},
            "holds linear.scale, which its config.json does not speak of",
        ),
    ],
)
def test_weights_of_other_names_are_refused(
    plain: Path, tensors: dict[str, tuple[int, ...]], said: str
) -> None:
    at = folder_of(plain, ["Dense"], MEAN)
    config = {"in_features": 64, "out_features": 4}
    put(at["2_Dense"], config, {name: draw(*shape) for name, shape in tensors.items()})
    assert complaint(plain) == f"M/2_Dense/model.safetensors {said}"


def test_a_layer_norm_without_a_size_is_refused(plain: Path) -> None:
    at = folder_of(plain, ["LayerNorm"], MEAN)
    norm_in(at["2_LayerNorm"], 64)
    write(at["2_LayerNorm"] / "config.json", {"dim": 64})
    assert complaint(plain) == "M/2_LayerNorm/config.json does not say the size of LayerNorm"


def test_steps_on_token_vectors_are_refused(plain: Path) -> None:
    at = folder_of(plain, ["Normalize"], MEAN)
    write(at["2_Normalize"] / "config.json", {"module_input_name": "token_embeddings"})
    assert complaint(plain) == (
        "M/2_Normalize is not applied to the embedding alone; that is not exported"
    )


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"module_output_name": "sentence_embedding"}, "module_output_name: sentence_embedding"),
        (
            {"modality_config": {"text": {"method_output_name": "pooler_output"}}},
            "method_output_name: pooler_output",
        ),
        (
            {"modality_config": {"text": {"method": "get_text_features"}}},
            "method: get_text_features",
        ),
    ],
)
def test_an_encoder_that_gives_no_token_vectors_is_refused(
    plain: Path, limits: dict[str, Any], named: str
) -> None:
    folder_of(plain, [], MEAN)
    text = {"method": "forward", "method_output_name": "last_hidden_state"}
    usual = {"modality_config": {"text": text}, "module_output_name": "token_embeddings"}
    write(plain / "sentence_bert_config.json", usual)
    read_folder(plain)
    write(plain / "sentence_bert_config.json", limits)
    assert f"than the token vectors of its last layer ({named})" in complaint(plain)


@pytest.mark.parametrize("said", ["128", 0, True, 1.5])
def test_a_cut_that_is_no_number_is_refused(plain: Path, said: Any) -> None:
    folder_of(plain, [], MEAN, truncate_dim=said)
    assert complaint(plain).endswith(f"truncate_dim is {said!r}, not a number from 1 on")


@pytest.mark.parametrize("said", [None, 64, 4096])
def test_a_cut_that_leaves_all_is_idle(plain: Path, said: Any) -> None:
    folder_of(plain, [], MEAN, truncate_dim=said)
    assert read_folder(plain).modules == SentenceModules(("mean",))


def test_what_cannot_be_appended_to_a_graph_is_refused_by_name(
    two_poolings_bundle: Path, tmp_path: Path
) -> None:
    import onnx

    folder = tmp_path / "foreign"
    shutil.copytree(two_poolings_bundle, folder, ignore=shutil.ignore_patterns("manifest.json"))
    graph = onnx.load(folder / "model.onnx")
    (pooled_output,) = [v for v in graph.graph.output if v.name == "sentence_embedding"]
    graph.graph.output.remove(pooled_output)
    onnx.save(graph, folder / "model.onnx")
    with pytest.raises(InputError) as caught:
        optimize_export(folder, tmp_path / "out")
    assert str(caught.value) == (
        "foreign has cls+mean pooling and Normalize, Dense, LayerNorm, which optimize cannot append "
        "to a graph; export its checkpoint instead"
    )
