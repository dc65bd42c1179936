"""Which execution provider really runs which node: seen in one run, not taken from what is claimed.

onnxruntime hands whatever a provider does not take to the CPU, and says so nowhere that a program
reads. Two sources tell together: the profile of a run names the provider of every kernel, but a
part that a provider compiled as a whole is a single kernel there; the assignment that onnxruntime
records since 1.24 tells what went into those parts, but leaves out the nodes of providers that
change the layout of tensors (WebGPU).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgebert.errors import ProviderError
from edgebert.records.inspected import Placement

if TYPE_CHECKING:
    import onnxruntime

_HEAVY = ("MatMul", "Gemm", "Attention")
"""What the operators that do the work of an encoder have in their names, whatever their form."""

_FREE_SIZES = (1, 8)
"""Texts and tokens of the run, where a graph takes any number."""

_DTYPES = {
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(bool)": np.bool_,
}


def watch(options: onnxruntime.SessionOptions, folder: Path) -> None:
    """Have a session note where its nodes run.

    Args:
        options: of the session that will be made.
        folder: takes its notes until `read_placement` has read them.
    """
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "run")
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")


def read_placement(session: onnxruntime.InferenceSession, provider: str) -> Placement:
    """Run a watched session once, and tell where its nodes ran. It then works as any other.

    Args:
        session: made with options that `watch` changed.
        provider: the execution provider that was asked for, by onnxruntime's name.

    Raises:
        ProviderError: its answer is infinite or no number, or its notes cannot be read.
    """
    outputs = session.run(None, {value.name: _made_up(value) for value in session.get_inputs()})
    if not all(np.isfinite(output).all() for output in outputs):
        raise ProviderError("it answers with numbers that are not finite")
    try:
        profile = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProviderError(f"where its nodes run cannot be told: {error}") from error
    return placement_of(profile, _assigned(session, provider), provider)


def placement_of(
    profile: Sequence[Mapping[str, Any]], assigned: Counter[str], provider: str
) -> Placement:
    """Put the two sources together.

    Args:
        profile: the events of one run.
        assigned: how many nodes of each operator onnxruntime recorded to have given to `provider`.
        provider: the execution provider that was asked for.
    """
    nodes = _kernels(profile)
    own = nodes.get(provider, Counter())
    kernels = Counter({name: n for name, n in own.items() if not _is_compiled(name)})
    if own != kernels and assigned:
        nodes[provider] = kernels + (assigned - kernels)
    elsewhere = [counts for name, counts in nodes.items() if name != provider]
    return Placement(
        provider=provider,
        nodes={name: _most_first(nodes[name]) for name in sorted(nodes)},
        fell_back=_most_first(sum(map(_heavy, elsewhere), Counter())),
    )


def require_all(placement: Placement, what: object, way_out: str) -> None:
    """Hold that the provider that was asked for runs every MatMul and attention node.

    Args:
        placement: of the nodes.
        what: the bundle's path.
        way_out: where it does not.

    Raises:
        ProviderError: it does not; lists what runs elsewhere.
    """
    if not placement.fell_back:
        return
    lost = sum(placement.fell_back.values())
    heavy = sum(_heavy(Counter(counts)).total() for counts in placement.nodes.values())
    listed = ", ".join(f"{count} {name}" for name, count in placement.fell_back.items())
    others = " and ".join(name for name in placement.nodes if name != placement.provider)
    raise ProviderError(
        f"{placement.provider} does not run all of {what}: {lost} of {heavy} MatMul and attention "
        f"nodes fell back to {others} ({listed}); {way_out}"
    )


def _made_up(value: Any) -> np.ndarray[Any, Any]:
    """Ones for a mask and zeros, a token that every vocabulary has, for all else."""
    if value.type not in _DTYPES:
        raise ProviderError(f"its input {value.name} is a {value.type}, which was not expected")
    shape = [
        size if isinstance(size, int) else _FREE_SIZES[min(axis, 1)]
        for axis, size in enumerate(value.shape)
    ]
    make = np.ones if value.name == "attention_mask" else np.zeros
    return make(shape, _DTYPES[value.type])


def _kernels(profile: Sequence[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """How many kernels of each operator each provider ran."""
    ran = {
        (event["name"], did["node_index"], did["provider"], did["op_name"])
        for event in profile
        if event["cat"] == "Node" and "provider" in (did := event["args"])
    }
    nodes: dict[str, Counter[str]] = {}
    for _, _, provider, operator in ran:
        nodes.setdefault(provider, Counter())[operator] += 1
    return nodes


def _assigned(session: onnxruntime.InferenceSession, provider: str) -> Counter[str]:
    """The nodes that onnxruntime recorded to have given to a provider; before 1.24 none."""
    recorded = getattr(session, "get_provider_graph_assignment_info", list)
    return Counter(
        node.op_type for part in recorded() if part.ep_name == provider for node in part.get_nodes()
    )


def _is_compiled(operator: str) -> bool:
    """Whether a kernel is a part that its provider compiled: no operator's name has a `_`."""
    return "_" in operator


def _most_first(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _heavy(nodes: Counter[str]) -> Counter[str]:
    return Counter(
        {name: count for name, count in nodes.items() if any(word in name for word in _HEAVY)}
    )
