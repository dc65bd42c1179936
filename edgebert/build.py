"""Checkpoint to checked int8 bundle in one go: export, quantize, check, bench, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgebert.bundle import read_bundle
from edgebert.bundle.card import write_model_card
from edgebert.data import Columns
from edgebert.data.columns import refuse_without_columns
from edgebert.drift import check
from edgebert.export import ExportOptions, export_model
from edgebert.latency import bench
from edgebert.measures import Thresholds
from edgebert.output import new_folder, refuse_existing
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.checked import CheckRecord
from edgebert.records.codec import errors_moved, with_paths_moved, write_json
from edgebert.records.made import ExportRecord, QuantizeRecord
from edgebert.records.timed import BenchRecord
from edgebert.report import write_report


@dataclass(frozen=True)
class BuildRecords:
    """What each step of a build recorded."""

    export: ExportRecord
    quantize: QuantizeRecord
    check: CheckRecord
    bench: BenchRecord


def build_bundles(
    model: str,
    output: str | Path,
    *,
    data: Path | None = None,
    calibration: Path | None = None,
    columns: Columns | None = None,
    options: ExportOptions | None = None,
    thresholds: Thresholds | None = None,
    force: bool = False,
    offline: bool = False,
) -> BuildRecords:
    """Write `output`/fp32, /int8, /check.json, /bench.json and /report.html.

    Args:
        model: a checkpoint folder or a Hugging Face id.
        output: the folder to write.
        data: texts, with or without labels, to measure drift on; by default built-in sentences.
        calibration: texts like those to come, that int8 is made by; by default built-in texts alone.
        columns: names of the columns of both, where they are not the usual ones.
        options: see `edgebert.export.ExportOptions`.
        thresholds: bounds on the drift from PyTorch to int8.
        force: replace `output` if it exists.
        offline: never touch the network.

    Raises:
        EdgebertError: what the steps raise; nothing is written then.
    """
    output, columns = Path(output), columns or Columns()
    refuse_without_columns(columns, [path for path in (data, calibration) if path])
    refuse_existing(output, force=force, source=model)
    with new_folder(output, force=force) as folder, errors_moved(folder, output):
        fp32, int8 = folder / "fp32", folder / "int8"
        made = BuildRecords(
            export=export_model(model, fp32, options=options, offline=offline),
            quantize=quantize_bundle(
                fp32, int8, options=_within(thresholds, data, calibration, columns)
            ),
            check=check(
                model,
                int8,
                data,
                thresholds=thresholds,
                text_column=columns.text,
                pair_column=columns.pair,
                label_column=columns.label,
                offline=offline,
            ),
            bench=bench([fp32, int8]),
        )
        write_model_card(read_bundle(int8), [made.quantize, made.check, made.bench])
        records = with_paths_moved(made, folder, output)
        _write_records(records, folder)
    return records


def _within(
    thresholds: Thresholds | None, data: Path | None, calibration: Path | None, columns: Columns
) -> QuantizeOptions:
    """The search for int8 is held to the bounds that its result is checked against."""
    bounds = thresholds or Thresholds()
    return QuantizeOptions(
        data=data,
        calibration=calibration,
        text_column=columns.text,
        pair_column=columns.pair,
        label_column=columns.label,
        max_drift=bounds.max_drift,
        max_flips=bounds.max_flips,
    )


def _write_records(records: BuildRecords, folder: Path) -> None:
    paths = {name: folder / f"{name}.json" for name in ("export", "quantize", "check", "bench")}
    for name, path in paths.items():
        write_json(getattr(records, name), path)
    write_report(list(paths.values()), folder / "report.html", title=records.export.source)
