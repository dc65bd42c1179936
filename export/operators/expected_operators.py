"""What the graph of an architecture should hold as single operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optimum.utils import NormalizedConfigManager

from edgebert.export.operators.operator_trace import OperatorTrace
from edgebert.export.options import ExportOptions

FUSED_FAMILIES = frozenset(
    (
        "albert",
        "bert",
        "camembert",
        "deberta",
        "deberta-v2",
        "distilbert",
        "electra",
        "modernbert",
        "mpnet",
        "nomic_bert",
        "rembert",
        "roberta",
        "roformer",
        "squeezebert",
        "xlm-roberta",
    )
)
"""Promised to be fused in every layer: one that is not fails, where others export unfused."""

_MERGED_FAMILIES = FUSED_FAMILIES - {
    "deberta",
    "deberta-v2",
    "modernbert",
    "nomic_bert",
    "roformer",
    "squeezebert",
}
"""Those whose projections of query, key and value run as one: nothing lies behind them, such as
rotary positions, and they are not in groups."""

FUSED_TARGETS = ("cpu", "gpu")
"""The others are made of standard operators only."""

_GELU_OPSET = 20


@dataclass(frozen=True)
class Traced:
    """What was traced.

    Attributes:
        expected: the parts that should be single operators ("attention", "qkv", "layer_norm",
            "gelu"), each with the paths of its modules in the checkpoint's model, one for each
            time that a module runs.
        unfused: what is not one operator, and why.
    """

    expected: dict[str, tuple[str, ...]]
    unfused: dict[str, str]


def expected_operators(
    ran: OperatorTrace, config: Any, unfused: dict[str, str], options: ExportOptions
) -> Traced:
    """What the graph should hold of what the architecture runs.

    Args:
        ran: what it runs.
        config: its transformers config.
        unfused: what is already known to stay outside of fused operators, and why.
        options: target and opset.
    """
    attention, reason = _attention(ran, config, options.target, unfused)
    reasons = {"attention": reason} if reason else unfused
    expected = {
        "attention": attention,
        "qkv": attention if config.model_type in _MERGED_FAMILIES else (),
    }
    names = {part: tuple(map(name_in_checkpoint, paths)) for part, paths in expected.items()}
    beside = expected_beside_attention(ran, options)
    return Traced(names | beside.expected, reasons | beside.unfused)


def expected_beside_attention(ran: OperatorTrace, options: ExportOptions) -> Traced:
    """What of a graph should be single operators, its attention aside; arguments as above."""
    gelu, reasons = ran.gelu, {}
    if options.opset < _GELU_OPSET and gelu:
        gelu, reasons = (), {"gelu": f"opset {options.opset} has no Gelu operator"}
    expected = {"layer_norm": ran.layer_norm, "gelu": gelu}
    names = {part: tuple(map(name_in_checkpoint, paths)) for part, paths in expected.items()}
    return Traced(names, reasons)


def name_in_checkpoint(path: str) -> str:
    """Path of a module, from the traced module around the checkpoint's model down, without it."""
    return path.partition(".")[2]


def count_layers(config: Any) -> int:
    """Encoder layers of a transformers config, whatever its family calls them."""
    try:
        normalized = NormalizedConfigManager.get_normalized_config_class(config.model_type)
    except KeyError:  # a family that optimum does not know
        return int(config.num_hidden_layers)
    return int(normalized(config).num_layers)


def _attention(
    ran: OperatorTrace, config: Any, target: str, unfused: dict[str, str]
) -> tuple[tuple[str, ...], str | None]:
    """Layers that should be fused, and why not all are."""
    if count_layers(config) == 0:
        return (), None
    if target not in FUSED_TARGETS:
        return (), f"target {target} is made of standard operators only"
    if "attention" in unfused:
        return ran.open_attention, unfused["attention"]
    architecture = config.model_type
    if architecture in FUSED_FAMILIES:
        # the configuration counts too, lest a class with a new name be missed in the trace
        missed = range(len(ran.attention), count_layers(config))
        return (*ran.attention, *(f"model.attention {n + 1}" for n in missed)), None
    closed = [name for name in ran.attention if name not in ran.open_attention]
    if ran.open_attention and not closed:
        return ran.open_attention, None
    where = f" in {len(closed)} of {len(ran.attention)} layers" if ran.open_attention else ""
    return ran.open_attention, (
        f"{architecture} computes its attention itself{where}, in a way that edgebert does not know"
    )
