"""The devices: which CPU each one has, and how its Python is started."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from devices.record import Bounds
from edgebert.errors import InputError

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".cache" / "devices"
"""What `setup` makes: `root`, an ARM64 Python; `site`, its packages."""

_NEWER = re.compile(r"avx512|avx_|avx10|amx")  # than a Haswell: flags of /proc/cpuinfo
_QUIET = {
    # one thread each: under emulation, threads that wait take the core from the one that works
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True)
class Device:
    """A CPU that bundles are tried on.

    Attributes:
        cpu: the `-cpu` of qemu; "" is this machine itself, without emulation.
        cpu_class: what `edgebert.machine` must call it: proof that the device is what it should be.
        cpuinfo: lines of an ARM64 core's /proc/cpuinfo; "" for x86-64.
        bounds: None for the machine that the others are compared with.
    """

    name: str
    cpu: str = ""
    cpu_class: str = ""
    cpuinfo: str = ""
    bounds: Bounds | None = None


def _arm64_cpuinfo(part: str, features: str) -> str:
    """/proc/cpuinfo of an ARM64 machine of one core.

    onnxruntime's cpuinfo library reads it, and grants instructions by `part`, so it must name a
    core that has what `-cpu` has: a Cortex-A76's part number on a Cortex-A57 ends in SIGILL.
    """
    return (
        f"processor\t: 0\nBogoMIPS\t: 100.00\nFeatures\t: {features}\n"
        "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x1\n"
        f"CPU part\t: {part}\nCPU revision\t: 0\n\n"
    )


_X86_BOUNDS = Bounds(mean=0.9995, p01=0.9985)
_ARM64_BOUNDS = Bounds(mean=0.998, p01=0.996)
_V8_0 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"
_V8_2 = f"{_V8_0} atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp"
_V9_0 = f"{_V8_2} jscvt fcma sha3 sha512 asimdfhm dit uscat ilrcpc flagm sve sve2 i8mm bf16"

NATIVE = Device("native")
DEVICES = (
    # slowest first, so that no core is idle for long at the end
    Device(
        "x86-avx2",
        # What qemu cannot emulate is taken off: it would warn of each in every thread.
        "Haswell-noTSX,-pcid,-x2apic,-tsc-deadline,-invpcid",
        "x86_64-avx2",
        bounds=_X86_BOUNDS,
    ),
    Device(
        "arm64",
        "cortex-a57",
        "aarch64",
        _arm64_cpuinfo("0xd07", _V8_0),
        _ARM64_BOUNDS,
    ),
    Device(
        "arm64-i8mm",
        # Never plain max: the SME of qemu 7.2 multiplies int8 wrongly, and onnxruntime uses SME.
        # Its vectors would be of 2048 bits, its pointers signed by QARMA: both only cost time.
        # The part is a Neoverse N2's: for a Cortex-X2's, cpuinfo wants to see more of /sys.
        "max,sme=off,sve-max-vq=1,pauth-impdef=on",
        "aarch64-i8mm",
        _arm64_cpuinfo("0xd49", _V9_0),
        _ARM64_BOUNDS,
    ),
    Device(
        "arm64-dotprod",
        "cortex-a76",
        "aarch64-asimddp",
        _arm64_cpuinfo("0xd0b", _V8_2),
        _ARM64_BOUNDS,
    ),
)


def command(device: Device) -> list[str]:
    """What starts the device's Python; to be run with `environment`.

    Raises:
        InputError: it cannot be started here; the message says what to install.
    """
    if not device.cpu:
        return [sys.executable]
    prefix = _prefix(device)
    if not device.cpuinfo:
        if platform.machine() != "x86_64":
            raise InputError(
                f"{device.name} runs this machine's own Python, which is not x86-64: "
                "name the others with --device"
            )
        return [_emulator("x86_64"), "-cpu", device.cpu, "-L", str(prefix), sys.executable]
    python = HOME / "root/usr/bin/python3"
    if not (HOME / "ready").exists():
        raise InputError("there is no ARM64 Python: make it with tests/devices/setup")
    return [_emulator("aarch64"), "-cpu", device.cpu, "-L", str(prefix), str(python)]


def environment(device: Device) -> dict[str, str]:
    """The variables for `command`: the checkout's edgebert, and the device's own packages."""
    ours, path = dict(_QUIET), [str(ROOT / "tests"), str(ROOT)]
    if device.cpuinfo:
        path.append(str(HOME / "site"))
        libraries = "lib/aarch64-linux-gnu"
        ours["PYTHONHOME"] = str(HOME / "root/usr")
        ours["PYTHONPYCACHEPREFIX"] = str(HOME / "bytecode")  # compiling takes seconds there,
        ours["PYTHONDONTWRITEBYTECODE"] = ""  # so it is done once
        ours["LD_LIBRARY_PATH"] = f"/{libraries}:/usr/{libraries}"
    return {**os.environ, **ours, "PYTHONPATH": os.pathsep.join(path)}


def _prefix(device: Device) -> Path:
    """The folder that qemu looks in first, with the /proc/cpuinfo of the device's CPU.

    Without it, the device would read this machine's: onnxruntime crashes on ARM64 then.
    """
    prefix = HOME / "machines" / device.name
    (prefix / "proc").mkdir(parents=True, exist_ok=True)
    host = "" if device.cpuinfo else Path("/proc/cpuinfo").read_text()
    (prefix / "proc/cpuinfo").write_text(device.cpuinfo or without_newer_features(host))
    if device.cpuinfo:
        for name in ("lib", "usr"):
            link = prefix / name
            link.unlink(missing_ok=True)
            link.symlink_to(HOME / "root" / name)
    return prefix


def without_newer_features(cpuinfo: str) -> str:
    """An x86-64 /proc/cpuinfo whose cores have AVX2 at most."""
    return re.sub(r"(?m)^flags\t.*$", lambda line: _older_flags(line[0]), cpuinfo)


def _older_flags(line: str) -> str:
    label, _, flags = line.partition(":")
    return f"{label}: {' '.join(flag for flag in flags.split() if not _NEWER.match(flag))}"


def _emulator(architecture: str) -> str:
    """The path of qemu-user for an architecture, by either of the names that Debian gives it."""
    name = f"qemu-{architecture}-static"
    found = shutil.which(name) or shutil.which(name.removesuffix("-static"))
    if found is None:
        raise InputError(f"{name} is not here: apt-get install qemu-user-static")
    return found
