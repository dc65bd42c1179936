"""What is no text encoder is refused by name, in one line, before its weights are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import transformers
from families import as_embedder
from tiny import VOCABULARY, write_tokenizer

from edgebert.errors import CheckpointError
from edgebert.export import ExportOptions, export_model
from edgebert.export.source.opened_checkpoint import opened_checkpoint
from edgebert.records.manifest import Count

_GPT2: dict[str, Any] = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 32}
_LLAMA: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}
_T5: dict[str, Any] = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
_BART: dict[str, Any] = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
}
_SPECIAL: dict[str, Any] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}


def make(folder: Path, architecture: str, **config: Any) -> Path:
    """Write a checkpoint of a class of transformers, by its name."""
    model_class = getattr(transformers, architecture)
    values = {"vocab_size": len(VOCABULARY), **_SPECIAL, **config}
    model_class(model_class.config_class(**values)).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


@pytest.mark.parametrize(
    ("architecture", "config", "reason"),
    [
        ("GPT2LMHeadModel", _GPT2, r"is a decoder \(gpt2\), which writes text"),
        ("LlamaForCausalLM", _LLAMA, r"is a decoder \(llama\), which writes text"),
        (
            "BertLMHeadModel",
            {"hidden_size": 16, "num_attention_heads": 2, "is_decoder": True},
            r"is a decoder \(its config.json says is_decoder\)",
        ),
        ("BartModel", _BART, "bart has a decoder"),
        ("T5ForConditionalGeneration", _T5, "t5 has a decoder"),
    ],
)
def test_a_model_that_writes_text_is_refused_by_name(
    architecture: str, config: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    folder = make(tmp_path / "made", architecture, **config)
    with pytest.raises(CheckpointError, match=reason) as caught:
        export_model(folder, tmp_path / "bundle")
    assert "only encoders are exported" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_encoder_whose_family_has_a_decoder_is_exported(tmp_path: Path) -> None:
    folder = make(tmp_path / "made", "T5EncoderModel", n_positions=32, **_T5)
    record = export_model(folder, tmp_path / "bundle")
    assert record.coverage["attention"] == Count(1, 1)
    assert record.unfused == {}


def test_a_decoder_that_embeds_or_classifies_is_not_refused(tmp_path: Path) -> None:
    plain = make(tmp_path / "plain", "LlamaForCausalLM", **_LLAMA)
    with opened_checkpoint(plain, ExportOptions(task="feature-extraction")) as opened:
        assert opened.checkpoint.architecture == "llama"
    classifier = make(tmp_path / "classifier", "GPT2ForSequenceClassification", **_GPT2)
    with opened_checkpoint(classifier, ExportOptions()) as opened:
        assert opened.checkpoint.task == "text-classification"
    embedder = as_embedder(plain, {"pooling_mode": "lasttoken"})
    with opened_checkpoint(embedder, ExportOptions()) as opened:
        assert opened.checkpoint.pooling == "lasttoken"


def test_bigbird_is_exported_as_long_as_it_looks_everywhere(tmp_path: Path) -> None:
    folder = make(
        tmp_path / "bird",
        "BigBirdModel",
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=256,
        block_size=8,
        num_random_blocks=2,
        sep_token_id=3,
    )
    with pytest.raises(CheckpointError, match=r"more than 72 tokens.*--max-length 72"):
        export_model(folder, tmp_path / "bundle")
    with opened_checkpoint(folder, ExportOptions(max_length=72)) as opened:
        assert opened.checkpoint.max_length == 72
