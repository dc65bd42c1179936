"""The record of a bench as a short text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from edgebert.cli.tables import table
from edgebert.records.measured import BenchBundle, BenchRecord, Noise, TextsBench
from edgebert.report.names import shortest_names


def show_bench(record: BenchRecord) -> str:
    shortest = shortest_names(bundle.path for bundle in record.bundles)
    names = [shortest[bundle.path] for bundle in record.bundles]
    parts = [_cold(record), _warm(record, names)]
    if record.texts:
        parts.append(_on_texts(record.texts, names))
    return "\n\n".join([*parts, _machine(record)])


def _cold(record: BenchRecord) -> str:
    rows = []
    for b in record.bundles:
        memory = b.ragged_memory
        growth = f"{memory.growth_mb:+.1f}" if memory else "-"
        peak = "-" if b.peak_rss_mb is None else f"{b.peak_rss_mb:.0f}"
        times = (f"{b.load_ms:.0f}", f"{b.first_inference_ms:.1f}")
        rows.append((b.path, _kind(b), f"{b.size_bytes / 1e6:.1f} MB", *times, peak, growth))
    header = ("bundle", "precision", "size", "load ms", "first ms", "peak MB", "growth MB")
    return table(header, rows)


def _kind(bundle: BenchBundle) -> str:
    return "PyTorch" if bundle.provider == "PyTorch" else bundle.precision


def _warm(record: BenchRecord, names: Sequence[str]) -> str:
    rows = [
        (names[r.bundle], r.batch, r.length, r.threads,
         f"{r.min_ms:.2f}", f"{r.p50_ms:.2f}", f"{r.p95_ms:.2f}", f"{r.p99_ms:.2f}",
         f"{r.texts_per_s:.0f}")
        for r in record.results
    ]  # fmt: skip
    header = ("bundle", "batch", "length", "threads", "min ms", "p50", "p95", "p99", "texts/s")
    return table(header, rows)


def _on_texts(texts: TextsBench, names: Sequence[str]) -> str:
    t = texts.tokens
    title = (
        f"{texts.n} of {texts.available} texts of {texts.file}: "
        f"{t.mean:.1f} tokens on average, p50 {t.p50:.0f}, p95 {t.p95:.0f}, longest {t.max}"
    )
    rows = [
        (names[r.bundle], r.threads, f"{r.texts_per_s:.0f}",
         f"{r.tokens_per_s:.0f}")
        for r in texts.results
    ]  # fmt: skip
    return f"{title}\n{table(('bundle', 'threads', 'texts/s', 'tokens/s'), rows)}"


def _machine(record: BenchRecord) -> str:
    return f"machine: {record.machine.cpu_and_class}, {_steadiness(record.noise)}"


def _steadiness(noise: Noise) -> str:
    spread = f"medians of rounds spread {100 * noise.round_spread:.0f} %"
    if noise.noisy:
        return f"noisy, read with care: {'; '.join(noise.reasons) or spread}"
    return f"steady ({spread})"
