"""The graphs of a model as kernels run them: rewritten once, for all sessions of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgebert.bundle import ModelFiles
from edgebert.records.fingerprint import kernels_engine
from edgebert.runtimes.kernels.library import KernelLibrary


@dataclass(frozen=True)
class RunningKernels:
    """What of a loaded model edgebert's kernels run.

    Attributes:
        arithmetic: its number, as in the model's fingerprint.
        version: of the wheel that they come from.
        instruction_set: that they use on this CPU; it changes no bit.
        exact: whether every CPU gives the same bits: all that rounds is theirs, and floats.
        bf16: whether attention multiplies numbers of bfloat16.
        layers: names of the layers that they run.
        left: names of the layers that are left to onnxruntime.
    """

    arithmetic: int
    version: str
    instruction_set: str
    exact: bool
    bf16: bool
    layers: tuple[str, ...] = field(repr=False)
    left: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        return f"kernels ({self.instruction_set}{', attention in bfloat16' if self.bf16 else ''})"

    @property
    def engine(self) -> str:
        """What a fingerprint calls them."""
        return kernels_engine(self.arithmetic, bf16=self.bf16)


@dataclass(frozen=True, eq=False)
class RewrittenGraph:
    """A graph of which kernels run what they can.

    Attributes:
        graph: an ONNX file, of whose weights some lie in the file that it was made of.
        tables: constants that its sessions share, by name: values of onnxruntime, which it does not
            hold. So each session has to hold this.
    """

    graph: bytes = field(repr=False)
    tables: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, eq=False)
class KernelGraphs:
    """The graphs of a model.

    Attributes:
        library: that has the kernels.
        graphs: by the names of the files that they were made of.
        running: what kernels run of them.
    """

    library: KernelLibrary
    graphs: Mapping[str, RewrittenGraph] = field(repr=False)
    running: RunningKernels


def kernel_graphs(
    files: ModelFiles, library: KernelLibrary, *, bf16: bool = False
) -> KernelGraphs | None:
    """Rewrite the graphs of a model for kernels.

    Args:
        files: a bundle, or what is to become one.
        library: that has the kernels.
        bf16: whether attention multiplies numbers of bfloat16.

    Returns:
        None where they can run none of its layers.
    """
    import onnxruntime  # which was found before a library was

    from edgebert.runtimes.kernels.rewriting import rewrite_for_kernels  # few bundles need it

    found = {path.name: rewrite_for_kernels(path, bf16=bf16) for path in files.graph_paths}
    if not any(one.layers for one in found.values()):
        return None
    running = RunningKernels(
        arithmetic=library.arithmetic,
        version=library.version,
        instruction_set=library.instruction_set,
        exact=all(one.exact for one in found.values()),
        bf16=bf16,
        # a layer may be several operators
        layers=tuple(dict.fromkeys(name for one in found.values() for name in one.layers)),
        left=tuple(dict.fromkeys(name for one in found.values() for name in one.left)),
    )
    value = onnxruntime.OrtValue.ortvalue_from_numpy
    graphs = {
        file: RewrittenGraph(one.graph, {name: value(table) for name, table in one.tables.items()})
        for file, one in found.items()
    }
    return KernelGraphs(library, graphs, running)
