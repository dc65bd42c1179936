"""This machine: its CPU, the cores this process may use, and the versions that matter."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

# Instruction sets that change speed or int8 results of onnxruntime's kernels.
_FEATURES = (
    "avx2", "fma", "avx512f", "avx512bw", "avx_vnni", "avx512_vnni", "amx_int8",
    "asimd", "asimddp", "i8mm", "bf16", "sve", "sme",
)  # fmt: skip
_VNNI = frozenset({"avx_vnni", "avx512_vnni"})
ONNXRUNTIME_WHEELS = (
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-openvino",
    "onnxruntime-directml",
    "onnxruntime-webgpu",
    "onnxruntime-training",
    "onnxruntime-migraphx",
    "onnxruntime-rocm",
    "onnxruntime-cann",
    "onnxruntime-windowsml",
)
"""Packages that bring the module onnxruntime, each with other execution providers."""

CPU_INFO = Path("/proc/cpuinfo")
"""Where Linux tells of the CPU; the tests put other CPUs in its place."""

_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}  # one name each, on every system

KERNELS_WHEEL = "edgebert-kernels"
"""The package that brings edgebert's kernels."""

_PACKAGES = ("numpy", "tokenizers", "torch", "transformers", "onnx", KERNELS_WHEEL)


@dataclass(frozen=True)
class Machine:
    """Where a figure was measured.

    Attributes:
        cores: logical CPUs this process may use; of `logical_cpus` on `physical_cores`.
        cpu_quota: cores' worth of time that the container grants, where it sets a limit.
        governor: how the system sets the clock of the CPU, where it tells.
    """

    cpu: str
    features: tuple[str, ...]
    cores: int
    memory_bytes: int
    system: str
    python: str
    versions: dict[str, str]
    logical_cpus: int | None = None
    physical_cores: int | None = None
    cpu_quota: float | None = None
    governor: str | None = None

    @property
    def cpu_class(self) -> str:
        """What decides which int8 kernels run: architecture and integer dot-product support."""
        return cpu_class(self.system.rpartition(" ")[2], self.features)

    @property
    def cpu_and_class(self) -> str:
        """What a figure that was measured here is quoted with."""
        return f"{self.cpu} ({self.cpu_class})"


def cpu_class(architecture: str, features: tuple[str, ...]) -> str:
    architecture = _ARCHITECTURES.get(architecture.lower(), architecture.lower())
    for wanted in ("amx_int8", "avx512_vnni", "avx_vnni", "i8mm", "asimddp", "avx512bw", "avx2"):
        if wanted in features:
            return f"{architecture}-{wanted}"
    return architecture


def has_vnni() -> bool:
    """Whether this CPU is known to add the products of u8 x s8 in 32 bits, as x86 has it by VNNI.

    Where the system does not tell of the CPU, as outside of Linux, nothing is known. Packages are
    not looked at, as for `this_machine`: a load need not wait for that.
    """
    return not _VNNI.isdisjoint(_cpu()[1])


@cache
def this_machine() -> Machine:
    """Look at this machine once; every record carries the answer."""
    name, features = _cpu()
    return Machine(
        cpu=name,
        features=features,
        cores=available_cores(),
        memory_bytes=_memory_bytes(),
        system=f"{platform.system()} {_architecture()}",
        python=platform.python_version(),
        versions=installed_versions(),
        logical_cpus=os.cpu_count(),
        physical_cores=_physical_cores(),
        cpu_quota=_cgroup_cpu_quota(),
        governor=_governor(),
    )


def _architecture() -> str:
    return platform.machine()


def release_numbers(version: str) -> tuple[int, ...]:
    """The numbers of a release like 1.31.1, to compare it with another."""
    return tuple(int(part) for part in version.split("+")[0].split(".")[:3] if part.isdigit())


def installed_versions() -> dict[str, str]:
    """The versions of the packages that can change an answer, where they are installed."""
    return onnxruntime_wheels() | _versions(_PACKAGES)


def onnxruntime_wheels() -> dict[str, str]:
    """The installed wheels that bring the module onnxruntime, with their versions."""
    return _versions(ONNXRUNTIME_WHEELS)


def _versions(packages: Iterable[str]) -> dict[str, str]:
    from importlib import metadata  # slow to import, and seldom needed

    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def available_cores() -> int:
    """Cores this process may use: CPU affinity, bounded by the container's CPU quota."""
    affinity = getattr(os, "sched_getaffinity", None)  # absent on macOS and Windows
    granted = len(affinity(0)) if affinity else (os.cpu_count() or 1)
    quota = _cgroup_cpu_quota()
    return max(1, min(granted, math.ceil(quota)) if quota else granted)


def _cgroup_cpu_quota() -> float | None:
    """CPU quota in cores from cgroup v2 or v1, or None where there is no limit."""
    root = Path("/sys/fs/cgroup")
    try:
        quota, period = (root / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        limit = int((root / "cpu/cpu.cfs_quota_us").read_text())
        return None if limit <= 0 else limit / int((root / "cpu/cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None


def _cpu() -> tuple[str, tuple[str, ...]]:
    """Model name and the features in `_FEATURES` that the operating system reports."""
    first = next(_cpuinfo(), None)
    if not first:
        return platform.processor() or platform.machine(), ()
    flags = set((first.get("flags") or first.get("Features") or "").split())
    return first.get("model name") or _board(), tuple(f for f in _FEATURES if f in flags)


def _cpuinfo() -> Iterator[dict[str, str]]:
    """The fields of /proc/cpuinfo for each logical CPU, as they are read; none where it is not."""
    try:
        with CPU_INFO.open() as lines:
            for told, block in groupby(lines, key=lambda line: ":" in line):
                if told:
                    yield dict(_field(line) for line in block)
    except OSError:
        return


def _board() -> str:
    """What an ARM board calls itself; its /proc/cpuinfo names no model."""
    try:
        return Path("/proc/device-tree/model").read_text().strip("\0\n ")
    except OSError:
        return platform.machine()


def _physical_cores() -> int | None:
    """Cores that do not share their arithmetic units, where the system tells them apart."""
    cores = {(cpu.get("physical id"), cpu.get("core id")) for cpu in _cpuinfo()}
    return None if not cores or (None, None) in cores else len(cores)


def _governor() -> str | None:
    try:
        file = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
        return file.read_text().strip()
    except OSError:
        return None


def _field(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(), value.strip()


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
