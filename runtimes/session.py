"""The onnxruntime session of a bundle, with the settings that were measured to be right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebert.bundle import Bundle
from edgebert.errors import BundleError, InputError, ProviderError
from edgebert.graph.external_data import external_files
from edgebert.machine import available_cores

if TYPE_CHECKING:
    import onnxruntime

PROVIDERS = {"auto": "CPUExecutionProvider", "cpu": "CPUExecutionProvider"}
"""Names a user gives, and the execution provider each one means."""

_SESSION_CONFIG = {
    # Where only weights are integers, activations stay floats: else onnxruntime would round them.
    "session.qdq_matmulnbits_accuracy_level": "0",
    # Fused SkipLayerNormalization is scalar on CPU: Add + LayerNormalization is several times
    # faster, and the session would fuse them again.
    "optimization.disable_specified_optimizers": "SkipLayerNormFusion",
}


# Sums of u8 x s8 products overflow int16 on x86 CPUs without VNNI. This widens the weights there,
# for a third more time: weights that cannot overflow go without.
_WIDENED_WEIGHTS = {"session.x64quantprecision": "1"}


def import_onnxruntime() -> Any:
    """Import onnxruntime, or say how to install it."""
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        if error.name != "onnxruntime":
            raise
        raise ProviderError("no onnxruntime is installed: pip install 'edgebert[cpu]'") from error
    return onnxruntime


def open_session(
    bundle: Bundle,
    *,
    provider: str = "auto",
    threads: int | None = None,
    spinning: bool = True,
) -> onnxruntime.InferenceSession:
    """Open a bundle's graph.

    Args:
        bundle: the bundle.
        provider: a key of `PROVIDERS`.
        threads: cores one run may use; by default all that this process is granted.
        spinning: whether idle threads of a run wait at work for a moment.

    Raises:
        ProviderError: an unknown provider, or no onnxruntime.
        BundleError: onnxruntime cannot load the graph, or it takes weights from a file that the
            manifest does not list.
    """
    if provider not in PROVIDERS:
        raise ProviderError(f"unknown provider {provider!r}; there are {', '.join(PROVIDERS)}")
    for name in _weight_files(bundle.model_path):
        if name not in bundle.manifest.files:
            raise BundleError(f"{bundle.path} is damaged: its manifest does not list {name}")
    return _session(
        bundle.model_path,
        threads,
        PROVIDERS[provider],
        widen=bundle.widens_weights,
        spinning=spinning,
    )


def open_graph(
    path: Path,
    *,
    threads: int | None = None,
    provider: str = PROVIDERS["cpu"],
    widen: bool = True,
    spinning: bool = True,
) -> onnxruntime.InferenceSession:
    """Open an ONNX file with our session settings.

    Args:
        path: the file.
        threads: cores one run may use; by default all that this process is granted.
        provider: execution provider, by onnxruntime's name.
        widen: whether int8 weights are widened on CPUs where their sums could overflow.
        spinning: as for `open_session`.

    Raises:
        BundleError: onnxruntime cannot load it, or it takes weights from outside its folder.
    """
    _weight_files(path)
    return _session(path, threads, provider, widen=widen, spinning=spinning)


def _session(
    path: Path, threads: int | None, provider: str, *, widen: bool, spinning: bool
) -> onnxruntime.InferenceSession:
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or available_cores()
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # ragged shapes would add a plan for each one
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    config = _SESSION_CONFIG | (_WIDENED_WEIGHTS if widen else {})
    for key, value in config.items():
        options.add_session_config_entry(key, value)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # onnxruntime's errors share no public base class
        reason = str(error).strip().splitlines()[0]
        raise BundleError(f"{path} cannot be loaded by onnxruntime: {reason}") from error


def _weight_files(path: Path) -> tuple[str, ...]:
    try:
        return external_files(path)
    except InputError as error:
        raise BundleError(str(error)) from error
