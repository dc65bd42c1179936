"""A translator's checkpoint as the variables of CTranslate2's Transformer specification.

What that specification computes is what our model computes, with a few things said in other words: the
row of the one token type is part of each position of the encoder, positions of the decoder are a
table, and layers that read the same states are one matrix. Numpy alone, so that an environment with
nothing but CTranslate2 can do it, and one without it can prove it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

Array = npt.NDArray[np.float32]
Variables = dict[str, Array]

LONGEST_TARGET = 256
"""Positions of a target: as many as CTranslate2 writes by default."""

_FAMILY = "bert"


@dataclass(frozen=True)
class Weights:
    """A checkpoint as it lies in its folder.

    Attributes:
        config: of config.json.
        tensors: by the names that the page of a translator's checkpoint gives them.
        rows: for each piece of the source's vocabulary, its row of the embedding.
        source, target: pieces in the order of their ids.
    """

    config: dict[str, Any]
    tensors: Mapping[str, Array]
    rows: tuple[int, ...]
    source: tuple[str, ...]
    target: tuple[str, ...]


def read_weights(checkpoint: Path, tokenizer: Path) -> Weights:
    """Read a checkpoint, with as much of its source vocabulary as `tokenizer` has.

    Args:
        checkpoint: a folder of `finetune --task translation`.
        tokenizer: a tokenizer.json of the source: the checkpoint's, or that of a trimmed bundle.

    Raises:
        ValueError: an encoder that the specification has no words for.
    """
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    if config["encoder"]["model_type"] != _FAMILY:
        raise ValueError(
            f"{checkpoint}: only encoders of the family {_FAMILY} are converted, "
            f"not {config['encoder']['model_type']}"
        )
    known = Tokenizer.from_file(str(checkpoint / "tokenizer.json")).get_vocab()
    source = pieces(tokenizer)
    return Weights(
        config=config,
        tensors=load_file(checkpoint / "model.safetensors"),
        rows=tuple(known[piece] for piece in source),
        source=source,
        target=pieces(checkpoint / "tokenizer_target.json"),
    )


def pieces(tokenizer: Path) -> tuple[str, ...]:
    """The vocabulary of a tokenizer's file, in the order of the ids."""
    vocabulary = Tokenizer.from_file(str(tokenizer)).get_vocab()
    return tuple(sorted(vocabulary, key=vocabulary.__getitem__))


def variables_of(weights: Weights) -> Variables:
    """Each variable by its path in the specification."""
    return {**_encoder(weights), **_decoder(weights)}


def _encoder(weights: Weights) -> Variables:
    tensors = {
        name.removeprefix("encoder."): tensor
        for name, tensor in weights.tensors.items()
        if name.startswith("encoder.")
    }
    kinds = tensors["embeddings.token_type_embeddings.weight"]
    found = {
        "encoder/embeddings_0/weight": tensors["embeddings.word_embeddings.weight"][
            list(weights.rows)
        ],
        "encoder/position_encodings/encodings": tensors["embeddings.position_embeddings.weight"]
        + kinds[0],
        **_norm("encoder/layernorm_embedding", tensors, "embeddings.LayerNorm"),
    }
    for number in range(weights.config["encoder"]["num_hidden_layers"]):
        theirs, ours = f"encoder/layer_{number}", f"encoder.layer.{number}"
        read = [f"{ours}.attention.self.{part}" for part in ("query", "key", "value")]
        attention = f"{theirs}/self_attention"
        found |= {
            **_linear(f"{attention}/linear_0", tensors, *read),
            **_linear(f"{attention}/linear_1", tensors, f"{ours}.attention.output.dense"),
            **_norm(f"{attention}/layer_norm", tensors, f"{ours}.attention.output.LayerNorm"),
            **_linear(f"{theirs}/ffn/linear_0", tensors, f"{ours}.intermediate.dense"),
            **_linear(f"{theirs}/ffn/linear_1", tensors, f"{ours}.output.dense"),
            **_norm(f"{theirs}/ffn/layer_norm", tensors, f"{ours}.output.LayerNorm"),
        }
    return found


def _decoder(weights: Weights) -> Variables:
    tensors, embedding = weights.tensors, weights.tensors["decoder.embedding.weight"]
    found = {
        "decoder/embeddings/weight": embedding,
        "decoder/projection/weight": embedding,
        "decoder/position_encodings/encodings": sinusoids(LONGEST_TARGET, embedding.shape[1]),
        **_norm("decoder/layernorm_embedding", tensors, "decoder.norm"),
    }
    for number in range(weights.config["num_hidden_layers"]):
        theirs, ours = f"decoder/layer_{number}", f"decoder.layers.{number}"
        own = [f"{ours}.own.{part}" for part in ("query", "key", "value")]
        memory = [f"{ours}.cross.{part}" for part in ("key", "value")]
        found |= {
            **_linear(f"{theirs}/self_attention/linear_0", tensors, *own),
            **_linear(f"{theirs}/self_attention/linear_1", tensors, f"{ours}.own.output"),
            **_norm(f"{theirs}/self_attention/layer_norm", tensors, f"{ours}.own_norm"),
            **_linear(f"{theirs}/attention/linear_0", tensors, f"{ours}.cross.query"),
            **_linear(f"{theirs}/attention/linear_1", tensors, *memory),
            **_linear(f"{theirs}/attention/linear_2", tensors, f"{ours}.cross.output"),
            **_norm(f"{theirs}/attention/layer_norm", tensors, f"{ours}.cross_norm"),
            **_linear(f"{theirs}/ffn/linear_0", tensors, f"{ours}.up"),
            **_linear(f"{theirs}/ffn/linear_1", tensors, f"{ours}.down"),
            **_norm(f"{theirs}/ffn/layer_norm", tensors, f"{ours}.norm"),
        }
    return found


def _linear(path: str, tensors: Mapping[str, Array], *layers: str) -> Variables:
    """One matrix of layers that read the same states."""
    return {
        f"{path}/{part}": np.concatenate([tensors[f"{layer}.{part}"] for layer in layers])
        for part in ("weight", "bias")
    }


def _norm(path: str, tensors: Mapping[str, Array], ours: str) -> Variables:
    return {f"{path}/gamma": tensors[f"{ours}.weight"], f"{path}/beta": tensors[f"{ours}.bias"]}


def sinusoids(tokens: int, width: int) -> Array:
    """Positions of a decoder: the sines of all rates, then the cosines."""
    half = width // 2
    rates = np.exp(np.arange(half) * (-np.log(10_000.0) / half))
    angles = np.arange(tokens)[:, None] * rates
    return np.concatenate((np.sin(angles), np.cos(angles)), axis=1).astype(np.float32)
