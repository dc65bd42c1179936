"""Tiny float bundles by family, task and target, what is made of them in int8, and its proofs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import transformers
from families import make_embedder, make_family
from tiny import VOCABULARY

from edgebert.drift import check
from edgebert.export import ExportOptions, export_model
from edgebert.inspect import inspect_path
from edgebert.measures import Thresholds
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.made import QuantizeRecord
from edgebert.records.manifest import TEXT_CLASSIFICATION, Quantization
from edgebert.runtimes import Model, load

TOKEN, STATIC, DYNAMIC = (QuantizeOptions(scheme=s) for s in ("token", "static", "dynamic"))
EIGHT_BITS, FOUR_BITS = (QuantizeOptions(scheme="weight-only", bits=bits) for bits in (8, 4))
SIXTEEN_BITS = QuantizeOptions(scheme="static", activations=16)

_HEADS: dict[str, tuple[Any, dict[str, Any]]] = {
    "classes": (transformers.AutoModelForSequenceClassification, {"num_labels": 3}),
    "several": (
        transformers.AutoModelForSequenceClassification,
        {"num_labels": 3, "problem_type": "multi_label_classification"},
    ),
    "entities": (transformers.AutoModelForTokenClassification, {"num_labels": 5}),
    "words": (transformers.AutoModelForMaskedLM, {"vocab_size": 512}),  # a table worth int8
}
_WORDS = [word for word in VOCABULARY if word[0] not in "[#"]


@dataclass(frozen=True)
class Case:
    """A float bundle, and the schemes that it is quantized by.

    Attributes:
        family: of the encoder.
        head: a key of `_HEADS`; none for embeddings.
        export: target and opset.
        schemes: what it is quantized by.
        nearest: mean cosine of the answers to those in floats, at 8 bits, is above it.
    """

    family: str
    head: str
    export: ExportOptions
    schemes: tuple[QuantizeOptions, ...]
    nearest: float = 0.97


@dataclass(frozen=True)
class Made:
    """A float bundle, and the int8 one that was made of it."""

    floats: Path
    bundle: Path
    record: QuantizeRecord

    @property
    def quantization(self) -> Quantization:
        found = load(self.bundle).manifest.quantization
        assert found is not None
        return found


Make = Callable[[str, QuantizeOptions], Made]


def maker(floats: Callable[[str], Path], folders: pytest.TempPathFactory) -> Make:
    """Float bundles by name, and each of them in int8 by any options; all are made once."""
    texts = folders.mktemp("texts") / "calibration.txt"
    texts.write_text("\n".join(sentences(80, seed=1)) + "\n", encoding="utf-8")
    source = cache(floats)

    @cache
    def make(name: str, options: QuantizeOptions) -> Made:
        output = folders.mktemp("int8") / "bundle"
        record = quantize_bundle(source(name), output, options=replace(options, calibration=texts))
        return Made(source(name), output, record)

    return make


def export_case(case: Case, folder: Path) -> Path:
    if case.head:
        auto_class, config = _HEADS[case.head]
        make_family(folder / "checkpoint", case.family, auto_class, **config)
    else:
        make_embedder(folder / "checkpoint", case.family)
    export_model(folder / "checkpoint", folder / "bundle", options=case.export)
    return folder / "bundle"


def option_name(options: QuantizeOptions) -> str:
    return f"{options.scheme} {options.bits} {options.activations}"


def each(schemes: dict[str, tuple[QuantizeOptions, ...]]) -> list[Any]:
    """Parameters of a test: every name with each of its options."""
    return [
        pytest.param(name, options, id=f"{name} {option_name(options)}")
        for name, all_options in schemes.items()
        for options in all_options
    ]


def sentences(count: int, *, seed: int) -> list[str]:
    """Texts of the words that the tokenizer of the tests knows."""
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(_WORDS, draw.integers(2, 30))) for _ in range(count)]


def texts_for(model: Model, count: int = 24) -> list[str]:
    texts = sentences(count, seed=2)
    return [f"[MASK] {text}" for text in texts] if model.mask_token else texts


def mean_cosine(made: Made) -> float:
    """Of the answers in int8 to those in floats, one text after the other."""
    before, after = load(made.floats), load(made.bundle)
    texts = texts_for(before)
    pairs = zip(before.outputs(texts), after.outputs(texts), strict=True)
    flat = [(a.ravel(), b.ravel()) for a, b in pairs]
    return float(np.mean([a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in flat]))


def largest_difference_alone(made: Made) -> float:
    """Of a text's answers alone to those in a batch of many lengths."""
    model = load(made.bundle)
    texts = texts_for(model)[:6]
    encodings = model.tokenizer.encode_batch(texts)
    longest, largest = max(len(encoding) for encoding in encodings), 0.0
    together = {entry.name: [] for entry in model.session.get_inputs()}  # type: dict[str, list[Any]]
    for encoding in encodings:
        rows = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        for name, part in together.items():
            part.append(np.pad(rows[name], (0, longest - len(encoding))))
    batch = {name: np.array(part, np.int64) for name, part in together.items()}
    whole = model.session.run(None, batch)
    for row, encoding in enumerate(encodings):
        length = sum(encoding.attention_mask)
        alone = {name: values[row : row + 1, :length] for name, values in batch.items()}
        for found, expected in zip(model.session.run(None, alone), whole, strict=True):
            same = expected[row : row + 1, : found.shape[1]]
            largest = max(largest, float(np.abs(found - same).max()))
    return largest


def require_int8_throughout(made: Made) -> None:
    """All layers are as planned, and manifest, record and inspection say so."""
    layers, manifest = _float_products(made.floats), load(made.bundle).manifest
    assert len(layers) >= 8
    left = [layer.name for layer in made.quantization.layers if layer.decision == "float"]
    assert _float_products(made.bundle) == left
    reads_a_row = made.record.scheme == "weight-only" and manifest.target != "portable"
    head = 2 if reads_a_row and manifest.task == TEXT_CLASSIFICATION else 0
    assert len(left) == head  # MatMulNBits multiplies one row otherwise than several
    form = f"{made.record.scheme.replace('-', '_')}_matmuls"
    for part in ("quantized_matmuls", form):
        count = manifest.coverage[part]
        assert (count.expected, count.found) == (len(layers) - head, len(layers) - head), part
    assert all(count.found == count.expected for count in manifest.coverage.values())
    assert inspect_path(made.bundle).coverage == manifest.coverage == made.record.coverage
    tables = [layer for layer in made.quantization.layers if layer.decision == "int8 rows"]
    assert len(made.quantization.layers) == len(layers) + len(tables)


def same_model_gates(made: Made) -> dict[str, bool]:
    """What `check` says of the two; it fails where one of them is broken."""
    data = made.bundle.parent / "texts.txt"
    data.write_text("\n".join(sentences(12, seed=3)) + "\n", encoding="utf-8")
    record = check(made.floats, made.bundle, data, thresholds=Thresholds(max_drift=1.0))
    assert record.causes == ()
    return {gate.name: gate.passed for gate in record.gates}


def _float_products(bundle: Path) -> list[str]:
    """The products whose right side is a matrix of floats, however it gets there."""
    graph = onnx.load(bundle / "model.onnx").graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    sources = {
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type in ("Transpose", "Identity", "Cast", "Reshape")
    }
    found = []
    for node in graph.node:
        if node.op_type in ("MatMul", "Gemm", "Attention"):
            name = node.input[1]
            while name in sources:
                name = sources[name]
            weight = constants.get(name)
            if weight is not None and weight.data_type == 1 and len(weight.dims) == 2:
                found.append(node.name)
    return found
