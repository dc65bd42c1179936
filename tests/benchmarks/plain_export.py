"""The ONNX file that the ONNX peers start from, as the ecosystem's exporters write it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
import transformers

from benchmarks.protocol import Sources

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_OUTPUT = "last_hidden_state"


class _Encoder(torch.nn.Module):
    """The model with its inputs by position, as a trace wants them."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.model(**dict(zip(_INPUTS, inputs, strict=True)))[_OUTPUT]


def plain_onnx(sources: Sources) -> Path:
    """Export once with the TorchScript exporter, which optimum-onnx uses.

    With eager attention, because onnxruntime's own optimizer finds the attention of that graph, and
    none in one of scaled_dot_product_attention: the peers get the better of the two.
    """
    path = sources.folder / "plain" / "model.onnx"
    if path.exists():
        return path
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".part")
    model = transformers.AutoModel.from_pretrained(
        sources.checkpoint, attn_implementation="eager", dtype=torch.float32
    )
    ids = torch.full((2, 16), 1000)
    dynamic = {name: {0: "batch", 1: "sequence"} for name in (*_INPUTS, _OUTPUT)}
    with warnings.catch_warnings(action="ignore"):  # the exporter's own deprecation
        torch.onnx.export(
            _Encoder(model).eval(),
            (ids, torch.ones_like(ids), torch.zeros_like(ids)),
            beside,
            input_names=list(_INPUTS),
            output_names=[_OUTPUT],
            dynamic_axes=dynamic,
            opset_version=17,
            dynamo=False,
        )
    return beside.rename(path)


def fused_onnx(sources: Sources) -> Path:
    """The plain export after onnxruntime's transformer optimizer (optimum's level O2)."""
    from onnxruntime.transformers.optimizer import optimize_model

    path = plain_onnx(sources).with_name("fused.onnx")
    if not path.exists():
        plain = str(plain_onnx(sources))
        model = optimize_model(plain, model_type="bert", num_heads=12, hidden_size=384)
        model.save_model_to_file(str(path))
    return path


class _KeywordEncoder(torch.nn.Module):
    """The model with its inputs by name, as the newer exporter wants them."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor,
    ) -> Any:
        inputs = (input_ids, attention_mask, token_type_ids)
        return self.model(**dict(zip(_INPUTS, inputs, strict=True)))[_OUTPUT]


def default_onnx(sources: Sources) -> Path:
    """What `torch.onnx.export` gives today when nothing is chosen: dynamo, sdpa attention."""
    path = sources.folder / "default.onnx"
    model = transformers.AutoModel.from_pretrained(sources.checkpoint, dtype=torch.float32)
    ids = torch.full((2, 16), 1000)
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence", max=512)}
    with warnings.catch_warnings(action="ignore"):
        program: Any = torch.onnx.export(
            _KeywordEncoder(model).eval(),
            kwargs=dict(
                zip(_INPUTS, (ids, torch.ones_like(ids), torch.zeros_like(ids)), strict=True)
            ),
            input_names=list(_INPUTS),
            output_names=[_OUTPUT],
            dynamic_shapes=dict.fromkeys(_INPUTS, axes),
            dynamo=True,
            verbose=False,
        )
    program.save(str(path))
    return path
