"""Where the bytes of a model go: tables, MatMul weights, other weights, the files around them."""

from __future__ import annotations

from pathlib import Path

from edgebert.onnx_graph.parts import constant_matmuls, embedding_tables
from edgebert.onnx_graph.reading import OnnxGraph


def weight_sizes(graph: OnnxGraph) -> dict[str, int]:
    """Bytes of constants by part; a table that is also a MatMul's weight counts as a table."""
    tables = {table.name: table.size_bytes for table in embedding_tables(graph)}
    matmuls = [matmul.weight for matmul in constant_matmuls(graph)]
    weights = {w.name: w.size_bytes for w in matmuls if w.name not in tables}
    all_constants = sum(constant.size_bytes for constant in graph.initializers)
    return {
        "embeddings": sum(tables.values()),
        "matmul_weights": sum(weights.values()),
        "other_weights": all_constants - sum(tables.values()) - sum(weights.values()),
    }


def model_size(model: Path, graph: OnnxGraph) -> int:
    """Bytes of the graph's file and of the files beside it that hold its weights."""
    names = {model.name} | {c.external_file for c in graph.initializers if c.external_file}
    files = [model.parent / name for name in names if (model.parent / name).is_file()]
    return sum(file.stat().st_size for file in files)


def folder_sizes(model: Path, tokenizer: Path, graph: OnnxGraph) -> dict[str, int]:
    """Bytes of the files of a model's folder, `total` being all that lies in it."""
    model_bytes, tokenizer_bytes = model_size(model, graph), tokenizer.stat().st_size
    total = sum(file.stat().st_size for file in model.parent.rglob("*") if file.is_file())
    return {
        "model": model_bytes,
        "tokenizer": tokenizer_bytes,
        "other_files": total - model_bytes - tokenizer_bytes,
        "total": total,
    }
