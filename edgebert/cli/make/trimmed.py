"""What the commands that trim a vocabulary say of it."""

from __future__ import annotations

from edgebert.cli.tables import size_text
from edgebert.records.manifest import TrimmedVocabulary


def trimmed_text(trimmed: TrimmedVocabulary | None) -> str:
    """A line that says what was kept and what it costs; nothing where nothing was trimmed."""
    if trimmed is None:
        return ""
    kept = f"vocabulary: {trimmed.kept} of {trimmed.pieces} pieces kept for {trimmed.corpus}"
    saved = f", {size_text(trimmed.saved_bytes)} less"
    if trimmed.unseen is None:
        return f"{kept}{saved}\n"
    more = trimmed.unseen.pieces_after / max(1, trimmed.unseen.pieces_before) - 1
    unknown = trimmed.unseen.unknown_after - trimmed.unseen.unknown_before
    return f"{kept}{saved}; unseen text takes {more:.1%} more pieces, {unknown} of them unknown\n"
