"""CPUs that no test machine has to have: what Linux tells of each class that kernels differ on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgebert import machine

_AVX2 = "fpu sse4_2 avx f16c fma avx2 bmi2"
_AVX512 = f"{_AVX2} avx512f avx512dq avx512cd avx512bw avx512vl"


@dataclass(frozen=True)
class Cpu:
    """A CPU as the operating system describes it.

    Attributes:
        flags: features, under the name that /proc/cpuinfo has for them on the architecture.
    """

    cpu_class: str
    architecture: str
    flags: str

    @property
    def cpuinfo(self) -> str:
        key = "Features" if self.architecture == "aarch64" else "flags"
        return f"processor\t: 0\nmodel name\t: A CPU\n{key}\t\t: {self.flags}\n\n"


CPUS = {
    cpu.cpu_class: cpu
    for cpu in (
        Cpu("x86_64-avx2", "x86_64", _AVX2),
        Cpu("x86_64-avx512bw", "x86_64", _AVX512),
        Cpu("x86_64-avx512_vnni", "x86_64", f"{_AVX512} avx_vnni avx512_vnni avx512_bf16"),
        Cpu("x86_64-avx_vnni", "x86_64", f"{_AVX2} avx_vnni"),
        Cpu("x86_64-amx_int8", "x86_64", f"{_AVX512} avx_vnni avx512_vnni amx_bf16 amx_int8"),
        Cpu("aarch64", "aarch64", "fp asimd evtstrm aes"),
        Cpu("aarch64-asimddp", "aarch64", "fp asimd evtstrm aes asimdhp asimddp"),
        Cpu("aarch64-i8mm", "aarch64", "fp asimd asimdhp asimddp sve i8mm bf16"),
    )
}
"""By class."""


@contextmanager
def running_on(cpu_class: str, folder: Path) -> Iterator[None]:
    """Let edgebert take this machine for one with a CPU of that class.

    Kernels run as the real CPU has them: what is decided by the class is tested, not what another
    CPU computes, which `make test-devices` does.

    Args:
        cpu_class: one of `CPUS`.
        folder: where what the operating system would tell is written.
    """
    cpu = CPUS[cpu_class]
    told = folder / f"cpuinfo-{cpu_class}"
    told.write_text(cpu.cpuinfo)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "CPU_INFO", told)
        patch.setattr(machine, "_architecture", lambda: cpu.architecture)
        machine.this_machine.cache_clear()
        try:
            yield
        finally:
            machine.this_machine.cache_clear()
