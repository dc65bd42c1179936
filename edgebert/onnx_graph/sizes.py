"""Where the bytes of a model go: tables, MatMul weights, other weights, the files around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def folder_sizes(
    folder: Path,
    models: Mapping[str, Path],
    graphs: Sequence[OnnxGraph],
    tokenizers: Iterable[Path],
) -> dict[str, int]:
    """Bytes of all parts of a model's folder.

    Args:
        folder: where all of it lies.
        models: the file of each graph by its role; where there are several, each is a part too.
        graphs: what these files hold, in the same order.
        tokenizers: those of its tokenizers.
    """
    by_role = {
        role: model_size(path, graph)
        for (role, path), graph in zip(models.items(), graphs, strict=True)
    }
    model_bytes = sum(by_role.values())
    tokenizer_bytes = sum(file.stat().st_size for file in tokenizers if file.is_file())
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        **summed(map(weight_sizes, graphs)),
        **(by_role if len(by_role) > 1 else {}),
        "model": model_bytes,
        "tokenizer": tokenizer_bytes,
        "other_files": total - model_bytes - tokenizer_bytes,
        "total": total,
    }


def summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """What several have under each key, together; keys in the order of the first."""
    together: dict[str, int] = {}
    for part in parts:
        for key, number in part.items():
            together[key] = together.get(key, 0) + number
    return together
