"""The record of a tuning as a short text for a terminal."""

from __future__ import annotations

from edgebert.cli.tables import table
from edgebert.records.tuned import TuneRecord
from edgebert.report.tuned import TRIED, settings


def show_tune(record: TuneRecord) -> str:
    rows = [
        (tried.use, *settings(tried.use, tried.profile), f"{tried.ms:.1f}")
        for tried in record.tried
    ]
    return "\n\n".join([table(TRIED, rows), _winner(record)])


def _winner(record: TuneRecord) -> str:
    p = record.profile
    gains = ", ".join(f"{use} {times:.2f}x" for use, times in record.faster.items())
    kept = record.kept_in or "nowhere: the user's cache cannot be written"
    return (
        f"{p.callers} callers x {p.caller_threads} threads, {p.tokens_per_run} tokens a run; one "
        f"text: {p.threads} threads, {'spinning' if p.spinning else 'not spinning'}\n"
        f"against no tuning: {gains}\nkept in {kept}"
    )
