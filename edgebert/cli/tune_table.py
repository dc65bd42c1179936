"""The record of a tuning as a short text for a terminal."""

from __future__ import annotations

from edgebert.cli.tables import table
from edgebert.records.profile import Profile
from edgebert.records.tuned import MANY_TEXTS, TuneRecord


def show_tune(record: TuneRecord) -> str:
    rows = [
        (tried.use, *_settings(tried.use, tried.profile), f"{tried.ms:.1f}")
        for tried in record.tried
    ]
    header = ("use", "callers", "threads", "tokens a run", "spinning", "ms")
    return "\n\n".join([table(header, rows), _winner(record)])


def _settings(use: str, profile: Profile) -> tuple[str, str, str, str]:
    if use == MANY_TEXTS:
        return (str(profile.callers), str(profile.caller_threads), str(profile.tokens_per_run), "-")
    return ("1", str(profile.threads), "-", "yes" if profile.spinning else "no")


def _winner(record: TuneRecord) -> str:
    p = record.profile
    gains = ", ".join(f"{use} {times:.2f}x" for use, times in record.faster.items())
    kept = record.kept_in or "nowhere: the user's cache cannot be written"
    return (
        f"{p.callers} callers x {p.caller_threads} threads, {p.tokens_per_run} tokens a run; one "
        f"text: {p.threads} threads, {'spinning' if p.spinning else 'not spinning'}\n"
        f"against no tuning: {gains}\nkept in {kept}"
    )
