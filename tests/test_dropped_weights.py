"""Weights that do not fit their configuration: the cause is named, and none is left out in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tiny import make_checkpoint

from edgebert.checkpoint import open_checkpoint
from edgebert.checkpoint.pytorch import load_model
from edgebert.errors import CheckpointError
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.training.models import load_model as load_for_training

Weights = dict[str, torch.Tensor]
LABELS = ("off", "on", "tell")
QUERY = "bert.encoder.layer.0.attention.self.query"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "model", "BertForSequenceClassification", LABELS)


def rewrite(folder: Path, change: Callable[[Weights], Weights] = dict, **config: Any) -> None:
    weights = change(load_file(folder / "model.safetensors"))
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    said = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(said | config))


def complaint(folder: Path, task: str | None = None) -> str:
    with pytest.raises(CheckpointError) as refused:
        load_model(open_checkpoint(folder, task=task))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def before(prefix: str) -> Callable[[Weights], Weights]:
    return lambda weights: {prefix + name: value for name, value in weights.items()}


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "base_model.model."])
@pytest.mark.parametrize("task", [None, "feature-extraction"])
def test_a_prefix_of_what_wraps_a_model_is_named(
    prefix: str, task: str | None, checkpoint: Path
) -> None:
    rewrite(checkpoint, before(prefix))
    expected = (
        f"{checkpoint}: the names of its weights begin with {prefix!r}, as what wraps a model"
    )
    assert complaint(checkpoint, task).startswith(expected)
    with pytest.raises(CheckpointError, match=f"begin with '{prefix}'"):
        auto_class = transformers.AutoModelForSequenceClassification
        load_for_training(auto_class, open_checkpoint(checkpoint), {})


@pytest.mark.parametrize("task", [None, "feature-extraction"])
def test_layers_that_the_configuration_does_not_have_are_named(
    task: str | None, checkpoint: Path
) -> None:
    rewrite(checkpoint, num_hidden_layers=1)
    assert complaint(checkpoint, task) == (
        f"{checkpoint} holds 16 weights that its config.json has no place for, such as "
        "encoder.layer.1.attention.output.LayerNorm.bias: it says 1 layers. One of the two is not "
        "the model's own"
    )
    with pytest.raises(CheckpointError, match="holds 16 weights"):
        load_for_training(transformers.AutoModel, open_checkpoint(checkpoint), {})


def test_layers_that_the_weights_do_not_have_are_named(checkpoint: Path) -> None:
    rewrite(checkpoint, num_hidden_layers=3)
    assert "has no fitting weights for bert.encoder.layer.2." in complaint(checkpoint)


def test_weights_of_another_shape_are_named_with_both(checkpoint: Path) -> None:
    rewrite(checkpoint, vocab_size=70)
    assert complaint(checkpoint) == (
        f"{checkpoint} has no fitting weights for bert.embeddings.word_embeddings.weight: it is "
        "65 x 64 there, not 70 x 64, or config.json is not its own"
    )


@pytest.mark.parametrize("name", [f"{QUERY}.lora_A.default.weight", f"{QUERY}.adapters.a.weight"])
def test_adapters_among_the_weights_are_named(name: str, checkpoint: Path) -> None:
    rewrite(checkpoint, lambda weights: weights | {name: torch.ones(4, 64)})
    assert complaint(checkpoint).endswith(
        "an adapter changes the model: merge it into the weights first"
    )


def test_a_part_of_the_encoder_that_the_family_does_not_have_is_named(checkpoint: Path) -> None:
    name = f"{QUERY}.weight_scale"
    rewrite(checkpoint, lambda weights: weights | {name: torch.ones(64)})
    assert "such as encoder.layer.0.attention.self.query.weight_scale" in complaint(checkpoint)


def test_an_adapter_folder_is_told(checkpoint: Path) -> None:
    (checkpoint / "adapter_config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"holds an adapter \(adapter_config\.json\)"):
        open_checkpoint(checkpoint)


def test_other_heads_and_what_old_versions_saved_may_be_left_out(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", "BertForPreTraining")
    expected = CheckpointModel(open_checkpoint(folder)).outputs(["turn on the lamp"])

    def as_of_old(weights: Weights) -> Weights:
        renamed = {
            name.replace("LayerNorm.weight", "LayerNorm.gamma"): value
            for name, value in weights.items()
        }
        return renamed | {"bert.embeddings.position_ids": torch.arange(64)[None]}

    rewrite(folder, as_of_old)
    found = CheckpointModel(open_checkpoint(folder)).outputs(["turn on the lamp"])
    np.testing.assert_array_equal(found, expected)
