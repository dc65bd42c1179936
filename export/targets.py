"""The form of the graph that each target runs fastest, or at all."""

from __future__ import annotations

import onnx

from edgebert.export.options import ExportOptions
from edgebert.export.passes.idle_reshapes import drop_idle_reshapes
from edgebert.export.passes.layer_names import name_layers


def shape_for_target(model: onnx.ModelProto, options: ExportOptions) -> None:
    """Turn a freshly traced graph into the form for `options.target`, in place."""
    drop_idle_reshapes(model)
    name_layers(model)
