"""The tier of published configurations: its bounds, and checkpoints in which every weight matters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from published.checkpoints import configuration, make_published, redraw_by_width
from published.configurations import PUBLISHED, Published
from published.record import Row

from edgebert.checkpoint import open_checkpoint
from edgebert.export.operators.expected_operators import FUSED_FAMILIES
from edgebert.references.pytorch_model import CheckpointModel

ROW = Row("bert", "bert-base", None, 512, {}, "", "", 1e-6, 60.0, 90.0, 2.0)


def test_every_family_that_is_promised_is_tried_as_it_is_published() -> None:
    assert {published.model_type for published in PUBLISHED.values()} >= FUSED_FAMILIES


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_configuration_is_as_published_and_small_enough_to_try(name: str) -> None:
    published = PUBLISHED[name]
    config = configuration(published)
    assert config.vocab_size == 512
    for key, value in published.values.items():
        assert getattr(config, key) == value, key
    model_class = transformers.AutoModelForTextEncoding if name == "t5" else transformers.AutoModel
    with torch.device("meta"):
        model = model_class.from_config(config)
    assert sum(parameter.numel() for parameter in model.parameters()) < 400e6


def test_every_parameter_of_a_published_checkpoint_is_drawn_anew(tmp_path: Path) -> None:
    sizes = {"num_hidden_layers": 1, "hidden_size": 96, "intermediate_size": 64}
    folder = make_published(tmp_path / "bert", Published("narrow", "bert", sizes))
    reference = CheckpointModel(open_checkpoint(folder))
    for name, parameter in reference.model.state_dict().items():
        assert float(parameter.std()) > 0.05, name
        if name.endswith("LayerNorm.weight"):
            assert 0.9 < float(parameter.mean()) < 1.1, name
    (hidden,) = reference.run(reference.encode(["turn on the lamp"]))["last_hidden_state"]
    assert 0.5 < float(np.sqrt(np.mean(hidden**2))) < 2.0


def test_weights_are_drawn_alike_each_time() -> None:
    def drawn() -> torch.Tensor:
        torch.manual_seed(1)
        layer = torch.nn.Linear(8, 8)
        redraw_by_width(layer)
        return layer.weight.detach()

    assert torch.equal(drawn(), drawn())


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (ROW, None),
        (replace(ROW, refused="it was not"), "bert: it was not"),
        (replace(ROW, peak_gb=4.5), "bert, 512 tokens: 4.5 GB, more than 4"),
        (replace(ROW, cpu_seconds=400.0), "bert, 512 tokens: 400 s of CPU time, more than 360"),
        (replace(ROW, max_length=8192, peak_gb=9.0, cpu_seconds=999.0), None),
        (replace(ROW, max_length=8192, peak_gb=11.0), "bert, 8192 tokens: 11.0 GB, more than 10"),
    ],
)
def test_a_row_is_held_to_what_an_export_may_cost(row: Row, sentence: str | None) -> None:
    assert list(row.broken()) == ([sentence] if sentence else [])
