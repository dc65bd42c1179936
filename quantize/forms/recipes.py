"""What each group of layers becomes in each form, and graphs written from a choice of forms."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgebert.bounds import unknown_choice
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.in_memory.model_file import save_model
from edgebert.onnx_graph.parts import DYNAMIC, FLOAT, FORMS, STATIC, TOKEN, WEIGHT_ONLY
from edgebert.onnx_graph.saturation import saturation_error
from edgebert.quantize.forms.activation_samples import merged
from edgebert.quantize.forms.activations import ActivationSample, InputGrid, Moment, choose_grid
from edgebert.quantize.forms.dynamic import write_dynamic_group
from edgebert.quantize.forms.integers import QuantizedGroup, write_integer_group
from edgebert.quantize.forms.linear_layers import LayerGroup, LinearLayer
from edgebert.quantize.forms.prepared_graph import PreparedGraph
from edgebert.quantize.forms.rounding import Floats, IntegerWeight, round_weight
from edgebert.quantize.forms.weight_only import (
    BlockedWeight,
    block_weight,
    write_blocked_group,
    write_restored_group,
)
from edgebert.quantize.forms.weights_aside import take_weights_back

Plan = Mapping[str, str]
"""Name of each group -> its form."""

_CORRECTED_ROWS = 2048  # tokens that the mean error of a layer is taken over
_SATURATED_ROWS = 64


class Recipes:
    """Quantized forms of the groups of one graph, each worked out when it is first asked for.

    Args:
        prepared: the graph.
        samples: what calibration texts showed of each value; a few texts will do for `dynamic` and
            `weight-only`.
        contrib: whether onnxruntime's own operators may be written.
        saturates: whether sums of u8 x s8 may leave 16 bits, see `edgebert.quantize.forms.rounding`.
        dynamic_saturates: the same for the form `dynamic`, which has no texts to make up for it.
        bits: of weights in the form `weight-only`.
        activations: bits of inputs in the form `static`.
    """

    def __init__(
        self,
        prepared: PreparedGraph,
        samples: Mapping[str, ActivationSample],
        *,
        contrib: bool,
        saturates: bool,
        dynamic_saturates: bool = True,
        bits: int = 8,
        activations: int = 8,
    ) -> None:
        self.prepared = prepared
        self.saturates = saturates
        self.dynamic_saturates = dynamic_saturates
        self.contrib = contrib
        self.bits = bits
        self.activations = activations
        self._samples = samples
        self._floats = GraphEditor(prepared.model, prepared.folder)
        self._integer: dict[tuple[str, str], QuantizedGroup] = {}
        self._rounded: dict[str, IntegerWeight] = {}
        self._blocked: dict[str, BlockedWeight] = {}
        self._last: tuple[str, Moment] | None = None

    @property
    def groups(self) -> tuple[LayerGroup, ...]:
        """The linear layers of the graph."""
        return self.prepared.groups

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables of embeddings that are in int8."""
        return self.prepared.tables

    def write(self, plan: Plan, path: Path) -> None:
        """Write the graph with the forms of `plan`; groups that it does not name stay floats."""
        editor = self.prepared.editor()
        for group in self.prepared.groups:
            self._write_group(editor, group, plan.get(group.name, FLOAT))
        editor.drop_unused_constants()
        if self.prepared.folder not in (None, path.parent):
            take_weights_back(editor.model, self.prepared.folder)
        save_model(editor.model, path)

    def form(self, group: LayerGroup, scheme: str) -> str:
        """The form that a group gets where a scheme or a mixture asks for one.

        MatMulNBits multiplies a single row by another kernel than several, which ends in other
        digits, and onnxruntime takes standard operators on such rows for floats: layers that read
        one row for each text stay floats there.
        """
        one_row = any(self._samples[value].one_row for value in group.values)
        splits = scheme == WEIGHT_ONLY if self.contrib else scheme == STATIC
        return FLOAT if one_row and splits else scheme

    def possible(self, plan: Plan) -> dict[str, str]:
        """The forms that the groups of a plan get, see `form`."""
        return {g.name: self.form(g, plan[g.name]) for g in self.prepared.groups if g.name in plan}

    def widens(self, plan: Plan) -> bool:
        """Whether a graph with these forms holds weights whose sums can leave 16 bits."""
        forms = set(plan.values())
        saturating = {TOKEN, STATIC} if self.saturates else set()
        return bool(forms & (saturating | ({DYNAMIC} if self.dynamic_saturates else set())))

    def integer_group(self, group: LayerGroup, form: str) -> QuantizedGroup:
        """A group in the form `token` or `static`."""
        key = group.name, form
        if key not in self._integer:
            self._integer[key] = self._quantized(group, static=form == STATIC)
        return self._integer[key]

    def saturation(self, group: LayerGroup, layer: LinearLayer, form: str) -> float | None:
        """Error of a layer on CPUs without VNNI, as `LayerDecision` has it.

        None where no calibration texts showed its inputs.
        """
        if form not in (TOKEN, STATIC) or self.activations != 8:
            return None
        if not self.saturates:
            return 0.0
        quantized = self.integer_group(group, form)
        rows = self._samples[layer.value].rows[:_SATURATED_ROWS].astype(np.float32)
        codes, _ = quantized.grid.codes(quantized.grid.transformed(rows))
        weight = quantized.weights[layer.weight].values
        return saturation_error(codes.astype(np.uint8), quantized.grid.zero_point, weight)

    def of_part(self, part: PreparedGraph) -> Recipes:
        """The same forms for a graph that holds some of the layers, with their own names."""
        recipes = copy.copy(self)
        recipes.prepared = part
        return recipes

    def _write_group(self, editor: GraphEditor, group: LayerGroup, form: str) -> None:
        if form == FLOAT:
            return
        if form in (TOKEN, STATIC):
            # a part of the graph may hold some of the layers alone
            quantized = replace(self.integer_group(group, form), group=group)
            write_integer_group(editor, quantized, contrib=self.contrib)
        elif form == DYNAMIC:
            write_dynamic_group(editor, group, self._nearest(group), self._own_biases(group))
        elif form == WEIGHT_ONLY and self.contrib:
            blocked = {name: self._in_blocks(name) for name in group.weights}
            biases = self._own_biases(group)
            write_blocked_group(editor, group, blocked, biases, bits=self.bits)
        elif form == WEIGHT_ONLY:
            write_restored_group(editor, group, self._nearest(group), self._own_biases(group))
        else:
            raise unknown_choice("form", form, FORMS)

    def _quantized(self, group: LayerGroup, *, static: bool) -> QuantizedGroup:
        sample = merged([self._samples[value] for value in group.values])
        together = np.concatenate([self._floats.array(name) for name in group.weights], axis=1)
        grid = choose_grid(
            sample,
            together,
            static=static,
            saturates=self.saturates,
            bits=self.activations if static else 8,
        )
        rows = sample.rows.astype(np.float32)
        transformed = grid.transformed(rows)
        moment = self._moment(group, rows).transformed(grid)
        weights = {
            name: round_weight(
                grid.divided(self._floats.array(name)),
                saturates=self.saturates,
                second_moment=moment,
            )
            for name in group.weights
        }
        biases = {
            layer.output: self._corrected_bias(
                layer, grid, transformed[:_CORRECTED_ROWS], weights[layer.weight]
            )
            for layer in group.layers
        }
        return QuantizedGroup(group, grid, weights, biases)

    def _moment(self, group: LayerGroup, rows: Floats) -> Moment:
        """Kept until another group is asked for: its forms have the same."""
        if self._last is None or self._last[0] != group.name:
            self._last = group.name, Moment.of(rows)
        return self._last[1]

    def _corrected_bias(
        self, layer: LinearLayer, grid: InputGrid, transformed: Floats, weight: IntegerWeight
    ) -> Floats | None:
        """The bias, less what the offset of the inputs adds and what rounding adds on average."""
        bias = self._bias(layer)
        if bias is None and grid.offset is None:
            return None
        divided = grid.divided(self._floats.array(layer.weight))
        error = transformed.mean(axis=0) @ divided
        error -= grid.rounded(transformed).mean(axis=0) @ weight.floats
        offset = 0 if grid.offset is None else grid.offset @ divided
        return np.asarray((0 if bias is None else bias) + error - offset, np.float32)

    def _bias(self, layer: LinearLayer) -> Floats | None:
        return None if layer.bias is None else self._floats.array(layer.bias).reshape(-1)

    def _own_biases(self, group: LayerGroup) -> dict[str, Floats | None]:
        return {layer.output: self._bias(layer) for layer in group.layers}

    def _nearest(self, group: LayerGroup) -> dict[str, IntegerWeight]:
        for name in group.weights:
            if name not in self._rounded:
                weight = self._floats.array(name)
                self._rounded[name] = round_weight(weight, saturates=self.dynamic_saturates)
        return {name: self._rounded[name] for name in group.weights}

    def _in_blocks(self, name: str) -> BlockedWeight:
        if name not in self._blocked:
            self._blocked[name] = block_weight(self._floats.array(name), self.bits)
        return self._blocked[name]
