"""A trace takes the form that was asked for, and says what it cannot fuse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import transformers
from families import FAMILIES, make_embedder
from tiny import VOCABULARY

from edgebert.checkpoint import open_checkpoint
from edgebert.checkpoint.pytorch import load_model
from edgebert.errors import CheckpointError
from edgebert.export import ExportOptions
from edgebert.export.operators.coverage import coverage_of
from edgebert.export.operators.expected_operators import Traced, expected_operators
from edgebert.export.operators.operator_trace import OperatorTrace
from edgebert.export.targets import shape_for_target
from edgebert.export.tracing import trace
from edgebert.records.manifest import Count
from edgebert.references.pytorch_model import CheckpointModel

_SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "max_position_embeddings": 66,
}


@dataclass(frozen=True)
class Outcome:
    """A trace, its graph, and the largest difference to PyTorch at real tokens."""

    traced: Traced
    model: onnx.ModelProto
    difference: float

    @property
    def operators(self) -> set[str]:
        return {node.op_type for node in self.model.graph.node}

    @property
    def domains(self) -> set[str]:
        return {node.domain for node in self.model.graph.node}

    def found(self, part: str) -> int:
        return coverage_of(self.model, self.traced)[part].found


@pytest.mark.parametrize(("family", "opset"), [("distilbert", 18), ("modernbert", 23)])
def test_a_graph_has_the_opset_that_was_asked_for(family: str, opset: int, tmp_path: Path) -> None:
    # at 23 the exporter's own fusion of rotary positions would only fit a batch of one
    outcome = _trace(family, tmp_path, ExportOptions(opset=opset))
    assert {entry.domain: entry.version for entry in outcome.model.opset_import}[""] == opset
    assert outcome.difference < 1e-4
    expected = outcome.traced.expected["gelu"]
    assert (len(expected), outcome.found("gelu")) == ((0, 0) if opset == 18 else (2, 2))
    assert ("gelu" in outcome.traced.unfused) is (opset == 18)


def test_ids_may_be_int32(tmp_path: Path) -> None:
    outcome = _trace("mpnet", tmp_path, ExportOptions(ids="int32"))
    types = {value.type.tensor_type.elem_type for value in outcome.model.graph.input}
    assert types == {onnx.TensorProto.INT32}
    assert outcome.difference < 1e-4


@pytest.mark.parametrize("family", ["deberta-v2", "modernbert"])
def test_the_portable_target_is_standard_operators(family: str, tmp_path: Path) -> None:
    outcome = _trace(family, tmp_path, ExportOptions(target="portable"))
    assert outcome.domains == {""}
    assert outcome.difference < 1e-4
    assert outcome.traced.unfused == {
        "attention": "target portable is made of standard operators only"
    }


def test_the_npu_target_is_standard_operators_of_one_shape(tmp_path: Path) -> None:
    outcome = _trace("mpnet", tmp_path, ExportOptions(target="npu", fixed_shape=(3, 16)))
    assert outcome.domains == {""}
    for value in outcome.model.graph.input:
        assert [d.dim_value for d in value.type.tensor_type.shape.dim] == [3, 16]
    assert outcome.difference < 1e-4
    constants = [onnx.numpy_helper.to_array(t) for t in outcome.model.graph.initializer]
    assert min(float(array.min()) for array in constants if array.size == 1) == -1e4


@pytest.mark.parametrize("activation", ["gelu_new", "relu"])
def test_an_activation_is_counted_as_what_it_is(activation: str, tmp_path: Path) -> None:
    outcome = _trace("bert", tmp_path, ExportOptions(), hidden_act=activation, num_hidden_layers=1)
    assert outcome.difference < 1e-4
    gelus = 1 if activation == "gelu_new" else 0  # spelled out in transformers, one operator here
    assert (len(outcome.traced.expected["gelu"]), outcome.found("gelu")) == (gelus, gelus)


def test_a_family_that_is_not_named_is_fused_if_its_attention_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAMILIES, "ernie", lambda: transformers.ErnieConfig(**_SIZES))
    outcome = _trace("ernie", tmp_path, ExportOptions(), num_hidden_layers=1)
    assert outcome.found("attention") == len(outcome.traced.expected["attention"]) == 1
    assert outcome.traced.unfused == {}
    assert outcome.difference < 1e-4
    assert outcome.traced.expected["qkv"] == ()
    shape_for_target(outcome.model, ExportOptions())  # merges what nobody promised
    assert coverage_of(outcome.model, outcome.traced)["qkv"] == Count(1, 1)


@pytest.mark.parametrize("config_class", [transformers.BertConfig, transformers.RoFormerConfig])
def test_layers_that_the_trace_missed_are_still_expected(config_class: Any) -> None:
    config = config_class(**_SIZES)
    traced = expected_operators(OperatorTrace((), (), (), ()), config, {}, ExportOptions())
    assert traced.expected["attention"] == ("attention 1", "attention 2")


def test_a_family_that_computes_attention_itself_is_exported_unfused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = transformers.IBertConfig(**_SIZES, pad_token_id=0)
    monkeypatch.setitem(FAMILIES, "ibert", lambda: config)
    outcome = _trace("ibert", tmp_path, ExportOptions(), num_hidden_layers=1)
    assert outcome.traced.expected["attention"] == ()
    assert outcome.traced.unfused["attention"].startswith("ibert computes its attention")
    assert "Softmax" in outcome.operators
    assert outcome.difference < 1e-4


def test_deberta_reaches_beyond_its_buckets_and_512_tokens(tmp_path: Path) -> None:
    """With all that its second and third version may have."""
    outcome = _trace(
        "deberta-v2",
        tmp_path,
        ExportOptions(),
        tokens=600,
        num_hidden_layers=1,
        max_position_embeddings=640,
        position_buckets=256,
        position_biased_input=True,
        share_att_key=False,
        type_vocab_size=2,
        conv_kernel_size=3,
        conv_act="gelu",
    )
    assert outcome.found("attention") == 1
    assert outcome.difference < 1e-4


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            transformers.LongformerConfig(**_SIZES, attention_window=8, pad_token_id=0),
            "longformer cannot be exported: what it computes depends on the values of its inputs",
        ),
        (
            transformers.CanineConfig(**{k: v for k, v in _SIZES.items() if k != "vocab_size"}),
            "canine cannot be exported: .* has no attribute 'vocab_size'",
        ),
        (
            transformers.T5Config(vocab_size=99, d_model=8, d_ff=8, num_layers=1, num_heads=1),
            "t5 has a decoder; only encoders are exported",
        ),
    ],
    ids=lambda value: getattr(value, "model_type", ""),
)
def test_a_model_that_cannot_be_traced_is_refused_in_one_line(
    config: Any,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(FAMILIES, config.model_type, lambda: config)
    folder = make_embedder(tmp_path / config.model_type, config.model_type)
    capfd.readouterr()
    with pytest.raises(CheckpointError, match=reason) as caught:
        trace(open_checkpoint(folder), tmp_path / "model.onnx", ExportOptions())
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_branch_that_no_output_needs_is_not_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last layer of LiLT works on the layout as well, and nothing reads it."""
    sizes = {**_SIZES, "hidden_size": 96, "max_2d_position_embeddings": 64}
    monkeypatch.setitem(FAMILIES, "lilt", lambda: transformers.LiltConfig(**sizes, pad_token_id=0))
    outcome = _trace("lilt", tmp_path, ExportOptions())
    for part, count in (("layer_norm", 8), ("gelu", 3)):
        assert (len(outcome.traced.expected[part]), outcome.found(part)) == (count, count)
    assert outcome.difference < 1e-4


