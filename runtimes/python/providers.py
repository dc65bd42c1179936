"""The execution providers of onnxruntime by the names users give, and what each takes.

Whoever needs a provider's name takes it from here; importing this loads neither numpy nor
onnxruntime.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgebert.errors import ProviderError
from edgebert.runtimes.wheels import both_installed, swap_wheels

if TYPE_CHECKING:
    from edgebert.bundle import ModelFiles

AUTO = "auto"
"""The provider on which every promise of a bundle was proved: always `cpu`.

A GPU that happens to be there would give other roundings, and other bits alone than in a batch, so
that vectors made on two machines would no longer belong together. Who wants one asks for it.
"""


@dataclass(frozen=True)
class Provider:
    """An execution provider.

    Attributes:
        name: as users give it.
        full_name: as onnxruntime does.
        target: what `edgebert export --target` makes for it.
        extra: the extra of edgebert that installs it; None where no wheel has it.
        where: what has it instead, or the only system that its wheel is for.
        gpu: whether it has no products of the integers that an int8 bundle for the CPU holds.
        options: given to it at every start.
        threads_option: the option that takes its number of threads, where it has threads of its own.
        beside: providers that take what it leaves, before the CPU does.
    """

    name: str
    full_name: str
    target: str
    extra: str | None
    where: str = ""
    gpu: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    threads_option: str | None = None
    beside: tuple[str, ...] = ()

    @property
    def takes_cuda(self) -> bool:
        """Whether it needs the libraries of CUDA."""
        return "CUDAExecutionProvider" in (self.full_name, *self.beside)

    def with_options(self, threads: int) -> list[tuple[str, dict[str, str]]]:
        """What onnxruntime's `providers=` takes."""
        own = {self.threads_option: str(threads)} if self.threads_option else {}
        return [(self.full_name, {**self.options, **own}), *((name, {}) for name in self.beside)]


CPU = Provider("cpu", "CPUExecutionProvider", target="cpu", extra="cpu")

PROVIDERS = {
    provider.name: provider
    for provider in (
        CPU,
        Provider(
            "cuda",
            "CUDAExecutionProvider",
            target="gpu",
            extra="gpu",
            gpu=True,
            options={"use_tf32": "0"},  # on by default: products of floats with ten bits
        ),
        Provider(
            "tensorrt",
            "TensorrtExecutionProvider",
            target="portable",  # its parser knows no operator of onnxruntime's own
            extra="gpu",
            gpu=True,
            beside=("CUDAExecutionProvider",),
        ),
        Provider(
            "openvino",
            "OpenVINOExecutionProvider",
            target="portable",
            extra="openvino",
            # its own default is bfloat16 on the CPUs that have it
            options={"device_type": "CPU", "precision": "FP32"},
            threads_option="num_of_threads",
        ),
        Provider(
            "coreml",
            "CoreMLExecutionProvider",
            target="npu",
            extra="cpu",
            where="macOS",
            options={"ModelFormat": "MLProgram"},  # the older format lacks LayerNormalization
        ),
        Provider(
            "xnnpack",
            "XnnpackExecutionProvider",
            target="portable",
            extra=None,
            where="onnxruntime for Android and iOS, or a build of your own",
            threads_option="intra_op_num_threads",
        ),
        Provider(
            "qnn",
            "QNNExecutionProvider",
            target="npu",
            extra=None,
            where="onnxruntime for Android, or a build of your own",
        ),
        Provider(
            "dml",
            "DmlExecutionProvider",
            target="gpu",
            extra="directml",
            where="Windows",
            gpu=True,
        ),
        Provider("webgpu", "WebGpuExecutionProvider", target="portable", extra="webgpu", gpu=True),
    )
}
"""Every provider that can be asked for by name."""

PROVIDER_NAMES = (*PROVIDERS, AUTO)


def provider_named(name: str) -> Provider:
    """The provider that a name stands for.

    Raises:
        ProviderError: no such name.
    """
    if name == AUTO:
        return CPU
    if not isinstance(name, str) or name not in PROVIDERS:
        raise ProviderError(f"unknown provider {name!r}; there are {', '.join(PROVIDER_NAMES)}")
    return PROVIDERS[name]


def require_installed(provider: Provider, available: Sequence[str]) -> None:
    """Hold that a provider is among those that the installed onnxruntime was built with.

    Raises:
        ProviderError: it is not; says what to install.
    """
    if provider.full_name in available:
        return
    both = both_installed()
    why = f"{both} overwrite each other" if both else f"this onnxruntime has {', '.join(available)}"
    raise ProviderError(
        f"provider {provider.name!r} is not installed ({why}): {how_to_install(provider)}"
    )


def require_fitting(files: ModelFiles, provider: Provider) -> None:
    """Hold that a bundle is not made of products that a provider never has.

    Raises:
        ProviderError: its integers are those of the CPU; names the bundle to make instead.
    """
    manifest = files.manifest
    if provider.gpu and manifest.quantization is not None and manifest.target == CPU.target:
        raise ProviderError(
            f"{files.path} is int8 for the CPU, and {provider.name} has no such products: "
            f"{way_out(files, provider)}"
        )


def way_out(files: ModelFiles, provider: Provider) -> str:
    """What to do where a provider does not run a bundle."""
    if files.manifest.target == provider.target:
        return f"use provider {CPU.name!r}"
    target = provider.target
    return f"make a bundle for it with 'edgebert export MODEL -o BUNDLE --target {target}'"


def how_to_install(provider: Provider) -> str:
    """The one wheel that a provider takes, in place of those that are there."""
    if provider.extra is None:
        return f"{provider.name} comes with {provider.where}"
    return f"{provider.where and f'on {provider.where}, '}{swap_wheels(provider.extra)}"
