"""What the config.json of well-known checkpoints say, but for the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_ROBERTA: dict[str, Any] = {
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
}
_DEBERTA: dict[str, Any] = {
    "relative_attention": True,
    "max_relative_positions": -1,
    "pos_att_type": ["p2c", "c2p"],
    "position_biased_input": False,
    "type_vocab_size": 0,
    "layer_norm_eps": 1e-7,
}
_DEBERTA_V2: dict[str, Any] = _DEBERTA | {
    "position_buckets": 256,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
}


@dataclass(frozen=True)
class Published:
    """One checkpoint's configuration.

    Attributes:
        checkpoint: whose it is.
        model_type: the family, as transformers calls it.
        values: what differs from transformers' defaults, which are mostly the base size.
        layers_left: how many layers are kept of a model of more than 400M parameters, whose
            layers are all alike; None where all are.
        longest: its longest input in tokens.
    """

    checkpoint: str
    model_type: str
    values: dict[str, Any] = field(default_factory=dict)
    layers_left: int | None = None
    longest: int = 512


PUBLISHED = {
    "bert": Published("bert-base-uncased", "bert"),
    "minilm": Published(
        "sentence-transformers/all-MiniLM-L6-v2",
        "bert",
        {"hidden_size": 384, "num_hidden_layers": 6, "intermediate_size": 1536},
    ),
    "roberta": Published("roberta-base", "roberta", _ROBERTA),
    "xlm-roberta": Published("xlm-roberta-base", "xlm-roberta", _ROBERTA),
    "bge-m3": Published(
        "BAAI/bge-m3",
        "xlm-roberta",
        _ROBERTA
        | {
            "max_position_embeddings": 8194,
            "hidden_size": 1024,
            "num_attention_heads": 16,
            "intermediate_size": 4096,
        },
        layers_left=4,
        longest=8192,
    ),
    "camembert": Published("camembert-base", "camembert", _ROBERTA),
    "distilbert": Published("distilbert-base-uncased", "distilbert"),
    "electra": Published(
        "google/electra-small-discriminator", "electra", {"num_attention_heads": 4}
    ),
    "albert": Published(
        "albert-base-v2",
        "albert",
        {
            "hidden_size": 768,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "hidden_act": "gelu_new",
        },
    ),
    "mpnet": Published(
        "sentence-transformers/all-mpnet-base-v2",
        "mpnet",
        {"max_position_embeddings": 514, "layer_norm_eps": 1e-5, "pad_token_id": 1},
    ),
    "modernbert": Published("answerdotai/ModernBERT-base", "modernbert", longest=8192),
    "deberta-v1": Published("microsoft/deberta-base", "deberta", _DEBERTA),
    "deberta-v2": Published(
        "microsoft/deberta-v2-xlarge",
        "deberta-v2",
        _DEBERTA_V2
        | {
            "hidden_size": 1536,
            "num_attention_heads": 24,
            "intermediate_size": 6144,
            "attention_head_size": 64,
            "conv_kernel_size": 3,
            "conv_act": "gelu",
        },
        layers_left=2,
    ),
    "deberta-v3": Published(
        "microsoft/deberta-v3-base",
        "deberta-v2",
        _DEBERTA_V2
        | {
            "hidden_size": 768,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
        },
    ),
    "ernie": Published(
        "nghuyong/ernie-3.0-base-zh",
        "ernie",
        {
            "max_position_embeddings": 2048,
            "type_vocab_size": 4,
            "use_task_id": True,
            "task_type_vocab_size": 3,
            "layer_norm_eps": 1e-5,
        },
        longest=2048,
    ),
    "megatron-bert": Published("nvidia/megatron-bert-uncased-345m", "megatron-bert"),
    "eurobert": Published("EuroBERT/EuroBERT-210m", "eurobert", longest=8192),
    "nomic-bert": Published(
        "nomic-ai/nomic-embed-text-v1.5",
        "nomic_bert",
        {"max_position_embeddings": 2048},
        longest=2048,
    ),
    "rembert": Published("google/rembert", "rembert", layers_left=4),
    "roformer": Published("junnyu/roformer_chinese_base", "roformer", longest=1536),
    "squeezebert": Published("squeezebert/squeezebert-uncased", "squeezebert"),
    "xlm-roberta-xl": Published(
        "facebook/xlm-roberta-xl", "xlm-roberta-xl", _ROBERTA, layers_left=2
    ),
    "layoutlm": Published("microsoft/layoutlm-base-uncased", "layoutlm"),
    "mobilebert": Published("google/mobilebert-uncased", "mobilebert"),
    "gte": Published("Alibaba-NLP/gte-multilingual-base", "gte", {"pad_token_id": 1}, longest=8192),
    "t5": Published(
        "sentence-transformers/sentence-t5-base",
        "t5",
        {"d_model": 768, "d_ff": 3072, "num_layers": 12, "num_heads": 12},
    ),
    "data2vec-text": Published("facebook/data2vec-text-base", "data2vec-text", _ROBERTA),
}
"""Name of a row to its configuration."""
