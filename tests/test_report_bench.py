"""What a page says of a bench: sizes by part, memory, texts, PyTorch, and noise in words."""

from __future__ import annotations

from dataclasses import replace

from edgebert.records.timed import (
    BenchBundle,
    BenchRecord,
    BenchResult,
    Noise,
    RaggedMemory,
    TextsBench,
    TextsResult,
    TokenCounts,
)
from edgebert.report.blocks import Section, Table
from edgebert.report.latency import latency
from edgebert.report.names import names_of
from edgebert.report.size import size
from edgebert.report.start import cold_start
from edgebert.report.throughput import throughput

SIZES = {
    "embeddings": 40_000_000,
    "matmul_weights": 45_000_000,
    "other_weights": 1_000_000,
    "model": 86_500_000,
    "tokenizer": 700_000,
    "other_files": 50_000,
    "total": 87_250_000,
}
MEMORY = RaggedMemory(
    texts=280, loaded_mb=120, warm_mb=140, end_mb=143.5, growth_mb=3.5, peak_mb=150
)
PYTORCH = BenchBundle("models/minilm", "a", "fp32", "PyTorch", 91_000_000, 900, 30, 400)
INT8 = BenchBundle(
    "out/int8", "b", "int8", "CPUExecutionProvider", 87_250_000, 70, 4, 120,
    task="feature-extraction", max_length=256, sizes=SIZES, ragged_memory=MEMORY,
)  # fmt: skip


def result(bundle: int, ms: float) -> BenchResult:
    return BenchResult(
        bundle, "", 1, 16, 1, 40, ms, ms, ms, ms, ms, ms, 1e3 / ms, 16e3 / ms, spread=0.0213
    )


BENCH = BenchRecord(
    bundles=(PYTORCH, INT8),
    results=(result(0, 8.0), result(1, 2.0)),
    noise=Noise(0.0213, 0.0, noisy=False),
    texts=TextsBench(
        file="data/test.tsv",
        n=813,
        available=2758,
        tokens=TokenCounts(14.8, 12, 31, 60),
        results=(
            TextsResult(0, "PyTorch", 1, 3, 2000, 406, 6016, 0.01),
            TextsResult(1, "CPUExecutionProvider", 1, 3, 1000, 813, 12032, 0.01),
        ),
    ),
)


def shown(section: Section | None) -> Section:
    assert section
    return section


def named(section: Section | None, caption: str) -> Table:
    return next(table for table in shown(section).tables if table.caption.startswith(caption))


def test_what_is_no_weight_of_the_model_is_its_graph() -> None:
    parts = named(size([BENCH], names_of([BENCH])), "Size by part")
    assert parts.header[1:4] == ("embeddings", "MatMul weights", "other weights")
    (row,) = parts.rows  # no part is known of the checkpoint
    assert row == ("int8", "40.0 MB", "45.0 MB", "1.00 MB", "0.500 MB", "0.700 MB", "0.0500 MB")


def test_memory_growth_is_told_for_those_that_were_measured() -> None:
    section = cold_start([BENCH], names_of([BENCH]))
    assert [row[0] for row in shown(section).tables[0].rows] == ["minilm (PyTorch)", "int8"]
    memory = named(section, "Memory under ragged load")
    assert memory.rows == (("int8", "280", "120", "140", "144", "+3.5", "150"),)


def test_texts_come_with_their_lengths() -> None:
    texts = named(throughput([BENCH], names_of([BENCH])), "813 of 2,758 texts of test.tsv")
    assert texts.caption.endswith("14.8 tokens on average, p50 12.0, p95 31.0, longest 60")
    assert texts.rows[0] == ("minilm (PyTorch)", "1", "406", "6,016", "1.00 %")


def test_a_checkpoint_is_named_as_run_by_pytorch() -> None:
    section = shown(latency([BENCH], names_of([BENCH])))
    assert section.figures[0].legend[0][0] == "minilm (PyTorch)"
    assert section.tables[0].header[3] == "minilm (PyTorch) p50 ms"
    assert section.tables[0].rows[0][-1] == "4.0×"


def test_noise_is_a_warning_that_gives_its_reasons() -> None:
    assert shown(latency([BENCH], names_of([BENCH]))).warnings == ()
    noisy = Noise(0.3, 0.0, noisy=True, others=0.4, reasons=("one reason", "another"))
    record = replace(BENCH, noise=noisy)
    (warning,) = shown(latency([record], names_of([record]))).warnings
    assert warning.startswith("The machine was noisy, read with care: one reason; another. ")


def test_a_record_of_the_first_version_has_no_empty_tables() -> None:
    old = replace(
        BENCH, bundles=(PYTORCH,), results=(replace(BENCH.results[0], spread=None),), texts=None
    )
    names = names_of([old])
    captions = [
        table.caption
        for section in (size, cold_start, throughput)
        for table in shown(section([old], names)).tables
    ]
    assert captions == ["", "", "At fixed shapes"]
    assert shown(latency([old], names)).tables[1].rows[0][-1] == "–"
