"""Whether kernels run a bundle: only where it was measured with them, and never unasked for.

Kernels round in other places than onnxruntime. So it is a bundle that decides by which of them it
answers, together with the wheel that is installed, and a fingerprint tells which it was.
"""

from __future__ import annotations

from functools import cache

from edgebert.bounds import check_choice
from edgebert.bundle import Bundle
from edgebert.errors import BundleError, ProviderError
from edgebert.records.fingerprint import ONNXRUNTIME, kernels_engine
from edgebert.records.manifest import Manifest
from edgebert.runtimes.kernels import BF16, KERNELS, OFF, REQUIRED
from edgebert.runtimes.kernels.graph import KernelGraphs, kernel_graphs
from edgebert.runtimes.kernels.library import (
    INSTALL,
    KernelLibrary,
    find_library,
    require_library,
    tell_once,
)
from edgebert.runtimes.sessions.providers import CPU, Provider, provider_named
from edgebert.runtimes.sessions.reasons import reason_of
from edgebert.runtimes.sessions.session import import_onnxruntime


def chosen_library(bundle: Bundle, *, provider: str, kernels: str) -> KernelLibrary | None:
    """The library of kernels that runs a bundle, or None where onnxruntime runs all of it.

    Args:
        bundle: the bundle.
        provider: as in `edgebert.load`.
        kernels: one of `KERNELS`.

    Raises:
        InputError: `kernels` is none of them.
        ProviderError: kernels are required, and there are none, or they cannot run the bundle.
    """
    check_choice("kernels", kernels, KERNELS)
    chosen = provider_named(provider)
    if kernels in (REQUIRED, BF16):
        return _required(bundle, chosen, bf16=kernels == BF16)
    if kernels == OFF or chosen is not CPU or bundle.manifest.kernels is None:
        return None
    library = find_usable_library()
    return library if library and why_not(bundle, library) is None else None


def chosen_graphs(bundle: Bundle, *, provider: str, kernels: str) -> KernelGraphs | None:
    """The graphs that kernels run in the place of a bundle's, or None where they do not.

    Args:
        bundle: the bundle.
        provider, kernels: as for `chosen_library`.

    Raises:
        InputError, ProviderError: as `chosen_library` does.
        BundleError: it was measured with kernels, and has no layer that they can run.
    """
    library = chosen_library(bundle, provider=provider, kernels=kernels)
    if library is None:
        return None
    graphs = kernel_graphs(bundle, library, bf16=kernels == BF16)
    if graphs is None:
        raise BundleError(
            f"{bundle.path} is damaged: it was measured with kernels, and they can run no layer of "
            f"{' or '.join(path.name for path in bundle.graph_paths)}"
        )
    return graphs


def find_usable_library() -> KernelLibrary | None:
    """The installed library, where the installed onnxruntime takes it; else it is told once."""
    library = find_library()
    return library if library and _is_taken(library) else None


def require_usable_library() -> KernelLibrary:
    """The installed library.

    Raises:
        ProviderError: none is installed, it cannot be used, or onnxruntime does not take it.
    """
    library = require_library()
    _register(library)
    return library


def why_not(bundle: Bundle, library: KernelLibrary) -> str | None:
    """Why a library does not run a bundle on the CPU; None where it does."""
    measured = bundle.manifest.kernels
    if measured is None:
        way_out = f"'edgebert kernels {bundle.path} --reference FP32_BUNDLE -o NEW_BUNDLE'"
        return f"{bundle.path} was not measured with kernels: {way_out} makes one that was"
    if measured.arithmetic != library.arithmetic:
        return (
            f"{bundle.path} was measured with kernels of arithmetic {measured.arithmetic}, and those "
            f"of edgebert-kernels {library.version} count by {library.arithmetic}: measure it again "
            f"with 'edgebert kernels {bundle.path} --reference FP32_BUNDLE -o NEW_BUNDLE'"
        )
    return None


def why_onnxruntime(bundle: Bundle, *, provider: str, kernels: str) -> str:
    """Why onnxruntime runs all of a bundle that was measured with kernels.

    Args:
        bundle: the bundle.
        provider: the execution provider that runs it, by onnxruntime's name.
        kernels: how they were asked for.
    """
    if kernels == OFF:
        return "kernels are off"
    if provider != CPU.full_name:
        return f"kernels run on {CPU.full_name}"
    library = find_usable_library()
    if library is None:
        return f"no kernels that can be used are installed ({INSTALL})"
    return str(why_not(bundle, library))


def engine_of(bundle: Bundle, *, provider: str, kernels: str) -> str:
    """What runs a bundle, as its fingerprint says; raises as `chosen_library`."""
    library = chosen_library(bundle, provider=provider, kernels=kernels)
    if library:
        return kernels_engine(library.arithmetic, bf16=kernels == BF16)
    return without_kernels(bundle.manifest, provider_named(provider).full_name)


def without_kernels(manifest: Manifest, provider: str) -> str:
    """The engine that runs a model where kernels do not, as its fingerprint says.

    Args:
        manifest: of the model.
        provider: the execution provider, by onnxruntime's name.
    """
    if manifest.quantization is None or provider == CPU.full_name:
        return ONNXRUNTIME
    return f"{ONNXRUNTIME}.{provider.removesuffix('ExecutionProvider').lower()}"


def _required(bundle: Bundle, provider: Provider, *, bf16: bool) -> KernelLibrary:
    if provider is not CPU:
        raise ProviderError(
            f"kernels run on the provider {CPU.name!r}, and {provider.name!r} was asked for: "
            "leave one of the two out"
        )
    library = require_usable_library()
    if why := why_not(bundle, library):
        raise ProviderError(why)
    if bf16 and not library.bf16:
        raise ProviderError(
            f"this CPU multiplies no numbers of bfloat16 (AVX512-BF16): {REQUIRED!r} in the place of "
            f"{BF16!r} runs everywhere"
        )
    return library


def _is_taken(library: KernelLibrary) -> bool:
    try:
        _register(library)
    except ProviderError as error:
        tell_once(f"{error}; onnxruntime runs all of every bundle")
        return False
    return True


@cache
def _register(library: KernelLibrary) -> None:
    """Have onnxruntime take a library, as sessions will.

    Raises:
        ProviderError: it does not.
    """
    onnxruntime = import_onnxruntime()
    try:
        onnxruntime.SessionOptions().register_custom_ops_library(str(library.path))
    except Exception as error:  # onnxruntime's errors share no public base class
        raise ProviderError(
            f"onnxruntime {onnxruntime.__version__} does not take edgebert-kernels "
            f"{library.version}: {reason_of(error)}"
        ) from error
