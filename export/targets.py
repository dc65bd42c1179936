"""The form of the graph that each target runs fastest, or at all."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from edgebert.export.half_precision import Batch, to_half_precision
from edgebert.export.options import ExportOptions
from edgebert.export.passes.bias_gelu import fuse_bias_gelu
from edgebert.export.passes.constants import fold_constants
from edgebert.export.passes.empty_rows import count_at_least_one_token
from edgebert.export.passes.idle_expands import drop_idle_expands
from edgebert.export.passes.idle_reshapes import drop_idle_reshapes
from edgebert.export.passes.layer_names import name_layers
from edgebert.export.passes.mean_pooling import pool_by_matmul
from edgebert.export.passes.merged_qkv import merge_qkv
from edgebert.export.passes.mobile_operators import use_mobile_operators
from edgebert.export.passes.shared_weights import share_weights
from edgebert.export.passes.skip_layer_norm import fuse_skip_layer_norm
from edgebert.export.passes.tied_weights import tie_weights
from edgebert.export.passes.transposed_weights import store_transposed

_EVERYWHERE = (
    count_at_least_one_token,
    drop_idle_reshapes,
    drop_idle_expands,
    store_transposed,
    share_weights,
    name_layers,
)

PASSES = {
    "cpu": (*_EVERYWHERE, merge_qkv, pool_by_matmul),
    "gpu": (*_EVERYWHERE, merge_qkv, fuse_skip_layer_norm, fuse_bias_gelu),
    "portable": _EVERYWHERE,
    "npu": (*_EVERYWHERE, use_mobile_operators),
}
"""What is done to a traced graph, in this order. `tests/benchmarks/forms.py` times the choices."""


def shape_for_target(
    model: onnx.ModelProto, options: ExportOptions, batches: Sequence[Batch] = ()
) -> None:
    """Turn a freshly traced graph into the form for `options.target`, in place.

    Args:
        model: the graph, with the exporter's shapes and notes in it.
        options: target and precision, settled.
        batches: inputs of real texts, which tell what half precision cannot hold.
    """
    for change in PASSES[options.target]:
        change(model)
    if options.target == "npu":
        model.CopyFrom(fold_constants(model))
    tie_weights(model)  # after folding, which would store the transpose again
    if options.precision == "fp16":
        model.CopyFrom(to_half_precision(model, batches))
    model.ir_version = onnx.helper.find_min_ir_version_for(model.opset_import, ignore_unknown=True)
