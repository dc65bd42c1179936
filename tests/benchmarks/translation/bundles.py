"""A row's bundles, as `edgebert export` and `edgebert quantize` make them, with the vocabulary it needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.carved import CARVED
from benchmarks.training.running import run_edgebert
from edgebert.data import Columns, read_examples


@dataclass(frozen=True)
class Bundles:
    """Folders of one model."""

    fp32: Path
    int8: Path

    @property
    def both(self) -> dict[str, Path]:
        return {"fp32": self.fp32, "int8": self.int8}

    @property
    def are_there(self) -> bool:
        return all((folder / "manifest.json").exists() for folder in self.both.values())


def bundles_of(model: Path) -> Bundles:
    """Where the bundles of a checkpoint lie: beside it."""
    return Bundles(*(model.with_name(f"{model.name}-{kind}") for kind in ("fp32", "int8")))


def make_bundles(model: Path, train: Path, dev: Path, columns: Columns) -> Bundles:
    """Export and quantize a checkpoint.

    Args:
        model: the checkpoint.
        train: pairs, whose sources need the pieces that are kept, and that ranges are taken from.
        dev: pairs that the drift is measured on.
        columns: of both files.

    Raises:
        EdgebertError: a command failed; it has said why.
    """
    made = bundles_of(model)
    names = ("--text-column", str(columns.text), "--pair-column", str(columns.pair))
    sources = _write_sources(model, train, columns)
    run_edgebert(
        "export", model, "--trim-vocabulary", sources, "-o", made.fp32, "--force", "--offline"
    )
    run_edgebert(
        "quantize", made.fp32, "--calibration", train, "--data", dev, *names, "-o", made.int8,
        "--force",
    )  # fmt: skip
    return made


def size_of(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _write_sources(model: Path, train: Path, columns: Columns) -> Path:
    """The sources alone, a line each: pieces of targets need no place in the source's vocabulary."""
    written = model.parent / CARVED / model.name / "sources.txt"
    written.parent.mkdir(parents=True, exist_ok=True)
    texts = (str(pair[0]) for pair in read_examples(train, columns=columns).texts)
    written.write_text("".join(f"{' '.join(text.split())}\n" for text in texts), encoding="utf-8")
    return written
