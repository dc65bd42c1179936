"""The graph of a model as kernels run it: rewritten once, for all sessions of the model."""

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
class KernelGraph:
    """A graph of which kernels run what they can.

    Attributes:
        library: that has them.
        graph: an ONNX file, of whose weights some lie in the file that it was made of.
        tables: constants that its sessions share, by name: values of onnxruntime, which it does not
            hold. So each session has to hold this.
        running: what they run of it.
    """

    library: KernelLibrary
    graph: bytes = field(repr=False)
    tables: Mapping[str, Any] = field(repr=False)
    running: RunningKernels


def kernel_graph(
    files: ModelFiles, library: KernelLibrary, *, bf16: bool = False
) -> KernelGraph | None:
    """Rewrite the graph of a model for kernels.

    Args:
        files: a bundle, or what is to become one.
        library: that has the kernels.
        bf16: whether attention multiplies numbers of bfloat16.

    Returns:
        None where they can run none of its layers.
    """
    import onnxruntime  # which was found before a library was

    from edgebert.runtimes.kernels.rewriting import rewrite_for_kernels  # few bundles need it

    rewritten = rewrite_for_kernels(files.model_path, bf16=bf16)
    if not rewritten.layers:
        return None
    running = RunningKernels(
        arithmetic=library.arithmetic,
        version=library.version,
        instruction_set=library.instruction_set,
        exact=rewritten.exact,
        bf16=bf16,
        layers=tuple(dict.fromkeys(rewritten.layers)),  # a layer may be several operators
        left=tuple(dict.fromkeys(rewritten.left)),
    )
    value = onnxruntime.OrtValue.ortvalue_from_numpy
    tables = {name: value(table) for name, table in rewritten.tables.items()}
    return KernelGraph(library, rewritten.graph, tables, running)
