"""The onnxruntime session of a bundle, with the settings that were measured to be right."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from edgebert.bundle import ModelFiles
from edgebert.errors import BundleError, InputError, ProviderError
from edgebert.machine import available_cores, has_vnni
from edgebert.onnx_graph.external_data import external_files
from edgebert.records.manifest import ENCODER
from edgebert.runtimes.sessions.providers import (
    AUTO,
    CPU,
    Provider,
    provider_named,
    require_fitting,
    require_installed,
    way_out,
)
from edgebert.runtimes.sessions.reasons import reason_of

if TYPE_CHECKING:
    import onnxruntime

    from edgebert.records.inspected import Placement
    from edgebert.runtimes.kernels.graph import KernelGraphs

_MEASURED_ON_CPU = {
    # Where only weights are integers, activations stay floats: else onnxruntime would round them.
    "session.qdq_matmulnbits_accuracy_level": "0",
    # Fused SkipLayerNormalization is scalar on CPU: Add + LayerNormalization is several times
    # faster, and the session would fuse them again.
    "optimization.disable_specified_optimizers": "SkipLayerNormFusion",
}


# Sums of u8 x s8 products overflow int16 on x86 CPUs without VNNI. This widens the weights there,
# for a third more time: weights that cannot overflow go without. onnxruntime 1.30 and 1.31 would
# widen them on CPUs with VNNI too, for the same answers in 1.5 to 1.65 times the time.
_WIDENED_WEIGHTS = {"session.x64quantprecision": "1"}

_WEIGHT_FILES_IN = "session.model_external_initializers_file_folder_path"
"""Where the weights lie of a graph that is given as bytes."""

_SLEEPING_THREADS = {"session.intra_op.allow_spinning": "0"}

# Else threads spin on for up to 40 ms when a run is done. A lone text of 64 tokens took int8 MiniLM
# 2.5 ms on two cores, and 13.6 to 24 of their time, which is 4.2 with it.
_THREADS_THAT_SLEEP_AFTER_RUNS = {"session.force_spinning_stop": "1"}


@dataclass(frozen=True)
class _Start:
    """What a session is made of.

    Attributes:
        threads: cores that one run may use.
        widen: whether int8 weights are widened on CPUs where their sums could overflow.
        spinning: whether threads that wait within a run keep their core.
        arena: whether memory is kept from one operator to the next.
        kernels: has what runs in the place of the graph at `path`; None for that graph itself.
    """

    path: Path
    provider: Provider = CPU
    threads: int | None = None
    widen: bool = True
    spinning: bool = True
    arena: bool = True
    kernels: KernelGraphs | None = None

    @property
    def graph(self) -> str | bytes:
        return self.kernels.graphs[self.path.name].graph if self.kernels else str(self.path)

    def options(self) -> onnxruntime.SessionOptions:
        options = import_onnxruntime(self.provider).SessionOptions()
        options.intra_op_num_threads = 1 if self.provider.threads_option else self.cores
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # ragged shapes would add a plan for each one
        options.enable_cpu_mem_arena = self.arena
        options.log_severity_level = 4  # what it logs as an error, it also raises
        config = {} if self.provider.gpu else dict(_MEASURED_ON_CPU)
        config |= _WIDENED_WEIGHTS if self.widen and not has_vnni() else {}
        config |= _THREADS_THAT_SLEEP_AFTER_RUNS if self.spinning else _SLEEPING_THREADS
        for key, value in config.items():
            options.add_session_config_entry(key, value)
        if self.kernels:
            options.register_custom_ops_library(str(self.kernels.library.path))
            options.add_session_config_entry(_WEIGHT_FILES_IN, str(self.path.parent))
            for name, table in self.kernels.graphs[self.path.name].tables.items():
                options.add_initializer(name, table)
        return options

    @property
    def cores(self) -> int:
        return self.threads or available_cores()


def import_onnxruntime(provider: Provider = CPU) -> Any:
    """Import onnxruntime, or say how to install the one that has a provider."""
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        if error.name != "onnxruntime":
            raise
        install = f"pip install 'edgebert[{provider.extra or CPU.extra}]'"
        raise ProviderError(f"no onnxruntime is installed: {install}") from error
    return onnxruntime


def open_session(
    files: ModelFiles,
    *,
    provider: str = AUTO,
    threads: int | None = None,
    spinning: bool = True,
    arena: bool = True,
    kernels: KernelGraphs | None = None,
    role: str = ENCODER,
) -> onnxruntime.InferenceSession:
    """Open a graph of a model; a provider other than the CPU's also runs it once.

    Args:
        files: a bundle, or what is to become one.
        provider: one of `PROVIDER_NAMES`.
        threads: cores one run may use; by default all that this process is granted.
        spinning: whether threads that wait for the next piece of a run keep their core busy:
            faster while nobody else needs the core. When the run is done they sleep.
        arena: whether memory is kept from one operator to the next: faster, and twice as much of
            it where single values are gigabytes.
        kernels: the graphs as kernels run them, on the CPU; None where onnxruntime runs all.
        role: of the graph.

    Raises:
        ProviderError: an unknown provider, one that is not installed or does not start, a bundle
            that is not made for it, or one whose MatMul and attention nodes it does not all run.
        BundleError: onnxruntime cannot load the graph, or it takes weights from a file that the
            manifest does not list.
    """
    chosen = provider_named(provider)
    require_fitting(files, chosen)
    path = files.graph_path(role)
    for name in _weight_files(path):
        if not files.owns(name):
            raise BundleError(f"{files.path} is damaged: its manifest does not list {name}")
    start = _Start(path, chosen, threads, files.widens_weights, spinning, arena, kernels)
    if chosen is CPU:
        return _session(start, start.options())
    from edgebert.runtimes.sessions.placement import require_all

    session, placement = _placed(start)
    require_all(placement, files.path, way_out(files, chosen))
    return session


def open_graph(
    path: Path, *, threads: int | None = None, widen: bool = True, spinning: bool = True
) -> onnxruntime.InferenceSession:
    """Open an ONNX file on the CPU with our session settings.

    Args:
        path: the file.
        threads: cores one run may use; by default all that this process is granted.
        widen: whether int8 weights are widened on CPUs where their sums could overflow.
        spinning: as in `open_session`.

    Raises:
        BundleError: onnxruntime cannot load it, or it takes weights from outside its folder.
    """
    _weight_files(path)
    start = _Start(path, threads=threads, widen=widen, spinning=spinning)
    return _session(start, start.options())


def graph_placement(path: Path, *, provider: str, widen: bool = True) -> Placement:
    """Run an ONNX file once, and tell which execution provider ran which of its nodes.

    Args:
        path: the file.
        provider: one of `PROVIDER_NAMES`.
        widen: as in `open_graph`.

    Raises:
        ProviderError: an unknown provider, or one that is not installed or cannot run the graph.
        BundleError: onnxruntime cannot load it, or it takes weights from outside its folder.
    """
    _weight_files(path)
    return _placed(_Start(path, provider_named(provider), widen=widen))[1]


def _placed(start: _Start) -> tuple[onnxruntime.InferenceSession, Placement]:
    """A session that has run once, and where its nodes ran."""
    from edgebert.runtimes.sessions.placement import read_placement, watch

    with TemporaryDirectory(prefix="edgebert-", ignore_cleanup_errors=True) as folder:
        options = start.options()
        watch(options, Path(folder))
        session = _session(start, options)
        try:
            return session, read_placement(session, start.provider.full_name)
        except Exception as error:  # onnxruntime's errors share no public base class
            raise _failure(start, "run", error) from error


def _session(start: _Start, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    provider, onnxruntime = start.provider, import_onnxruntime()
    require_installed(provider, onnxruntime.get_available_providers())
    missing = "" if provider is CPU else _prepare(provider)
    try:
        session = onnxruntime.InferenceSession(
            start.graph,
            options,
            providers=provider.with_options(start.cores),
            enable_fallback=0,  # else it tries again on the CPU, and prints that it does
        )
        session.kernels = start.kernels  # whose tables have to live as long
    except Exception as error:  # onnxruntime's errors share no public base class
        raise _failure(start, "loaded", error) from error
    if session.get_providers()[0] != provider.full_name:
        missing = missing or "its device or its libraries are missing"
        needs = "https://onnxruntime.ai/docs/execution-providers"
        raise ProviderError(
            f"provider {provider.name!r} does not start here: {missing} (what it needs: {needs})"
        )
    return session


def _prepare(provider: Provider) -> str:
    """Load the libraries of CUDA that pip installed, and tell in a line what is missing."""
    from edgebert.runtimes.sessions.wheels import warn_of_overwritten_wheels

    warn_of_overwritten_wheels(provider.extra)
    if not provider.takes_cuda:
        return ""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):  # it prints what it cannot find
        import_onnxruntime().preload_dlls()
    return said.getvalue().partition("\n")[0].partition(": ")[2]


def _failure(start: _Start, done: str, error: Exception) -> BundleError | ProviderError:
    reason = reason_of(error)
    if start.provider is CPU:
        return BundleError(f"{start.path} cannot be {done} by onnxruntime: {reason}")
    return ProviderError(
        f"{start.path} cannot be {done} with provider {start.provider.name!r}: {reason}"
    )


def _weight_files(path: Path) -> tuple[str, ...]:
    try:
        return external_files(path)
    except InputError as error:
        raise BundleError(str(error)) from error
