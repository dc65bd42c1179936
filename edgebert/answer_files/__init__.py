"""Files of answers: what `embed`, `classify` and their kin write, whole or not at all, or resumable.

A row is a text with its answer (`rows`), a layout turns rows into the bytes of a .jsonl, .csv, .npy
or .parquet file (`layouts`), and a run writes them all (`writing`), or goes on with a run that was
killed (`resuming`).
"""

from edgebert.answer_files.columns import Columns
from edgebert.answer_files.layouts import check_output, holds_failures, open_layout
from edgebert.answer_files.resuming import resumed_file
from edgebert.answer_files.writing import write_answers

__all__ = [
    "Columns",
    "check_output",
    "holds_failures",
    "open_layout",
    "resumed_file",
    "write_answers",
]
