"""A forward of ours answers as the family's own, whatever its configuration asks for."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from families import FAMILIES, make_family
from tiny import VOCABULARY

from edgebert.checkpoint import open_checkpoint
from edgebert.checkpoint.pytorch import load_model
from edgebert.export.families import open_attention
from edgebert.export.operators.attention import (
    PLAIN_ATTENTION,
    choose_attention,
    register_attention,
)
from edgebert.export.operators.normalization import layer_norm_as_one_function

LONGEST = 40
OTHERS: dict[str, Any] = {
    "eurobert": transformers.EuroBertConfig,
    "gte": transformers.GteConfig,
    "jina_embeddings_v3": transformers.JinaEmbeddingsV3Config,
    "megatron-bert": transformers.MegatronBertConfig,
}
"""Fused, though not promised."""

_SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "max_position_embeddings": 66,
    "pad_token_id": 0,
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("deberta", {}),
    ("deberta", {"pos_att_type": ["c2p"]}),
    ("deberta", {"pos_att_type": ["p2c"], "position_biased_input": True, "type_vocab_size": 2}),
    ("deberta", {"relative_attention": False}),
    ("deberta", {"max_relative_positions": -1}),
    ("deberta", {"talking_head": True}),
    ("deberta-v2", {}),
    ("eurobert", {"num_key_value_heads": 2}),
    ("gte", {}),
    ("jina_embeddings_v3", {}),
    ("megatron-bert", {}),
    ("modernbert", {}),
    ("modernbert", {"attention_bias": True}),
    ("mpnet", {}),
    ("nomic_bert", {}),
    (
        "nomic_bert",
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 500.0, "factor": 2.0}},
    ),
    ("rembert", {}),
    ("rembert", {"is_decoder": True}),
    ("roformer", {}),
    ("roformer", {"rotary_value": True}),
    ("squeezebert", {}),
    ("squeezebert", {"q_groups": 1, "k_groups": 4, "output_groups": 1}),
]


@pytest.mark.parametrize(
    ("family", "config"), VARIANTS, ids=lambda v: v if isinstance(v, str) else "-".join(v) or "own"
)
def test_a_forward_of_ours_answers_as_the_familys_own(
    family: str, config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, config_class in OTHERS.items():
        monkeypatch.setitem(FAMILIES, name, partial(config_class, **_SIZES))
    checkpoint = open_checkpoint(make_family(tmp_path / "checkpoint", family, **config))
    inputs = _ragged()
    expected = load_model(checkpoint, attention="eager")(**inputs).last_hidden_state
    register_attention()
    model = load_model(checkpoint, attention=PLAIN_ATTENTION)
    layer_norm_as_one_function(model)
    open_attention(model, LONGEST)
    choose_attention(model, PLAIN_ATTENTION)
    found = model(**inputs).last_hidden_state
    assert (found - expected)[inputs["attention_mask"].bool()].abs().max() < 1e-4


def test_talking_heads_are_left_to_their_family_with_a_sentence(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(make_family(tmp_path, "deberta", talking_head=True))
    unfused = open_attention(load_model(checkpoint), LONGEST)
    assert "talking heads" in unfused["attention"]


def _ragged() -> dict[str, torch.Tensor]:
    """Three texts: one whole, one with padding on the left, one with a hole."""
    mask = torch.ones((3, LONGEST), dtype=torch.int64)
    mask[1, :20] = 0
    mask[2, 3:6] = 0
    ids = torch.randint(5, len(VOCABULARY), mask.shape, generator=torch.Generator().manual_seed(0))
    return {"input_ids": ids * mask, "attention_mask": mask}
