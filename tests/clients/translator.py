"""A tiny translator in int8, taught and made once for all runs."""

from __future__ import annotations

from pathlib import Path

from translators import make_translator, pairs

from clients.served import WORK
from edgebert.bundle import read_bundle
from edgebert.errors import EdgebertError
from edgebert.export import export_model
from edgebert.quantize import QuantizeOptions, quantize_bundle


def translator_bundle() -> Path:
    """The bundle as an earlier run left it, or a new one.

    Raises:
        EdgebertError: it could not be made.
    """
    folder = WORK / "translator"
    made = folder / "int8"
    try:
        read_bundle(made)
    except EdgebertError:
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint = make_translator(folder / "checkpoint")
        export_model(checkpoint, folder / "fp32", force=True)
        options = QuantizeOptions(scheme="token", calibration=_pairs(folder / "pairs.tsv"))
        quantize_bundle(folder / "fp32", made, options=options, force=True)
    return made


def _pairs(file: Path) -> Path:
    lines = ("\t".join(pair) for pair in [("source", "target"), *pairs()])
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
