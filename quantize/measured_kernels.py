"""What kernels make of a bundle's answers, measured and gated as those of onnxruntime are."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.bundle import ModelFiles
from edgebert.data import Examples
from edgebert.drift.comparing import Comparison, compare
from edgebert.drift.promises import Floors, describe_drift
from edgebert.machine import available_cores
from edgebert.quantize.chosen_mixture import broken_budget
from edgebert.quantize.options import Budget
from edgebert.records.manifest import Drift, Kernels
from edgebert.records.profile import one_caller
from edgebert.runtimes import Model
from edgebert.runtimes.kernels.graph import RunningKernels, kernel_graphs
from edgebert.runtimes.kernels.library import KernelLibrary
from edgebert.runtimes.loading import open_files

_FLOORS = Floors(drift=0.001, flips=0.02)


@dataclass(frozen=True)
class MeasuredKernels:
    """A model that kernels run, and how it did.

    Attributes:
        model: which is closed by whoever has it measured.
        running: what kernels run of it.
        kernels: what its manifest says of them.
        failures: a sentence for each bound that is broken; it is not written then.
    """

    model: Model
    running: RunningKernels
    kernels: Kernels
    failures: tuple[str, ...]


def measure_kernels(
    original: Model,
    files: ModelFiles,
    library: KernelLibrary,
    held_out: Examples,
    budget: Budget,
    others: Examples | None = None,
) -> MeasuredKernels | None:
    """Compare a model that kernels run with the float model that it was made of.

    Args:
        original: the float model.
        files: the model that kernels run, which may still be in the making.
        library: has the kernels.
        held_out: texts that nothing was calibrated on.
        budget: the bounds.
        others: texts of other kinds.

    Returns:
        None where kernels can run no layer of it.
    """
    graphs = kernel_graphs(files, library)
    if graphs is None:
        return None
    model = open_files(files, one_caller(available_cores()), graphs)
    comparison = compare(original, model, held_out)
    drift = held_out_drift(original, model, comparison, held_out, others)
    kernels = Kernels(graphs.running.arithmetic, graphs.running.exact, drift)
    return MeasuredKernels(model, graphs.running, kernels, broken_budget(budget, comparison))


def held_out_drift(
    original: Model,
    model: Model,
    comparison: Comparison,
    held_out: Examples,
    others: Examples | None,
) -> Drift:
    """What was measured on held-out texts: those that it is for, and those of other kinds.

    Args:
        original, model: the float model, and that which was made of it.
        comparison: of the two on `held_out`.
        held_out, others: the texts.
    """
    kinds = {others.path.name: compare(original, model, others)} if others else None
    return describe_drift(comparison, held_out.path.name, _FLOORS, kinds)
