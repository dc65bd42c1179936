"""How long a group of layers takes in each form on this machine: the latency model of a search.

Each group is timed by itself, in a graph of its own; groups of equal shapes are timed once. What
was measured is kept in the user's cache, because a choice that rests on it should come out the
same the next time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from edgebert.json_files import parse
from edgebert.onnx_graph.in_memory.edits import cut_out
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.parts import FLOAT, STATIC, TOKEN
from edgebert.quantize.forms.linear_layers import LayerGroup
from edgebert.quantize.forms.prepared_graph import PreparedGraph
from edgebert.quantize.forms.recipes import Recipes
from edgebert.quantize.search.places import Place
from edgebert.quantize.search.racing import TOKENS
from edgebert.user_cache import user_cache


def layer_times(
    recipes: Recipes,
    groups: Sequence[LayerGroup],
    forms: Sequence[str],
    scratch: Path,
    place: Place,
) -> dict[tuple[str, str], float]:
    """Milliseconds for 128 tokens on one thread, by group and form.

    Args:
        recipes: of the graph.
        groups: what is timed.
        forms: in which forms; `float` is always among them.
        scratch: a folder for graphs.
        place: where they run.
    """
    wanted = {
        (group.name, form): _kind(recipes, group, form)
        for group in groups
        for form in (*forms, FLOAT)
    }
    cache = _cache_file(place)
    known = _read_cache(cache)
    graphs: dict[str, Path] = {}
    for (name, form), kind in wanted.items():
        if kind not in known and kind not in graphs:
            group = next(group for group in groups if group.name == name)
            graphs[kind] = _alone(recipes, group, form, scratch / f"{len(graphs)}.onnx")
    known |= place.race(graphs, widened=graphs if recipes.saturates else ())
    if graphs:
        _write_cache(cache, known)
    runs = {group.name: len(group.values) for group in groups}  # of layers that share a weight
    return {key: known[kind] * runs[key[0]] for key, kind in wanted.items()}


def _kind(recipes: Recipes, group: LayerGroup, form: str) -> str:
    """Everything that the time depends on, as one string."""
    parts = [form, "contrib" if recipes.contrib else "standard", *_shapes(recipes, group)]
    if form in (TOKEN, STATIC):
        grid = recipes.integer_group(group, form).grid
        parts += [
            name
            for name, there in (
                ("multiplier", grid.multiplier is not None),
                ("offset", grid.offset is not None),
                ("signed", grid.zero_point > 0),
            )
            if there
        ]
        parts.append("saturating" if recipes.saturates else "any")
    return " ".join(parts)


def _shapes(recipes: Recipes, group: LayerGroup) -> list[str]:
    editor = GraphEditor(recipes.prepared.model)
    first = group.values[0]
    return [
        "x".join(map(str, editor.shape(layer.weight)))
        + ("a" if layer.attention else "")
        + ("b" if layer.bias else "")
        for layer in group.layers
        if layer.value == first
    ]


def _alone(recipes: Recipes, group: LayerGroup, form: str, path: Path) -> Path:
    """Write a graph of the layers of a group that read its first input, in one form."""
    source, value = recipes.prepared.model, group.values[0]
    layers = tuple(layer for layer in group.layers if layer.value == value)
    wanted = {output for layer in layers for output in (layer.output, layer.add) if output}
    nodes = [_without_others(node, value) for node in source.graph.node if node.output[0] in wanted]
    channels = GraphEditor(source).shape(layers[0].weight)[0]
    masks = [node.input[3] for node in nodes if len(node.input) > 3 and node.input[3]]
    model = cut_out(
        source,
        nodes,
        [
            helper.make_tensor_value_info(value, TensorProto.FLOAT, [1, TOKENS, channels]),
            *(
                helper.make_tensor_value_info(mask, TensorProto.INT32, [1, TOKENS])
                for mask in dict.fromkeys(masks)
            ),
        ],
        [
            helper.make_tensor_value_info(layer.add or layer.output, TensorProto.FLOAT, None)
            for layer in layers
        ],
    )
    prepared = PreparedGraph(model, (LayerGroup(layers),), (), recipes.prepared.folder)
    recipes.of_part(prepared).write({group.name: form}, path)
    return path


def _without_others(node: onnx.NodeProto, value: str) -> onnx.NodeProto:
    """A copy without what is added to the scores of an attention, which every form does alike."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    if copy.op_type == "Attention":
        del copy.input[4:]
    return copy


def _cache_file(place: Place) -> Path:
    digest = hashlib.sha256(place.about.encode()).hexdigest()[:16]
    return user_cache("layer-times") / f"{digest}.json"


def _read_cache(path: Path) -> dict[str, float]:
    try:
        read = parse(path.read_text(encoding="utf-8"))
        return {str(kind): float(ms) for kind, ms in read.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _write_cache(path: Path, times: dict[str, float]) -> None:
    beside = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(times, indent=1, sort_keys=True), encoding="utf-8")
        beside.replace(path)
    except OSError:
        return  # a read-only home measures again next time
