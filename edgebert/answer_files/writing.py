"""Write all answers of a run to a file, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgebert.answer_files.layouts import Layout
from edgebert.answer_files.rows import Row
from edgebert.data.makers import write_beside
from edgebert.output import new_file


def write_answers(path: Path, rows: Iterable[Row], layout: Layout, *, force: bool = False) -> None:
    """Write each row as soon as it is there; `path` appears when all are.

    Raises:
        OutputError: `path` exists and `force` is not set, or it cannot be written.
    """
    with new_file(path, force=force) as beside:
        spool = beside.with_name(beside.name + ".rows")
        try:
            with spool.open("wb") as stream:
                stream.write(layout.start())
                for row in rows:
                    stream.write(layout.add(row))
                stream.write(layout.settle())
            layout.finish(spool, beside)
            write_beside(path, layout.beside, beside)
        finally:
            spool.unlink(missing_ok=True)
