"""A wheel with the library of one platform: `EDGEBERT_KERNELS_PLATFORM`, or the one at hand."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build import build
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))

from compiling import chosen_platform, compile_library

PLATFORM = chosen_platform()


class Build(build):
    """Builds each platform in a folder of its own, else a wheel would hold two libraries."""

    def finalize_options(self) -> None:
        self.build_base = f"build/{PLATFORM.name}"
        super().finalize_options()


class BuildPackage(build_py):
    """Adds the library to the package."""

    def run(self) -> None:
        super().run()
        compile_library(PLATFORM, Path(self.build_lib, "edgebert_kernels"))


class PlatformWheel(bdist_wheel):
    """A wheel for any Python of one platform: the library knows nothing of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", PLATFORM.tag


class PlatformDistribution(Distribution):
    """Has files that are of one platform."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    description=f"edgebert's operators for onnxruntime: {PLATFORM.name} ({PLATFORM.was_run})",
    distclass=PlatformDistribution,
    cmdclass={"build": Build, "build_py": BuildPackage, "bdist_wheel": PlatformWheel},
)
