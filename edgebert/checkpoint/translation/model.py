"""An encoder of the BERT family and a decoder, as one model of transformers' kind."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel

from edgebert.checkpoint.translation.decoder import Decoder, DecoderShape
from edgebert.tasks.translation import Translation

TRANSLATION_MODEL = Translation.model_type


class TranslationConfig(PretrainedConfig):  # type: ignore[misc]
    """What config.json of a translation model says.

    Attributes:
        encoder: the configuration of the encoder, as its own folder has it.
        hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, hidden_act: of the
            decoder; the activation is "relu" or "gelu".
        vocab_size: tokens of the target.
        dropout: of the decoder, in training.
        pad_token_id, bos_token_id, eos_token_id: of the target.
    """

    model_type = TRANSLATION_MODEL

    encoder: dict[str, Any] | None = None
    hidden_size: int = 0
    num_hidden_layers: int = 2
    num_attention_heads: int = 0
    intermediate_size: int = 0
    hidden_act: str = "relu"
    vocab_size: int = 0
    dropout: float = 0.3
    pad_token_id: int | None = 0
    bos_token_id: int | None = 1
    eos_token_id: int | None = 2


class TranslationModel(PreTrainedModel):  # type: ignore[misc]
    """What an encoder says of a source, and a decoder that writes the target of it."""

    config_class = TranslationConfig
    base_model_prefix = "encoder"
    cut_part = "decoder"

    def __init__(self, config: Any, encoder: PreTrainedModel | None = None) -> None:
        super().__init__(config)
        self.encoder: PreTrainedModel = encoder or make_encoder(config.encoder)
        self.decoder = Decoder(
            DecoderShape(
                layers=config.num_hidden_layers,
                hidden=config.hidden_size,
                heads=config.num_attention_heads,
                intermediate=config.intermediate_size,
                memory=self.encoder.config.hidden_size,
                vocabulary=config.vocab_size,
                activation=config.hidden_act,
                dropout=config.dropout,
            )
        )
        self.post_init()
        start_at_random(self.decoder)

    @property
    def encoder_config(self) -> Any:
        return self.encoder.config

    def get_input_embeddings(self) -> nn.Embedding:
        found: nn.Embedding = self.encoder.get_input_embeddings()
        return found

    def read(self, source: dict[str, Tensor]) -> Tensor:
        """States of the encoder, float32 [rows, source tokens, width].

        An encoder that is not trained is run as in use: without dropout, and without a graph of
        gradients.
        """
        trained = any(weight.requires_grad for weight in self.encoder.parameters())
        if not trained:
            self.encoder.eval()
        with torch.set_grad_enabled(trained and torch.is_grad_enabled()):
            states: Tensor = self.encoder(**source).last_hidden_state
        return states

    def forward(self, source: dict[str, Tensor], target: Tensor) -> Tensor:
        """States of whole targets, float32 [rows, tokens, hidden], for `decoder.logits`.

        Args:
            source: inputs of the encoder, with its `attention_mask`.
            target: int64 [rows, tokens], each from the token that begins a target.
        """
        cross = self.decoder.cross(self.read(source))
        states, _ = self.decoder(target, cross, source["attention_mask"])
        return states  # type: ignore[no-any-return]


def settings_of(config: Any) -> dict[str, Any]:
    """What a configuration says of its model, and not of where it lay or who wrote it."""
    told: dict[str, Any] = config.to_diff_dict()
    kept = {key: value for key, value in told.items() if key not in _OF_FILES}
    return {"model_type": config.model_type, **kept}


_OF_FILES = ("_name_or_path", "transformers_version", "architectures", "dtype")


def make_encoder(config: dict[str, Any]) -> Any:
    """An encoder with random weights, of a configuration as in config.json."""
    return without_pooler(AutoModel.from_config(encoder_config(config)))


def encoder_config(config: dict[str, Any]) -> Any:
    """A configuration as in config.json, with the defaults of its family."""
    said = {key: value for key, value in config.items() if key != "model_type"}
    return AutoConfig.for_model(config["model_type"], **said)


def without_pooler(encoder: Any) -> Any:
    """Take out the layer on the first token that some encoders have, and no token needs.

    Not every family asks whether it is there.
    """
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = nn.Identity()
    return encoder


def start_at_random(decoder: Decoder) -> None:
    """Draw the weights: matrices by Glorot & Bengio 2010, embeddings by the width."""
    for module in decoder.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    nn.init.normal_(decoder.embedding.weight, std=decoder.shape.hidden**-0.5)


AutoConfig.register(TRANSLATION_MODEL, TranslationConfig)
