"""What we lean on in transformers, torch and onnxruntime: a failure here is a change upstream."""

from __future__ import annotations

import ast
import inspect
import warnings
from collections import Counter
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import transformers
from onnx import helper
from transformers import AttentionInterface
from transformers.masking_utils import (
    AttentionMaskInterface,
    bidirectional_mask_function,
    sliding_window_bidirectional_mask_function,
)

HEADS, SIZE, TOKENS = 2, 8, 5


@pytest.fixture(scope="module")
def symbolic_graph() -> onnx.ModelProto:
    """A module that emits one operator of its own, exported."""

    class Inner(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = torch.onnx.ops.symbolic(
                "com.microsoft::MultiHeadAttention",
                [x, x, x, None, None],
                attrs={"num_heads": HEADS, "scale": 0.25},
                dtype=x.dtype,
                shape=x.shape,
                version=1,
            )
            return result

    class Outer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.inner(x) + self.inner(2 * x)
            return result

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecations
        program = torch.onnx.export(
            Outer().eval(),
            (torch.zeros(2, TOKENS, 16),),
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def test_transformers_asks_the_registry_for_attention_and_mask() -> None:
    seen: list[str] = []

    def attention(module: torch.nn.Module, query: torch.Tensor, *_: object, **__: object) -> object:
        seen.append(type(module).__name__)
        return query.transpose(1, 2), None

    def mask(*_: object, **given: object) -> None:
        seen.append("mask")
        assert given["mask_function"] is bidirectional_mask_function
        assert {"attention_mask", "q_length", "kv_length"} <= set(given)

    AttentionInterface.register("canary", attention)
    AttentionMaskInterface.register("canary", mask)
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(**sizes, num_hidden_layers=2, vocab_size=9)
    model = transformers.AutoModel.from_config(config, attn_implementation="canary").eval()
    ids = torch.ones((1, 3), dtype=torch.int64)
    model(input_ids=ids, attention_mask=ids)
    assert seen == ["mask", "BertSelfAttention", "BertSelfAttention"]


def test_the_attention_may_be_chosen_after_loading() -> None:
    config = transformers.BertConfig(vocab_size=9, num_hidden_layers=1)
    config._attn_implementation = "edgebert_fused"
    assert config._attn_implementation == "edgebert_fused"


def test_a_sliding_window_is_a_function_of_two_places() -> None:
    queries, keys = torch.arange(6)[None, None, :, None], torch.arange(6)[None, None, None, :]
    seen = sliding_window_bidirectional_mask_function(2)(0, 0, queries, keys)
    distance = (torch.arange(6)[:, None] - torch.arange(6)[None, :]).abs()
    assert torch.equal(seen[0, 0], distance <= 2)


def test_deberta_and_mpnet_have_the_parts_that_we_replace() -> None:
    deberta = transformers.models.deberta_v2.modeling_deberta_v2
    mpnet = transformers.models.mpnet.modeling_mpnet
    for owner, names in (
        (deberta.DebertaV2Encoder, "get_attention_mask get_rel_pos get_rel_embedding"),
        (mpnet.MPNetEncoder, "compute_position_bias relative_position_bucket"),
    ):
        for name in names.split():
            assert callable(getattr(owner, name)), name
    taken = inspect.signature(deberta.DisentangledSelfAttention.forward).parameters
    assert list(taken)[1:] == [
        "hidden_states",
        "attention_mask",
        "output_attentions",
        "query_states",
        "relative_pos",
        "rel_embeddings",
    ]
    taken = inspect.signature(mpnet.MPNetSelfAttention.forward).parameters
    assert list(taken)[1:4] == ["hidden_states", "attention_mask", "position_bias"]


def test_layer_norm_and_gelu_pass_through_functions_that_a_mode_sees() -> None:
    seen: Counter[object] = Counter()

    class Count(torch.overrides.TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: object, args: Any = (), kwargs: Any = None
        ) -> object:
            seen[func] += 1
            return func(*args, **(kwargs or {}))

    with Count():
        torch.nn.LayerNorm(4)(torch.ones(1, 4))
        transformers.activations.ACT2FN["gelu"](torch.ones(4))
        torch.nn.GELU(approximate="tanh")(torch.ones(4))
    assert seen[torch.nn.functional.layer_norm] == 1
    assert seen[torch.nn.functional.gelu] == 2


def test_a_symbolic_operator_keeps_its_attributes_and_absent_inputs(
    symbolic_graph: onnx.ModelProto,
) -> None:
    nodes = [n for n in symbolic_graph.graph.node if n.op_type == "MultiHeadAttention"]
    assert len(nodes) == 2
    for node in nodes:
        values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        assert (node.domain, values) == ("com.microsoft", {"num_heads": HEADS, "scale": 0.25})
        assert [bool(name) for name in node.input[:3]] == [True] * 3
        assert not any(node.input[3:])


def test_a_node_names_the_module_that_it_came_from(symbolic_graph: onnx.ModelProto) -> None:
    (first, second) = (n for n in symbolic_graph.graph.node if n.op_type == "MultiHeadAttention")
    for node in (first, second):
        notes = {entry.key: entry.value for entry in node.metadata_props}
        scopes = ast.literal_eval(notes["pkg.torch.onnx.name_scopes"])
        assert scopes[:2] == ["", "inner"]
        assert len(scopes) == 3  # the last one is the node's own


@pytest.mark.parametrize("level", ["DISABLE_ALL", "ENABLE_BASIC", "ENABLE_EXTENDED", "ENABLE_ALL"])
@pytest.mark.parametrize("shape", [(1, 1), (1, HEADS), (2, HEADS)], ids=["1x1", "1xH", "BxH"])
def test_attention_takes_a_mask_of_keys_beside_a_bias_that_broadcasts(
    shape: tuple[int, int], level: str
) -> None:
    random = np.random.default_rng(0)
    query, key, value = random.normal(size=(3, 2, TOKENS, HEADS * SIZE)).astype(np.float32)
    bias = random.normal(size=(*shape, TOKENS, TOKENS)).astype(np.float32)
    mask = np.array([[0, 1, 1, 0, 1], [0, 0, 0, 0, 0]], np.int32)
    found = _attend(level, query=query, key=key, value=value, mask=mask, bias=bias)
    assert np.isfinite(found).all()  # a row that is all padding too
    expected = _softmax_attention(query, key, value, mask, bias)
    assert np.abs(found[0] - expected[0]).max() < 1e-5


def _attend(level: str, **inputs: np.ndarray) -> np.ndarray:
    kinds = {np.dtype(np.float32): onnx.TensorProto.FLOAT, np.dtype(np.int32): 6}
    node = helper.make_node(
        "MultiHeadAttention",
        ["query", "key", "value", "", "mask", "bias"],
        ["y"],
        domain="com.microsoft",
        num_heads=HEADS,
    )
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info(n, kinds[v.dtype], v.shape) for n, v in inputs.items()],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_{level}")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(["y"], inputs)
    return np.asarray(found)


def _softmax_attention(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, mask: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    q, k, v = (t.reshape(2, TOKENS, HEADS, SIZE).transpose(0, 2, 1, 3) for t in (query, key, value))
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(SIZE) + bias
    scores = np.where(mask[:, None, None, :] == 1, scores, -1e4)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    context = (weights / weights.sum(axis=-1, keepdims=True)) @ v
    return np.asarray(context.transpose(0, 2, 1, 3).reshape(2, TOKENS, HEADS * SIZE))
