"""`python -m benchmarks.translation.speed.conversion CHECKPOINT TOKENIZER OUTPUT [QUANTIZATION]`.

Writes CTranslate2's model of a translator's checkpoint; runs in CTranslate2's environment.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ctranslate2
from ctranslate2.specs import TransformerSpec
from ctranslate2.specs.common_spec import Activation
from ctranslate2.specs.model_spec import index_spec
from ctranslate2.specs.transformer_spec import TransformerDecoderSpec, TransformerEncoderSpec

from benchmarks.translation.speed.variables import Weights, read_weights, variables_of

_ACTIVATIONS = {"relu": Activation.RELU, "gelu": Activation.GELU}


class Translator(ctranslate2.converters.Converter):  # type: ignore[misc]
    """Our checkpoint as CTranslate2's converters read one."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def _load(self) -> TransformerSpec:
        weights = self._weights
        spec = _empty(weights)
        for path, array in variables_of(weights).items():
            scope, _, name = path.rpartition("/")
            setattr(index_spec(spec, scope), name, array)
        spec.register_source_vocabulary(list(weights.source))
        spec.register_target_vocabulary(list(weights.target))
        # one for all norms: the decoder's 1e-5 is nothing beside what its norms read, but not beside
        # the encoder's embeddings
        spec.config.layer_norm_epsilon = weights.config["encoder"]["layer_norm_eps"]
        return spec


def _empty(weights: Weights) -> TransformerSpec:
    ours, read = weights.config, weights.config["encoder"]
    encoder = TransformerEncoderSpec(
        read["num_hidden_layers"],
        read["num_attention_heads"],
        pre_norm=False,
        activation=_ACTIVATIONS[read["hidden_act"]],
        layernorm_embedding=True,
    )
    encoder.scale_embeddings = False
    decoder = TransformerDecoderSpec(
        ours["num_hidden_layers"],
        ours["num_attention_heads"],
        pre_norm=False,
        activation=_ACTIVATIONS[ours["hidden_act"]],
        layernorm_embedding=True,
    )
    return TransformerSpec(encoder, decoder)


def main() -> None:
    checkpoint, tokenizer, output = map(Path, sys.argv[1:4])
    quantization = sys.argv[4] if len(sys.argv) > 4 else None
    converter = Translator(read_weights(checkpoint, tokenizer))
    converter.convert(str(output), quantization=quantization, force=True)


if __name__ == "__main__":
    main()
