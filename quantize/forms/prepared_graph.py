"""A float graph made ready: its linear layers found, its tables in int8."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx

from edgebert.errors import InputError
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.quantize.forms.embeddings import quantize_embeddings
from edgebert.quantize.forms.linear_layers import (
    LayerGroup,
    find_groups,
    name_after,
    name_layers,
    spell_out_gemms,
)
from edgebert.quantize.forms.tied_tables import turn_tied_tables
from edgebert.quantize.forms.tied_weights import untie_weights


@dataclass(frozen=True)
class PreparedGraph:
    """A graph whose layers are still floats.

    Attributes:
        model: the graph.
        groups: its linear layers, in order.
        tables: names of the tables of embeddings that are in int8.
        folder: where the file is that holds its large constants, if one does.
    """

    model: onnx.ModelProto
    groups: tuple[LayerGroup, ...]
    tables: tuple[str, ...]
    folder: Path | None = None

    def editor(self) -> GraphEditor:
        """A copy to write into."""
        copy = onnx.ModelProto()
        copy.CopyFrom(self.model)
        return GraphEditor(copy, self.folder)


def prepare_graph(path: Path, *, part: str = "") -> PreparedGraph:
    """Open a float graph and find what of it can be int8.

    Args:
        path: the graph.
        part: of a model of several graphs, what the names of this one's layers begin with; a table
            that is an output too is then kept once.

    Raises:
        InputError: it has no layer with a constant weight, and no table.
    """
    model = onnx.load(path)
    if part:
        turn_tied_tables(model)
    editor = GraphEditor(model)
    untie_weights(editor)
    spell_out_gemms(editor)
    name_layers(editor)
    if part:
        name_after(editor, part)
    groups = find_groups(editor)
    tables = quantize_embeddings(editor)
    if not groups and not tables:
        raise InputError(
            f"{path} has no MatMul with a constant weight and no table of embeddings: nothing to "
            "quantize"
        )
    editor.drop_unused_constants()
    return PreparedGraph(model, groups, tuple(tables))