def test_a_table_that_pytorch_reads_beyond_its_end_is_refused_in_one_line(tmp_path: Path) -> None:
    """Transformers' MPNet counts 32 distances whatever its configuration says."""
    with pytest.raises(CheckpointError, match="mpnet cannot be exported: index out of range"):
        _trace("mpnet", tmp_path, ExportOptions(), relative_attention_num_buckets=16)


def test_a_trace_keeps_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever keeps the model or the graph: a large checkpoint would be in memory once more."""
    parameters: list[torch.nn.Parameter] = []

    def loaded(*args: Any, **options: Any) -> Any:
        model = load_model(*args, **options)
        parameters.extend(model.parameters())
        return model

    monkeypatch.setattr("edgebert.export.tracing.load_model", loaded)
    _trace("bert", tmp_path, ExportOptions(), num_hidden_layers=1)
    assert len(parameters) > 20
    assert not any(parameter.numel() for parameter in parameters)


def _trace(
    family: str, folder: Path, options: ExportOptions, tokens: int = 16, **config: Any
) -> Outcome:
    checkpoint = open_checkpoint(make_embedder(folder / family, family, **config))
    path = folder / "model.onnx"
    traced = trace(checkpoint, path, options)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = _inputs({value.name for value in session.get_inputs()}, tokens)
    expected = CheckpointModel(checkpoint).run(inputs)["last_hidden_state"]
    kind = np.int32 if options.ids == "int32" else np.int64
    given = {name: values.astype(kind) for name, values in inputs.items()}
    (found,) = session.run(["last_hidden_state"], given)
    real = inputs["attention_mask"].astype(bool)
    return Outcome(traced, onnx.load(path), float(np.abs(found - expected)[real].max()))


def _inputs(names: set[str], tokens: int) -> dict[str, np.ndarray]:
    """Three texts: one whole, one with padding on the left, one with a hole."""
    mask = np.ones((3, tokens), np.int64)
    mask[1, : tokens // 2] = 0
    mask[2, 3:6] = 0
    random = np.random.default_rng(0)
    inputs = {
        "input_ids": random.integers(5, len(VOCABULARY), mask.shape) * mask,
        "attention_mask": mask,
        "token_type_ids": random.integers(0, 2, mask.shape),
    }
    return {name: inputs[name] for name in names}
