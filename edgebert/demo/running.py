"""The whole path on built-in data: train, distil, export, quantize, check, time, use, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgebert.demo.dataset import Files
from edgebert.demo.steps import TrainedModels, train_models
from edgebert.drift import check
from edgebert.export import export_model
from edgebert.latency import bench
from edgebert.measures import Thresholds
from edgebert.output import new_folder, refuse_existing
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.checked import CheckRecord
from edgebert.records.codec import errors_moved, with_paths_moved, write_json
from edgebert.records.header import Header
from edgebert.records.made import QuantizeRecord
from edgebert.records.timed import BenchRecord
from edgebert.report import Summary, write_report
from edgebert.runtimes import Classification, Entity, load

INTENTS_TO_TRY = (
    "don't switch off the washing machine, switch it on",
    "don't switch on the washing machine, switch it off",
    "remind Julia to call me at sunset",
    "别关投影仪，打开它",
)
SLOTS_TO_TRY = (
    "remind Julia about the dryer on Friday afternoon",
    "请在书房播放吉他曲",
)
_MAX_FLIPS = 0.05  # share of labels that int8 may change; about 0.005 was measured
_BENCH_LENGTHS = (8, 16, 32)


@dataclass(frozen=True)
class DemoResult:
    """What the demo found; the folder holds data, models, bundles, records and the report.

    Attributes:
        summary: accuracy, size and latency from the baseline to int8.
        drift: one line on how far int8 is from its student.
        classified, tagged: sentences that neither model was trained on, and the answers of int8.
    """

    report: Path
    summary: Summary
    drift: str
    classified: tuple[tuple[str, Classification], ...]
    tagged: tuple[tuple[str, list[Entity]], ...]


@dataclass(frozen=True)
class _Bundles:
    """The bundles of one model, and what was recorded when they were made and checked."""

    fp32: Path
    int8: Path
    records: tuple[Header, ...]
    quantized: QuantizeRecord
    checked: CheckRecord


def run_demo(output: Path, *, seed: int = 0, force: bool = False) -> DemoResult:
    """Run the demo into a new folder.

    Args:
        output: the folder to write.
        seed: of the data and of all training.
        force: replace `output` if it exists.

    Raises:
        GateError: parity, coverage or drift failed; nothing was written.
        OutputError: `output` exists or cannot be written.
    """
    refuse_existing(output, force=force)
    with new_folder(output, force=force) as folder, errors_moved(folder, output):
        trained = train_models(folder, seed)
        data = trained.data
        intents = _bundle(trained.student, folder / "intents", data.intents)
        slots = _bundle(trained.tagger, folder / "slots", data.slots)
        timed = bench([intents.fp32, intents.int8], lengths=_BENCH_LENGTHS, seconds=0.25)
        summary = _summary(trained, intents, timed)
        records = (*trained.records, *intents.records, *slots.records, timed)
        _write_report(records, summary, folder, output)
        classifier, tagger = load(intents.int8), load(slots.int8)
        return DemoResult(
            report=output / "report.html",
            summary=summary,
            drift=_drift_line(intents.checked),
            classified=tuple((t, classifier.classify(t)) for t in INTENTS_TO_TRY),
            tagged=tuple((t, tagger.tag(t)) for t in SLOTS_TO_TRY),
        )


def _bundle(checkpoint: Path, folder: Path, files: Files) -> _Bundles:
    """Export, calibrate on train with drift measured on dev, check from PyTorch to int8 on test."""
    fp32, int8 = folder / "fp32", folder / "int8"
    exported = export_model(checkpoint, fp32, offline=True)
    options = QuantizeOptions(calibration=files.train, data=files.dev, max_flips=_MAX_FLIPS)
    quantized = quantize_bundle(fp32, int8, options=options)
    thresholds = Thresholds(max_flips=_MAX_FLIPS)
    checked = check(checkpoint, int8, files.test, thresholds=thresholds, offline=True)
    return _Bundles(fp32, int8, (exported, quantized, checked), quantized, checked)


def _summary(trained: TrainedModels, intents: _Bundles, timed: BenchRecord) -> Summary:
    accuracy, metric = trained.accuracy, intents.checked.metric
    assert metric is not None
    fp32_size, int8_size = intents.quantized.source_size_bytes, intents.quantized.size_bytes
    fp32_ms, int8_ms = (_latency(timed, bundle) for bundle in (0, 1))
    teacher, student = (record.layers for record in trained.records[1:3])
    return Summary(
        title="From a baseline to int8: intents of the test split",
        header=("model", "accuracy", "size", "p50, 16 tokens"),
        rows=(
            ("random weights", f"{accuracy.random_weights:.1f}", "", ""),
            ("bag of words", f"{accuracy.bag_of_words:.1f}", "", ""),
            (f"teacher, {teacher} layers, PyTorch", f"{accuracy.teacher:.1f}", "", ""),
            (f"student, {student} layers, PyTorch", f"{accuracy.student:.1f}", "", ""),
            ("student, fp32 bundle", f"{metric.reference:.1f}", _mb(fp32_size), fp32_ms),
            ("student, int8 bundle", f"{metric.candidate:.1f}", _mb(int8_size), int8_ms),
            ("tagger, entity F1", f"{trained.tagger_f1:.1f}", "", ""),
        ),
    )


def _latency(timed: BenchRecord, bundle: int) -> str:
    """Median of one text of 16 tokens on one core."""
    (result,) = (
        r for r in timed.results if (r.bundle, r.batch, r.length, r.threads) == (bundle, 1, 16, 1)
    )
    return f"{result.p50_ms:.2f} ms"


def _drift_line(record: CheckRecord) -> str:
    assert record.labels is not None
    return (
        f"int8 against the student in PyTorch, {record.n} test texts: "
        f"{record.labels.flips} changed labels, mean change of a probability "
        f"{record.distance_mean:.2g}"
    )


def _write_report(records: Sequence[Header], summary: Summary, folder: Path, output: Path) -> None:
    """Write the records as they will read once `folder` is called `output`, and the page."""
    (folder / "records").mkdir()
    paths = []
    for number, record in enumerate(records):
        paths.append(folder / "records" / f"{number:02}-{record.record}.json")
        write_json(with_paths_moved(record, folder, output), paths[-1])
    write_report(paths, folder / "report.html", title="edgebert demo", summary=summary)


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.2f} MB"
