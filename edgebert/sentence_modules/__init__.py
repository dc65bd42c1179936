"""How sentence-transformers makes one vector of a text's token vectors: its folder layout.

A folder holds modules.json (which modules, in which order), one subfolder for each module behind
the encoder, sentence_bert_config.json beside the encoder, and the prompts.
"""

from edgebert.sentence_modules.folder import (
    LIMITS,
    PROMPTS,
    TABLE,
    Module,
    encoder_folder,
    list_modules,
    read_limits,
    read_prompts,
)
from edgebert.sentence_modules.reading import read_sentence_modules
from edgebert.sentence_modules.steps import (
    ACTIVATIONS,
    POOLINGS,
    Dense,
    LayerNorm,
    Normalize,
    Pooling,
    SentenceModules,
    Step,
    Truncate,
    pooling_named,
)
from edgebert.sentence_modules.writing import (
    write_prompts,
    write_sentence_modules,
    write_table_modules,
)

__all__ = [
    "ACTIVATIONS",
    "LIMITS",
    "POOLINGS",
    "PROMPTS",
    "TABLE",
    "Dense",
    "LayerNorm",
    "Module",
    "Normalize",
    "Pooling",
    "SentenceModules",
    "Step",
    "Truncate",
    "encoder_folder",
    "list_modules",
    "pooling_named",
    "read_limits",
    "read_prompts",
    "read_sentence_modules",
    "write_prompts",
    "write_sentence_modules",
    "write_table_modules",
]
