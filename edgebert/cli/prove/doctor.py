"""Whether a device gives the answers that a bundle promises."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, record_to
from edgebert.cli.tables import table

if TYPE_CHECKING:
    from edgebert.records.diagnosed import DoctorRecord


@click.command(cls=Command)
@click.argument("bundle", type=options.FOLDER)
@options.provider
@options.kernels
@options.json_record
def doctor(bundle: Path, provider: str, kernels: str, json_path: Path | None) -> None:
    """Check that this device gives the answers that BUNDLE promises; exit 3 when it does not.

    \b
        edgebert doctor out/int8
    """
    from edgebert.doctor import examine

    record_to(json_path, lambda: examine(bundle, provider=provider, kernels=kernels), show_doctor)


def show_doctor(record: DoctorRecord) -> str:
    rows = [("ok" if c.passed else "FAILED", c.name, c.detail) for c in record.checks]
    return "\n\n".join([table(("", "check", "detail"), rows), *record.ways_out])
