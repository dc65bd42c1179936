"""Who translates, and the ways that each one's own documentation offers for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devices.emulated import ROOT

from benchmarks.server.process import python_of
from benchmarks.translation.speed.seats import Opening

OURS = Path(python_of(ROOT / ".venv"))
THEIRS = Path(python_of(ROOT / ".venv-ctranslate2"))

_PRECISIONS = {"float32": "fp32", "int8": "int8"}
_BATCHES = ((32, "examples"), (64, "examples"), (128, "examples"), (1024, "tokens"))
_ENVIRONMENTS: tuple[dict[str, str], ...] = (
    {},  # what it chooses by itself
    {"CT2_FORCE_CPU_ISA": "AVX512"},
    {"CT2_USE_MKL": "1"},
)
"""Variables by which CTranslate2's user chooses instructions and the library of products."""


@dataclass(frozen=True)
class Way:
    """How many texts are translated.

    Attributes:
        opening: what is opened for it.
        batching: how texts are grouped, where the user says that.
    """

    opening: Opening
    batching: Mapping[str, str | int] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        told = [str(self.opening), *(f"{name}={value}" for name, value in self.batching.items())]
        return ", ".join(told)


@dataclass(frozen=True)
class Contestant:
    """One row.

    Attributes:
        name, title: of it.
        precision: fp32 or int8; fp32 is compared with fp32.
        ours: whether it is edgebert's.
        model: the folder of all that it needs.
        ways: by cores.
        packages: those whose versions decide its speed.
    """

    name: str
    title: str
    precision: str
    ours: bool
    model: Path
    ways: Mapping[int, tuple[Way, ...]]
    packages: tuple[str, ...]


def edgebert(
    bundle: Path, precision: str, cores: tuple[int, ...], *, kernels: bool = False
) -> Contestant:
    """A bundle, which has no settings: it takes the cores that it is granted."""
    options = {"kernels": "required" if kernels else "off"}
    return Contestant(
        f"edgebert_{precision}{'_kernels' * kernels}",
        f"edgebert {precision}{', kernels' * kernels}",
        precision,
        True,
        bundle,
        {
            count: (Way(Opening(OURS, "edgebert_bundle", bundle, count, options)),)
            for count in cores
        },
        ("onnxruntime", *("edgebert-kernels",) * kernels),
    )


def ctranslate2(model: Path, compute_type: str, cores: tuple[int, ...]) -> Contestant:
    """CTranslate2's model: all cores on one batch or a batch on each, of several sizes."""
    precision = _PRECISIONS[compute_type]
    return Contestant(
        f"ctranslate2_{precision}",
        f"CTranslate2 {precision}",
        precision,
        False,
        model,
        {count: tuple(_ways(model, compute_type, count)) for count in cores},
        ("ctranslate2",),
    )


def _ways(model: Path, compute_type: str, cores: int) -> list[Way]:
    openings = [
        Opening(
            THEIRS,
            "ctranslate2_model",
            model,
            cores,
            {"compute_type": compute_type, "inter_threads": inter, "intra_threads": intra},
            environment,
        )
        for environment in _ENVIRONMENTS
        for inter, intra in dict.fromkeys(((1, cores), (cores, 1)))
    ]
    return [
        Way(opening, {"max_batch_size": size, "batch_type": unit})
        for opening in openings
        for size, unit in _BATCHES
    ]
