"""What lies around the graph in a bundle that was made of somebody else's export."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer, normalizers

from edgebert.bundle import TOKENIZER
from edgebert.checkpoint import Checkpoint
from edgebert.export.tokenizer_files import write_sentence_transformers_files
from edgebert.graph.oldest_onnxruntime import oldest_onnxruntime
from edgebert.graph.reading import OnnxGraph
from edgebert.json_files import read_object, write_value
from edgebert.machine import installed_versions
from edgebert.records.manifest import (
    EMBEDDINGS,
    FORMAT,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    Count,
    Manifest,
    OnnxruntimeRange,
    Source,
)
from edgebert.runtimes.encoding import open_tokenizer

_SPECIAL_TOKENS = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_ONLY_PYTORCH = ("_name_or_path", "_attn_implementation_autoset", "dtype", "torch_dtype")


def write_companions(described: Checkpoint, folder: Path) -> None:
    """Write tokenizer and configuration files as other readers of a bundle expect them.

    Args:
        described: what the files beside the graph say.
        folder: the bundle.
    """
    tokenizer: Tokenizer = open_tokenizer(described.path / TOKENIZER)
    if described.lower_case:
        first = [tokenizer.normalizer] if tokenizer.normalizer else []
        tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *first])
    cut = "only_second" if described.task == QUESTION_ANSWERING else "longest_first"
    tokenizer.enable_truncation(described.max_length, strategy=cut)
    tokenizer.save(str(folder / TOKENIZER))
    settings = read_object(described.path / "tokenizer_config.json")
    write_value(
        folder / "tokenizer_config.json", {**settings, "model_max_length": described.max_length}
    )
    special = read_object(described.path / "special_tokens_map.json")
    tokens = {name: special.get(name, settings.get(name)) for name in _SPECIAL_TOKENS}
    write_value(folder / "special_tokens_map.json", {n: t for n, t in tokens.items() if t})
    config = {k: v for k, v in described.config.items() if k not in _ONLY_PYTORCH}
    write_value(folder / "config.json", config)
    if described.task == EMBEDDINGS:
        width = described.config.get("hidden_size") or described.config.get("dim")
        write_sentence_transformers_files(described, folder, int(width or 0))


def manifest_of(
    described: Checkpoint,
    graph: OnnxGraph,
    coverage: dict[str, Count],
    unfused: dict[str, str],
    sha256: str,
    mask_token: str | None,
) -> Manifest:
    """The manifest of a bundle, before it has files and a drift.

    Args:
        described: what the files beside the original graph say.
        graph: the new graph.
        coverage, unfused: what of it runs as single operators, and why something does not.
        sha256: of the original graph.
        mask_token: what stands for a word to guess, for fill-mask.
    """
    versions = installed_versions()
    tested = versions["onnxruntime"]
    return Manifest(
        format=FORMAT,
        task=described.task,
        architecture=described.architecture,
        precision="fp32",
        target="cpu",
        pooling=described.pooling,
        normalize=described.normalize,
        max_length=described.max_length,
        prompts=described.prompts,
        labels=described.labels,
        problem_type=described.problem_type,
        inputs=graph.inputs,
        outputs=graph.outputs,
        attention_path="masked",
        files={},
        opset=graph.opset_imports[""],
        ir_version=graph.ir_version,
        onnxruntime=OnnxruntimeRange(oldest_onnxruntime(graph, tested=tested), tested),
        undocumented_operators=(),
        coverage=coverage,
        quantization=None,
        drift=None,
        source=Source(id=described.id, revision=None, sha256=sha256),
        created_with=versions,
        default_prompt=described.default_prompt,
        unfused=unfused,
        activation=described.scoring if described.task == TEXT_CLASSIFICATION else None,
        mask_token=mask_token,
    )
