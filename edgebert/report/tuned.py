"""What a tuning tried, and what it chose."""

from __future__ import annotations

from collections.abc import Sequence

from edgebert.measures.formats import MISSING
from edgebert.records.header import Header
from edgebert.records.profile import Profile
from edgebert.records.tuned import MANY_TEXTS, Tried, TuneRecord
from edgebert.report.blocks import Section, Table
from edgebert.report.formats import figures
from edgebert.report.names import Names
from edgebert.report.read import of_kind

TRIED = ("use", "callers", "threads", "tokens a run", "spinning", "ms")


def tuning(records: Sequence[Header], names: Names) -> Section | None:
    tuned = of_kind(records, TuneRecord)
    if not tuned:
        return None
    return Section(
        "Tuning",
        "How long each way to run a bundle took on this machine: the same texts, from text to "
        "answer. None of them changes an answer.",
        tables=tuple(_table(record, names) for record in tuned),
    )


def settings(use: str, profile: Profile) -> tuple[str, str, str, str]:
    """The settings of a profile that matter for a use, as the columns of `TRIED` have them."""
    if use == MANY_TEXTS:
        callers, threads = profile.callers, profile.caller_threads
        return str(callers), str(threads), str(profile.tokens_per_run), MISSING
    return "1", threads_alone(profile), MISSING, "yes" if profile.spinning else "no"


def threads_alone(profile: Profile) -> str:
    """How many threads a single request has, by its length where that counts."""
    if not profile.short_tokens:
        return str(profile.threads)
    return f"{profile.caller_threads} up to {profile.short_tokens} tokens, else {profile.threads}"


def _table(record: TuneRecord, names: Names) -> Table:
    gains = ", ".join(f"{use} {faster:.2f}×" for use, faster in record.faster.items())
    cores = "1 core" if record.cores == 1 else f"{record.cores} cores"
    return Table(
        (*TRIED, "chosen"),
        tuple(_row(tried, record.profile) for tried in record.tried),
        f"{names[record.bundle]} on {cores}, against no tuning: {gains}",
    )


def _row(tried: Tried, winner: Profile) -> tuple[str, ...]:
    shown = settings(tried.use, tried.profile)
    chosen = "yes" if shown == settings(tried.use, winner) else ""
    return (tried.use, *shown, figures(tried.ms), chosen)
