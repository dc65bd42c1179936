"""Other readers of a bundle's folder, and how far their vectors are from ours.

    PYTHONPATH=tests .venv-peers/bin/python -m benchmarks.readers BUNDLE --texts stsb/test.tsv

fastembed and plain onnxruntime load `model.onnx` with onnxruntime's default optimization and none of
edgebert's session settings; OpenVINO reads bundles of target `portable`. All take the tokenizer from
`tokenizer.json` as it stands.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import tokenizers

import edgebert
from benchmarks.protocol import Vectors
from edgebert.bundle import Bundle, open_bundle
from edgebert.data import read_examples

_LIMIT = 300  # texts


def with_fastembed(bundle: Bundle, texts: Sequence[str]) -> Vectors:
    """Embed with fastembed's custom model: its own batches, pooling and normalization."""
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    name, manifest = f"local/{bundle.sha256}", bundle.manifest
    TextEmbedding.add_custom_model(
        model=name,
        pooling=PoolingType.CLS if manifest.pooling == "cls" else PoolingType.MEAN,
        normalization=manifest.normalize,
        sources=ModelSource(hf=name),
        dim=_width(bundle),
        model_file="model.onnx",
    )
    model = TextEmbedding(name, specific_model_path=str(bundle.path))
    return np.stack(list(model.embed(list(texts), batch_size=32)))


def with_onnxruntime(bundle: Bundle, texts: Sequence[str]) -> Vectors:
    """Embed with a default session: padded batches, and `sentence_embedding` as it comes."""
    session = onnxruntime.InferenceSession(bundle.model_path)
    return _in_batches(bundle, texts, lambda feed: session.run(["sentence_embedding"], feed)[0])


def with_openvino(bundle: Bundle, texts: Sequence[str]) -> Vectors:
    """Embed with OpenVINO in float32, with its own reader of ONNX files."""
    import openvino

    core = openvino.Core()
    exactly = {"INFERENCE_PRECISION_HINT": "f32"}
    model = core.compile_model(core.read_model(bundle.model_path), "CPU", exactly)
    return _in_batches(bundle, texts, lambda feed: model(feed)["sentence_embedding"])


def _in_batches(
    bundle: Bundle, texts: Sequence[str], run: Callable[[dict[str, Any]], Vectors]
) -> Vectors:
    tokenizer = tokenizers.Tokenizer.from_file(str(bundle.path / "tokenizer.json"))
    tokenizer.enable_padding()
    rows: list[Vectors] = []
    for start in range(0, len(texts), 32):
        encodings = tokenizer.encode_batch(list(texts[start : start + 32]))
        columns = {
            "input_ids": [encoding.ids for encoding in encodings],
            "attention_mask": [encoding.attention_mask for encoding in encodings],
            "token_type_ids": [encoding.type_ids for encoding in encodings],
        }
        feed = {name: np.array(columns[name], np.int64) for name in bundle.manifest.inputs}
        rows.extend(run(feed))
    return np.stack(rows)


_READERS: dict[str, Callable[[Bundle, Sequence[str]], Vectors]] = {
    "fastembed": with_fastembed,
    "onnxruntime": with_onnxruntime,
    "openvino": with_openvino,
}


def _width(bundle: Bundle) -> int:
    outputs = onnxruntime.InferenceSession(bundle.model_path).get_outputs()
    return next(int(out.shape[-1]) for out in outputs if out.name == "sentence_embedding")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--texts", type=Path, required=True)
    arguments = parser.parse_args()
    bundle = open_bundle(arguments.bundle)
    texts = list(read_examples(arguments.texts).single_texts())[:_LIMIT]
    ours = edgebert.load(bundle.path).embed(texts)
    for name, embed in _READERS.items():
        if name == "openvino" and bundle.manifest.target != "portable":
            continue
        theirs = embed(bundle, texts)
        cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1)
        cosines /= np.linalg.norm(theirs, axis=1)
        furthest = np.abs(ours - theirs).max()
        print(f"{name}: cosine at least {cosines.min():.7f}, furthest {furthest:.1e}")


if __name__ == "__main__":
    main()
