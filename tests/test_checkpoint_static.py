"""Tables of static embeddings: every layout that holds one opens, and answers as its own reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file, save_file
from sentence_transformers import SentenceTransformer
from tiny import VOCABULARY, write_tokenizer
from tiny_models import MadeOnce

from edgebert.checkpoint import open_checkpoint
from edgebert.drift.checking import check
from edgebert.errors import CheckpointError
from edgebert.export import ExportOptions, export_model
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import load

Array = npt.NDArray[Any]

WIDTH = 64
TEXTS = ["the lamp is on", "", "cafe naïve [SEP] zebra", "turn off the light in the kitchen ! " * 9]


def table(seed: int = 5) -> Array:
    return np.random.default_rng(seed).normal(size=(len(VOCABULARY), WIDTH)).astype(np.float32)


def write_table(folder: Path, tensors: dict[str, Array], config: dict[str, Any] | None) -> Path:
    """A folder of the tiny tokenizer, whose file frames a text with special tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder)
    for file in folder.iterdir():
        if file.name != "tokenizer.json":
            file.unlink()
    save_file(tensors, folder / "model.safetensors")
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def write_modules(folder: Path, *kinds: str, first: str = "") -> Path:
    paths = [first, *(f"{place}_{kind}" for place, kind in enumerate(kinds) if place)]
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(zip(paths, kinds, strict=True))
    ]
    for path in paths[1:]:
        (folder / path).mkdir(exist_ok=True)
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    return folder


def sentence_table(folder: Path) -> Path:
    write_table(folder, {"embedding.weight": table()}, None)
    return write_modules(folder, "StaticEmbedding", "Normalize")


def shared_rows(folder: Path) -> Path:
    """As model2vec writes a table whose tokens share rows, each with a weight of its own."""
    draw = np.random.default_rng(2)
    tensors: dict[str, Array] = {
        "embeddings": table()[:20].astype(np.float16),
        "mapping": draw.integers(0, 20, len(VOCABULARY)),
        "weights": draw.uniform(0.1, 2, len(VOCABULARY)),
    }
    return write_table(folder, tensors, {"model_type": "model2vec", "normalize": True})


