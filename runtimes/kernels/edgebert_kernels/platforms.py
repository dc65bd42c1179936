"""The platforms that there is a library for. The build reads this, and what is installed tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Platform:
    """Where a library runs.

    Attributes:
        name: as in `EDGEBERT_KERNELS_PLATFORM`.
        target: as the compiler calls it, with the oldest system that it is for.
        tag: as wheels call it.
        suffix: of shared libraries there.
        was_run: how its library was run, as `run there`, `run under emulation` or `never run`.
    """

    name: str
    target: str
    tag: str
    suffix: str
    was_run: str

    @property
    def library(self) -> str:
        """Name of the file; another one for each platform, so that none is taken for another."""
        return f"edgebert_kernels-{self.name}{self.suffix}"

    @property
    def machine(self) -> str:
        """The architecture, as the compiler calls it."""
        return self.target.partition("-")[0]


PLATFORMS = (
    Platform(
        "linux-x86_64",
        "x86_64-linux-gnu.2.17",
        "manylinux_2_17_x86_64",
        ".so",
        "run there",
    ),
    Platform(
        "linux-aarch64",
        "aarch64-linux-gnu.2.17",
        "manylinux_2_17_aarch64",
        ".so",
        "run under emulation",
    ),
    Platform("macos-arm64", "aarch64-macos.11.0", "macosx_11_0_arm64", ".dylib", "never run"),
    Platform("macos-x86_64", "x86_64-macos.11.0", "macosx_11_0_x86_64", ".dylib", "never run"),
    Platform("windows-x86_64", "x86_64-windows-gnu", "win_amd64", ".dll", "never run"),
    Platform("windows-arm64", "aarch64-windows-gnu", "win_arm64", ".dll", "never run"),
)
