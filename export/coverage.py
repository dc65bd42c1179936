"""What the architecture implies, against what the graph holds: a lost fusion fails the export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optimum.utils import NormalizedConfigManager

from edgebert.graph.reading import read_graph
from edgebert.inspect import count_coverage
from edgebert.records.manifest import Count

_GELU = frozenset({"gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python"})


def count_layers(config: Any) -> int:
    """Encoder layers of a transformers config, whatever its family calls them."""
    normalized = NormalizedConfigManager.get_normalized_config_class(config.model_type)
    return int(normalized(config).num_layers)


def coverage_of(path: Path, config: Any, layer_norms: int) -> dict[str, Count]:
    """Expected and found counts of fused operators.

    Args:
        path: the graph.
        config: the transformers config.
        layer_norms: LayerNorm modules of the PyTorch model.
    """
    found = count_coverage(read_graph(path))
    layers = count_layers(config)
    activation = getattr(config, "hidden_act", None) or getattr(config, "activation", "")
    expected = {
        "attention": layers,
        "layer_norm": layer_norms,
        "gelu": layers if activation in _GELU else 0,
    }
    return {name: Count(expected[name], found.get(name, 0)) for name in expected}


def lost_coverage(coverage: dict[str, Count]) -> list[str]:
    """One sentence for each kind of operator of which there are fewer than there should be."""
    return [
        f"{name.replace('_', ' ')} is fused in {count.found} of {count.expected} places"
        for name, count in coverage.items()
        if count.found < count.expected
    ]
