"""The small checkpoints and bundles that many tests read and none may change.

An export of even the smallest model takes seconds, so the workers of one test run share them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers
from families import as_embedder, make_family
from filelock import FileLock
from tiny import make_checkpoint
from translators import make_translator, pairs

from edgebert.export import export_model
from edgebert.quantize import QuantizeOptions, quantize_bundle

MadeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> MadeOnce:
    """Makes a folder of a name, or finds the one that this or another worker has made."""
    own = tmp_path_factory.getbasetemp()
    shared = (own if worker_id == "master" else own.parent) / "shared"
    making = shared / "making"
    making.mkdir(parents=True, exist_ok=True)

    def folder_of(name: str, make: Callable[[Path], object]) -> Path:
        folder = shared / name
        with FileLock(making / f"{name}.lock"):
            if not folder.exists():
                make(making / name)
                (making / name).rename(folder)
        return folder

    return folder_of


@pytest.fixture(scope="session")
def tiny_embedder(made_once: MadeOnce) -> Path:
    """A sentence-transformers folder: BERT of two layers, mean pooling, normalized."""
    return made_once("embedder", _make_embedder)


@pytest.fixture(scope="session")
def tiny_classifier(made_once: MadeOnce) -> Path:
    return _checkpoint(made_once, "classifier", "SequenceClassification", "off", "on", "tell")


@pytest.fixture(scope="session")
def tiny_tagger(made_once: MadeOnce) -> Path:
    labels = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
    return _checkpoint(made_once, "tagger", "TokenClassification", *labels)


@pytest.fixture(scope="session")
def tiny_reranker(made_once: MadeOnce) -> Path:
    return _checkpoint(made_once, "reranker", "SequenceClassification", "relevance")


@pytest.fixture(scope="session")
def tiny_reader(made_once: MadeOnce) -> Path:
    return _checkpoint(made_once, "reader", "QuestionAnswering")


@pytest.fixture(scope="session")
def tiny_filler(made_once: MadeOnce) -> Path:
    """A RoBERTa, whose positions start behind its padding id, as it guesses words."""
    auto_class = transformers.AutoModelForMaskedLM
    return made_once("filler", lambda folder: make_family(folder, "roberta", auto_class))


@pytest.fixture(scope="session")
def tiny_splade(made_once: MadeOnce) -> Path:
    """A masked-language BERT in a folder of a sparse encoder of sentence-transformers."""
    return made_once("splade", write_splade)


@pytest.fixture(scope="session")
def tiny_translator(made_once: MadeOnce) -> Path:
    """A BERT with a decoder of two layers, which was taught a little."""
    return made_once("translator", make_translator)


@pytest.fixture(scope="session")
def tiny_bundle(made_once: MadeOnce, tiny_embedder: Path) -> Path:
    """An fp32 embedding bundle."""
    return made_once("fp32", lambda folder: export_model(tiny_embedder, folder))


@pytest.fixture(scope="session")
def tiny_int8(made_once: MadeOnce, tiny_bundle: Path) -> Path:
    """The same in int8, with a scale for each token."""
    return _quantized(made_once, "int8", tiny_bundle, "token")


@pytest.fixture(scope="session")
def tiny_dynamic_int8(made_once: MadeOnce, tiny_bundle: Path) -> Path:
    """The same in int8 as other tools make it: a scale for each batch, the full range of weights."""
    return _quantized(made_once, "dynamic-int8", tiny_bundle, "dynamic")


@pytest.fixture(scope="session")
def tiny_classifier_bundle(made_once: MadeOnce, tiny_classifier: Path) -> Path:
    return _bundle(made_once, tiny_classifier)


@pytest.fixture(scope="session")
def tiny_tagger_bundle(made_once: MadeOnce, tiny_tagger: Path) -> Path:
    return _bundle(made_once, tiny_tagger)


@pytest.fixture(scope="session")
def tiny_reranker_bundle(made_once: MadeOnce, tiny_reranker: Path) -> Path:
    return _bundle(made_once, tiny_reranker)


@pytest.fixture(scope="session")
def tiny_reader_bundle(made_once: MadeOnce, tiny_reader: Path) -> Path:
    return _bundle(made_once, tiny_reader)


@pytest.fixture(scope="session")
def tiny_filler_bundle(made_once: MadeOnce, tiny_filler: Path) -> Path:
    return _bundle(made_once, tiny_filler)


@pytest.fixture(scope="session")
def tiny_splade_bundle(made_once: MadeOnce, tiny_splade: Path) -> Path:
    return _bundle(made_once, tiny_splade)


@pytest.fixture(scope="session")
def tiny_translator_bundle(made_once: MadeOnce, tiny_translator: Path) -> Path:
    """An fp32 bundle of two graphs."""
    return _bundle(made_once, tiny_translator)


@pytest.fixture(scope="session")
def tiny_translator_int8(
    made_once: MadeOnce, tiny_translator_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same in int8, with a scale for each token."""
    texts = tmp_path_factory.mktemp("texts") / "pairs.tsv"
    texts.write_text("\n".join("\t".join(pair) for pair in [("source", "target"), *pairs()]))
    options = QuantizeOptions(scheme="token", calibration=texts, kernels="off")

    def make(folder: Path) -> None:
        quantize_bundle(tiny_translator_bundle, folder, options=options)

    return made_once("translator-int8", make)


def write_splade(folder: Path, **config: Any) -> None:
    """Write a sparse encoder; values of its configuration that differ from the family's own."""
    make_family(folder, "bert", transformers.AutoModelForMaskedLM, **config)
    models = "sentence_transformers.sparse_encoder.models"
    kinds = [("MLMTransformer", ""), ("SpladePooling", "1_SpladePooling")]
    modules = [{"type": f"{models}.{kind}", "path": path} for kind, path in kinds]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_SpladePooling").mkdir()
    pooling = {"pooling_strategy": "max", "activation_function": "relu"}
    (folder / "1_SpladePooling" / "config.json").write_text(json.dumps(pooling))


def _make_embedder(folder: Path) -> None:
    make_checkpoint(folder, "BertModel")
    as_embedder(folder, {"pooling_mode_mean_tokens": True})  # as most models on the hub say it
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 48}))


def _checkpoint(made_once: MadeOnce, name: str, head: str, *labels: str) -> Path:
    return made_once(name, lambda folder: make_checkpoint(folder, f"BertFor{head}", labels))


def _bundle(made_once: MadeOnce, checkpoint: Path) -> Path:
    return made_once(f"{checkpoint.name}-bundle", lambda folder: export_model(checkpoint, folder))


def _quantized(made_once: MadeOnce, name: str, bundle: Path, scheme: str) -> Path:
    options = QuantizeOptions(scheme=scheme, kernels="off")  # whether they are installed or not
    return made_once(name, lambda folder: quantize_bundle(bundle, folder, options=options))
