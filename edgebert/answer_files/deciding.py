"""What decides which answers a run ends with, beside its texts and options: in words, to be compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgebert import machine
from edgebert.bundle import MANIFEST, file_sha256, open_bundle
from edgebert.errors import InputError
from edgebert.runtimes.kernels.choosing import engine_of
from edgebert.version import __version__


def bundle_facts(path: Path, *, provider: str, kernels: str, repeated: str) -> dict[str, str]:
    """What tells a bundle, and what runs it, from another.

    Args:
        path: the bundle.
        provider, kernels: as in `edgebert.load`.
        repeated: what needs the same answers again, as a message names it.

    Raises:
        BundleError: it cannot be opened.
        InputError: its answers depend on which texts run together.
    """
    opened = open_bundle(path)
    engine = engine_of(opened, provider=provider, kernels=kernels)
    quantization = opened.manifest.quantization
    if quantization is not None and not quantization.batch_invariant:
        raise InputError(
            f"{path} is int8 by scheme {quantization.scheme}: its answers depend on which texts "
            f"run together, so {repeated}, or quantize by another scheme"
        )
    return {
        "bundle": f"sha256 {file_sha256(path / MANIFEST)[:16]}",
        "fingerprint": str(opened.fingerprint(engine)),
    }


def machine_facts() -> dict[str, str]:
    """The CPU, and the versions of what can change an answer."""
    versions = machine.installed_versions()
    packages = [name for name in versions if name.startswith("onnxruntime")] + ["tokenizers"]
    return {
        "CPU": machine.this_machine().cpu_and_class,
        "edgebert": __version__,
        **{name: versions[name] for name in packages if name in versions},
    }


def differences(earlier: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """One part of a sentence for each fact that is another one now."""
    return [
        f"its {name} was {earlier.get(name, 'none')}, now {now.get(name, 'none')}"
        for name in {**earlier, **now}
        if earlier.get(name) != now.get(name)
    ]
