"""Latency, throughput, memory and cold start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, record_to, require
from edgebert.cli.tables import table
from edgebert.output import refuse_existing

if TYPE_CHECKING:
    from edgebert.records.timed import BenchBundle, BenchRecord, BenchResult, Noise, TextsBench


@click.command(cls=Command)
@click.argument("models", nargs=-1, required=True, metavar="BUNDLE...")
@click.option(
    "--lengths",
    callback=options.number_list,
    help="Tokens in each text. Default: those of 16, 32 and 128 that every model takes.",
)
@click.option(
    "--batch-sizes",
    default="1,8",
    show_default=True,
    callback=options.number_list,
    help="Texts in each run.",
)
@click.option(
    "--threads",
    callback=options.number_list,
    help="Cores a run may use. Default: 1 and all that are granted.",
)
@click.option(
    "--texts",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Also time the texts of FILE, from text to answer.",
)
@options.text_column
@options.pair_column
@options.beam
@options.provider
@options.kernels
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the figures as a page with charts.",
)
@options.force
@options.json_record
def bench(
    models: tuple[str, ...],
    lengths: tuple[int, ...] | None,
    batch_sizes: tuple[int, ...],
    threads: tuple[int, ...] | None,
    texts: Path | None,
    text_column: str | None,
    pair_column: str | None,
    beam: int,
    provider: str,
    kernels: str,
    html: Path | None,
    force: bool,
    json_path: Path | None,
) -> None:
    """Measure latency, throughput, memory and cold start of BUNDLEs, in alternating rounds.

    A checkpoint (a folder or a Hugging Face id) may stand among them: PyTorch runs it. A
    translator writes as many tokens as it reads; also told are the time to the first of them,
    and that for each one more.

    \b
        edgebert bench path/to/checkpoint out/fp32 out/int8 --texts dev.tsv --html bench.html
    """
    for option, column in (("--text-column", text_column), ("--pair-column", pair_column)):
        if column and not texts:
            raise click.UsageError(f"{option} needs --texts.")
    if html:
        require("--html", "report", "jinja2", "matplotlib")
        refuse_existing(html, force=force)
    from edgebert.latency import bench as run_bench

    def run() -> BenchRecord:
        return run_bench(
            models,
            lengths=lengths,
            batch_sizes=batch_sizes,
            threads=threads,
            texts=texts,
            text_column=text_column,
            pair_column=pair_column,
            beam=beam,
            provider=provider,
            kernels=kernels,
            offline=is_offline(),
        )

    def page(record: BenchRecord) -> None:
        if html:
            from edgebert.report import write_page

            write_page([record], html, title="edgebert bench", force=force)

    record_to(json_path, run, show_bench, also=page)


def show_bench(record: BenchRecord) -> str:
    from edgebert.report.names import shortest_names

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
    if bundle.provider == "PyTorch":
        return "PyTorch"
    from edgebert.records.fingerprint import Fingerprint

    made_by = Fingerprint.read(bundle.fingerprint) if bundle.fingerprint else None
    by_kernels = " by kernels" if made_by and made_by.by_kernels else ""
    return f"{bundle.precision}{by_kernels}"


def _warm(record: BenchRecord, names: Sequence[str]) -> str:
    written = any(r.first_token_ms is not None for r in record.results)
    rows = [
        (names[r.bundle], r.batch, r.length, r.threads,
         f"{r.min_ms:.2f}", f"{r.p50_ms:.2f}", f"{r.p95_ms:.2f}", f"{r.p99_ms:.2f}",
         f"{r.texts_per_s:.0f}", *(_written(r) if written else ()))
        for r in record.results
    ]  # fmt: skip
    header = ("bundle", "batch", "length", "threads", "min ms", "p50", "p95", "p99", "texts/s")
    times = table((*header, *(("first token ms", "token ms") if written else ())), rows)
    return times if record.beam == 1 else f"translations by {record.beam} beams\n{times}"


def _written(result: BenchResult) -> tuple[str, str]:
    """The time to the first token of a translation, and that for each one more."""
    times = (result.first_token_ms, result.token_ms)
    first, more = ("-" if ms is None else f"{ms:.2f}" for ms in times)
    return first, more


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
