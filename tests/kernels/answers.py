"""What the driver answers on a CPU, and whether CPUs agree."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernels.tools import tool


@dataclass(frozen=True)
class Cpu:
    """A CPU that the driver runs on.

    Attributes:
        emulator: of qemu-user; "" is this machine.
        model: its `-cpu`.
        classes: those that it must find, best first; empty for any.
    """

    name: str
    emulator: str = ""
    model: str = ""
    classes: tuple[str, ...] = ()


_UNKNOWN = "-pcid,-x2apic,-tsc-deadline,-invpcid"  # to qemu, which warns of each
NATIVE = Cpu("this machine")
SANITIZED = Cpu("with sanitizers")
X86_CPUS = (
    Cpu("x86-avx2", "qemu-x86_64-static", f"Haswell-noTSX,{_UNKNOWN}", ("avx2", "plain")),
    Cpu("x86-sse", "qemu-x86_64-static", "Nehalem", ("plain",)),
)
ARM64_CPUS = (
    Cpu(
        "arm64-i8mm",
        "qemu-aarch64-static",
        "max,sme=off,sve-max-vq=1,pauth-impdef=on",
        ("neon_i8mm", "neon_dotprod", "plain"),
    ),
    Cpu("arm64-dotprod", "qemu-aarch64-static", "cortex-a76", ("neon_dotprod", "plain")),
    Cpu("arm64", "qemu-aarch64-static", "cortex-a57", ("plain",)),
)


@dataclass(frozen=True)
class Answers:
    """What the driver printed on a CPU.

    Attributes:
        bits: a hash of the answer of each case.
        wrong: a sentence for each answer that differs from that of emulated lanes.
    """

    cpu: Cpu
    classes: tuple[str, ...]
    bits: dict[str, str]
    wrong: tuple[str, ...]

    def broken(self, reference: Answers) -> Iterator[str]:
        """A sentence for each promise that does not hold, beside the bits of another CPU."""
        where = self.cpu.name
        if self.cpu.classes and self.classes != self.cpu.classes:
            yield f"{where}: classes {self.classes}, not {self.cpu.classes}"
        yield from (f"{where}: {sentence}" for sentence in self.wrong)
        for case, bits in self.bits.items():
            if bits != reference.bits.get(case):
                yield f"{where}: {case} has other bits than on {reference.cpu.name}"
        missing = reference.bits.keys() - self.bits.keys()
        if missing:
            yield f"{where}: {len(missing)} cases have no answer"


def answers_of(driver: Path, cpu: Cpu) -> Answers:
    """Run the driver on a CPU.

    Raises:
        InputError: its emulator is not here.
    """
    emulated = [tool(cpu.emulator, "qemu-user-static"), "-cpu", cpu.model] if cpu.emulator else []
    run = subprocess.run(
        [*emulated, driver],
        env=os.environ | {"UBSAN_OPTIONS": "print_stacktrace=1"},
        check=False,
        capture_output=True,
        text=True,
    )
    return read_answers(cpu, run.stdout.splitlines(), run.returncode, run.stderr)


def read_answers(cpu: Cpu, lines: Sequence[str], status: int, said: str) -> Answers:
    """What the driver printed; a status that no wrong answer explains is one more of them."""
    rows = [line.split() for line in lines]
    wrong = [line.removeprefix("WRONG ") for line in lines if line.startswith("WRONG ")]
    if status and not (status == 1 and wrong and not said):
        wrong.append(f"it ended with {status}: {said.strip()}")
    return Answers(
        cpu,
        classes=tuple(name for row in rows if row[0] == "CLASSES" for name in row[1:]),
        bits={row[1]: row[2] for row in rows if row[0] == "CASE"},
        wrong=tuple(wrong),
    )
