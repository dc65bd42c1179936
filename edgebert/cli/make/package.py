"""A bundle to a folder that is dropped into an app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, record_to
from edgebert.cli.tables import size_text
from edgebert.packaging.targets import TARGETS

if TYPE_CHECKING:
    from edgebert.records.made import PackageRecord


@click.command(cls=Command)
@click.argument("bundles", nargs=-1, required=True, metavar="BUNDLE...", type=options.FOLDER)
@click.option(
    "--target",
    required=True,
    type=click.Choice(TARGETS),
    help="web: a page that any server serves. node: for Node and Electron. transformers.js: what "
    "its pipeline(...) opens, of one BUNDLE or of one in each precision, the first by default.",
)
@options.output("Folder")
@click.option(
    "--vendor",
    type=options.FOLDER,
    metavar="FOLDER",
    help="Copy the files of onnxruntime-web from here (node_modules/onnxruntime-web/dist), for web. "
    "Default: the folder says which belong into it.",
)
@options.force
@options.json_record
def package(
    bundles: tuple[Path, ...],
    target: str,
    output: Path,
    vendor: Path | None,
    force: bool,
    json_path: Path | None,
) -> None:
    """Make of BUNDLE a folder to drop into an app: with the client, a page or a script, and how to.

    The client and what it runs are in the folder; Node is not needed to make it.

    \b
        edgebert package minilm-int8/ --target web -o site/ --vendor node_modules/onnxruntime-web/dist
    """
    from edgebert.packaging.making import package_bundles

    record_to(
        json_path,
        lambda: package_bundles(bundles, output, target=target, vendor=vendor, force=force),
        show_package,
    )


def show_package(record: PackageRecord) -> str:
    size = f"{len(record.files)} files, {size_text(record.size_bytes)}"
    missing = [f"still missing: {sentence}" for sentence in record.missing]
    return "\n".join(
        [
            f"{record.output}: {record.task} for {record.target}, {size}",
            *missing,
            f"how to run it: {record.output}/README.md",
        ]
    )
