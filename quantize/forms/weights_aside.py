"""Large constants of a graph in one file beside it, which the graphs of a search share.

A search writes and opens a graph for each mixture. Floats that a mixture leaves as they are would
be written each time, and be in memory again for each session: out of a file they are mapped.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
from onnx.external_data_helper import load_external_data_for_model

from edgebert.onnx_graph.in_memory.model_file import WeightFile
from edgebert.quantize.forms.prepared_graph import PreparedGraph

_FILE = "weights-aside.bin"


def put_weights_aside(prepared: PreparedGraph, folder: Path) -> PreparedGraph:
    """The same graph, whose large constants lie in a file of `folder`.

    Graphs that are written from it have to be in that folder, or take their weights back.
    """
    with WeightFile(folder / _FILE) as weights:
        for tensor in prepared.model.graph.initializer:
            tensor.CopyFrom(weights.put(tensor))
    # a message keeps the memory of what was taken out of it: another one takes its place
    model = onnx.ModelProto.FromString(prepared.model.SerializeToString())
    return replace(prepared, model=model, folder=folder)


def take_weights_back(model: onnx.ModelProto, folder: Path) -> None:
    """Put what lies in a file of `folder` into the graph again."""
    load_external_data_for_model(model, str(folder))
