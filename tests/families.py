"""Tiny checkpoints of every family, whose every parameter matters, made from a fixed seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tiny import VOCABULARY, write_tokenizer

_SIZES: dict[str, Any] = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
}
_POSITIONS = {"max_position_embeddings": 66}

FAMILIES: dict[str, Callable[[], Any]] = {
    "bert": lambda: transformers.BertConfig(**_SIZES, **_POSITIONS),
    "roberta": lambda: transformers.RobertaConfig(**_SIZES, **_POSITIONS, pad_token_id=0),
    "xlm-roberta": lambda: transformers.XLMRobertaConfig(**_SIZES, **_POSITIONS, pad_token_id=0),
    "camembert": lambda: transformers.CamembertConfig(**_SIZES, **_POSITIONS, pad_token_id=0),
    "electra": lambda: transformers.ElectraConfig(**_SIZES, **_POSITIONS, embedding_size=32),
    "distilbert": lambda: transformers.DistilBertConfig(
        vocab_size=len(VOCABULARY), **_POSITIONS, dim=64, n_layers=2, n_heads=4, hidden_dim=128
    ),
    "albert": lambda: transformers.AlbertConfig(**_SIZES, **_POSITIONS, embedding_size=32),
    "mpnet": lambda: transformers.MPNetConfig(**_SIZES, **_POSITIONS, pad_token_id=0),
    "modernbert": lambda: transformers.ModernBertConfig(
        **_SIZES,
        **_POSITIONS,
        local_attention=8,
        global_attn_every_n_layers=2,
        pad_token_id=0,
        cls_token_id=2,
        bos_token_id=2,
        sep_token_id=3,
        eos_token_id=3,
    ),
    "nomic_bert": lambda: transformers.NomicBertConfig(**_SIZES, **_POSITIONS, pad_token_id=0),
    "roformer": lambda: transformers.RoFormerConfig(**_SIZES, **_POSITIONS, embedding_size=32),
    "rembert": lambda: transformers.RemBertConfig(
        **_SIZES,
        **_POSITIONS,
        input_embedding_size=32,
        output_embedding_size=48,
        bos_token_id=2,
        eos_token_id=3,
    ),
    "squeezebert": lambda: transformers.SqueezeBertConfig(
        **_SIZES,
        **_POSITIONS,
        embedding_size=64,
        q_groups=2,
        k_groups=2,
        v_groups=2,
        intermediate_groups=2,
        output_groups=2,
    ),
    "deberta": lambda: transformers.DebertaConfig(
        **_SIZES,
        **_POSITIONS,
        type_vocab_size=0,
        relative_attention=True,
        pos_att_type=["c2p", "p2c"],
        max_relative_positions=8,
        position_biased_input=False,
    ),
    "deberta-v2": lambda: transformers.DebertaV2Config(
        **_SIZES,
        **_POSITIONS,
        type_vocab_size=0,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        position_buckets=8,
        max_relative_positions=-1,
        share_att_key=True,
        norm_rel_ebd="layer_norm",
        position_biased_input=False,
    ),
}
"""Family name to the configuration of a model of two layers; of ModernBERT one looks everywhere and
one at its neighbours."""


def make_family(
    folder: Path,
    family: str,
    auto_class: Any = transformers.AutoModel,
    *,
    seed: int = 3,
    **config: Any,
) -> Path:
    """Write a checkpoint of `family` under a head of `auto_class`, all parameters redrawn.

    Args:
        folder: where to write it.
        family: a key of `FAMILIES`.
        auto_class: one of transformers' Auto classes.
        seed: of the weights.
        config: values that differ from the family's own.
    """
    torch.manual_seed(seed)
    settings = FAMILIES[family]()
    settings.update(config)
    model = auto_class.from_config(settings)
    _redraw(model)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def make_embedder(folder: Path, family: str, pooling: str = "mean", **config: Any) -> Path:
    """Write a sentence-transformers folder: the encoder, its pooling, and Normalize."""
    make_family(folder, family, **config)
    return as_embedder(folder, {"pooling_mode": pooling})


def as_embedder(folder: Path, pooling: dict[str, Any]) -> Path:
    """Make a sentence-transformers folder of a checkpoint: its pooling as given, and Normalize."""
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    entries = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{name}"}
        for i, (path, name) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(entries))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))
    return folder


_PEAKED = ("query", "key", "q_lin", "k_lin", ".q.", ".k.", "position", "rel")
"""Parts of the names of what decides where a token looks: with small weights it looks everywhere
alike, and a mistake in a mask or a bias would hardly show."""


def _redraw(model: torch.nn.Module) -> None:
    """Draw every parameter anew: as they come, biases are 0, gains 1 and attention uniform."""
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            name = parameter_name.lower()
            spread = 0.5 if any(part in name for part in _PEAKED) else 0.2
            if "wqkv" in name:
                spread = 0.3  # the value is in it too
            center = 1.0 if name.endswith("norm.weight") else 0.0
            parameter.copy_(center + spread * torch.randn_like(parameter))
