"""Families that compute attention themselves, with a forward of our own that does not."""

from __future__ import annotations

import torch
from transformers.models.deberta.modeling_deberta import DebertaEncoder
from transformers.models.deberta_v2.modeling_deberta_v2 import DebertaV2Encoder
from transformers.models.megatron_bert.modeling_megatron_bert import MegatronBertEncoder
from transformers.models.mpnet.modeling_mpnet import MPNetEncoder
from transformers.models.rembert.modeling_rembert import RemBertEncoder
from transformers.models.roformer.modeling_roformer import RoFormerEncoder
from transformers.models.squeezebert.modeling_squeezebert import SqueezeBertModel

from edgebert.export.families.deberta import open_deberta
from edgebert.export.families.deberta_v1 import open_deberta_v1
from edgebert.export.families.mpnet import open_mpnet
from edgebert.export.families.roformer import open_roformer
from edgebert.export.families.rotary import MERGED, SEPARATE, open_rotary
from edgebert.export.families.self_attention import open_self_attention
from edgebert.export.families.squeezebert import open_squeezebert


def open_attention(model: torch.nn.Module, max_length: int) -> dict[str, str]:
    """Make families that bring their own attention take it from transformers' registry, in place.

    Args:
        model: a transformers model.
        max_length: longest input in tokens, which tables of relative positions must reach.

    Returns:
        What of their attention cannot be part of one fused operator, and why.
    """
    unfused: dict[str, str] = {}
    for module in model.modules():
        if isinstance(module, MPNetEncoder):
            open_mpnet(module, max_length)
        elif isinstance(module, DebertaV2Encoder):
            unfused |= open_deberta(module, max_length)
        elif isinstance(module, DebertaEncoder):
            unfused |= open_deberta_v1(module, max_length)
        elif isinstance(module, (MegatronBertEncoder, RemBertEncoder)):
            open_self_attention(module)
        elif isinstance(module, RoFormerEncoder):
            open_roformer(module)
        elif isinstance(module, (*MERGED, *SEPARATE)):
            open_rotary(module)
        elif isinstance(module, SqueezeBertModel):
            open_squeezebert(module.encoder, module.config)
    return unfused
