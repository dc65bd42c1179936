"""What lies around the graph in a bundle that was made of somebody else's export."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer, normalizers

from edgebert.bundle import TOKENIZER
from edgebert.checkpoint import Checkpoint
from edgebert.export.tokenizer_files import write_sentence_transformers_files
from edgebert.json_files import read_object, write_value
from edgebert.text.encoding import open_tokenizer

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
    cut, side = described.spec.task.truncation, described.truncation_side
    tokenizer.enable_truncation(described.max_length, strategy=cut, direction=side)
    tokenizer.save(str(folder / TOKENIZER))
    settings = read_object(described.path / "tokenizer_config.json")
    cuts = {"model_max_length": described.max_length, "truncation_side": side}
    fastembed = "max_length"  # which it obeys: where the source truncates
    settings = {key: value for key, value in settings.items() if key != fastembed}
    write_value(folder / "tokenizer_config.json", settings | cuts)
    special = read_object(described.path / "special_tokens_map.json")
    tokens = {name: special.get(name, settings.get(name)) for name in _SPECIAL_TOKENS}
    write_value(folder / "special_tokens_map.json", {n: t for n, t in tokens.items() if t})
    config = {k: v for k, v in described.config.items() if k not in _ONLY_PYTORCH}
    write_value(folder / "config.json", config)
    if described.modules is not None:
        width = described.config.get("hidden_size") or described.config.get("dim")
        write_sentence_transformers_files(described, folder, int(width or 0))