@pytest.fixture(scope="module")
def static_bundle(made_once: MadeOnce, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = sentence_table(tmp_path_factory.mktemp("static") / "table")
    return made_once("static-bundle", lambda folder: export_model(source, folder))


def vectors(folder: Path) -> Array:
    return np.stack(CheckpointModel(open_checkpoint(folder)).outputs(TEXTS))


@pytest.mark.parametrize("layout", ["root", "below", "model2vec"])
def test_vectors_are_those_of_sentence_transformers(layout: str, tmp_path: Path) -> None:
    if layout == "model2vec":
        folder = write_modules(shared_rows(tmp_path), "StaticEmbedding", "Normalize", first=".")
    elif layout == "below":  # as older versions write it
        write_table(tmp_path / "0_StaticEmbedding", {"embedding.weight": table()}, None)
        folder = write_modules(tmp_path, "StaticEmbedding", first="0_StaticEmbedding")
    else:
        folder = sentence_table(tmp_path)
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(
        vectors(folder), expected, atol=2e-4 if layout == "model2vec" else 1e-6
    )


def test_model2vec_alone_leaves_unknown_tokens_out(tmp_path: Path) -> None:
    folder = shared_rows(tmp_path)
    found = load_file(folder / "model.safetensors")
    rows = found["embeddings"].astype(np.float32)[found["mapping"]] * found["weights"][:, None]
    ids = [VOCABULARY.index(piece) for piece in ("the", "lamp")]  # and a word that is unknown
    mean = rows[ids].mean(axis=0)
    (answer,) = CheckpointModel(open_checkpoint(folder)).outputs(["the zebra lamp"])
    np.testing.assert_allclose(answer, mean / np.linalg.norm(mean), atol=1e-6)


def test_a_table_of_int8_is_read(tmp_path: Path) -> None:
    codes = np.random.default_rng(3).integers(-127, 128, (len(VOCABULARY), WIDTH)).astype(np.int8)
    folder = write_table(tmp_path, {"embeddings": codes}, {"model_type": "model2vec"})
    (answer,) = CheckpointModel(open_checkpoint(folder)).outputs(["lamp"])
    np.testing.assert_array_equal(answer, codes[VOCABULARY.index("lamp")].astype(np.float32))


def test_a_bundle_of_a_table_answers_as_its_checkpoint(static_bundle: Path, tmp_path: Path) -> None:
    source = sentence_table(tmp_path)
    with load(static_bundle) as model:
        found = model.embed(TEXTS)
        one_by_one = np.stack([model.embed(text) for text in TEXTS])
    np.testing.assert_allclose(found, vectors(source), atol=1e-6)
    np.testing.assert_array_equal(found, one_by_one)
    assert not found[1].any()  # a text of no tokens


def test_a_bundle_of_a_table_promises_no_fusion(static_bundle: Path) -> None:
    with load(static_bundle) as model:
        assert not any(count.expected for count in model.manifest.coverage.values())
        assert not model.manifest.unfused
        assert model.manifest.inputs == ("input_ids", "attention_mask")


@pytest.mark.parametrize("scheme", ["auto", "token", "dynamic"])
def test_a_table_alone_is_quantized_by_rows(
    static_bundle: Path, tmp_path: Path, scheme: str
) -> None:
    record = quantize_bundle(
        static_bundle, tmp_path / "int8", options=QuantizeOptions(scheme=scheme)
    )
    assert [layer.decision for layer in record.layers] == ["int8 rows"]
    assert 0 < record.drift.mean < 1e-3
    assert check(static_bundle, tmp_path / "int8").passed


def test_the_vocabulary_of_a_table_is_trimmed(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the lamp is on\nturn off the fan\n", encoding="utf-8")
    options = ExportOptions(trim_vocabulary=corpus)
    source = sentence_table(tmp_path / "table")
    record = export_model(source, tmp_path / "out", options=options)
    assert record.trimmed_vocabulary is not None
    assert record.trimmed_vocabulary.kept < len(VOCABULARY)
    with load(tmp_path / "out") as model:
        np.testing.assert_allclose(model.embed(TEXTS[:1]), vectors(source)[:1], atol=1e-6)
    other = shared_rows(tmp_path / "model2vec")
    with pytest.raises(CheckpointError, match="model2vec"):
        export_model(other, tmp_path / "no", options=options)


def test_the_longest_text_is_that_of_the_tokenizer_or_as_asked(tmp_path: Path) -> None:
    folder = sentence_table(tmp_path)
    assert open_checkpoint(folder).max_length == 8192
    assert open_checkpoint(folder, max_length=2).max_length == 2
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["truncation"] = {
        "direction": "Right",
        "max_length": 9,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    assert open_checkpoint(folder).max_length_source == "tokenizer.json"
    np.testing.assert_allclose(vectors(folder), expected, atol=1e-6)


def no_table(folder: Path) -> None:
    save_file({"other": table()}, folder / "model.safetensors")


def no_rows(folder: Path) -> None:
    mapping = np.full(len(VOCABULARY), 99)
    save_file({"embeddings": table()[:9], "mapping": mapping}, folder / "model.safetensors")


def few_weights(folder: Path) -> None:
    weights = np.ones(3, np.float32)
    save_file({"embeddings": table(), "weights": weights}, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_table, "holds no table of embeddings: model.safetensors has none"),
        (no_rows, "mapping means rows that its table does not have"),
        (few_weights, "there are not as many weights as tokens"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer"),
        (
            lambda folder: write_modules(folder, "StaticEmbedding", "Pooling"),
            "expected StaticEmbedding, then any",
        ),
        (lambda folder: (folder / "model.safetensors").unlink(), "has no weights"),
    ],
)
def test_a_damaged_table_is_told_in_one_line(
    spoil: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    folder = sentence_table(tmp_path)
    spoil(folder)
    with pytest.raises(CheckpointError) as found:
        open_checkpoint(folder)
    assert said in str(found.value)
    assert "\n" not in str(found.value)


def test_a_head_on_tokens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"table of static embeddings, .* whole texts$"):
        export_model(
            sentence_table(tmp_path),
            tmp_path / "out",
            options=ExportOptions(task="token-classification"),
        )
