"""`python -m conformance`: make what the tests of all clients read. See its README.md."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from conformance.cases import lines_of
from conformance.schema import schema_of
from conformance.vocabularies import make_all
from edgebert.errors import EdgebertError
from edgebert.output import new_file
from edgebert.records.golden import Golden
from edgebert.records.manifest import Manifest

FOLDER = Path(__file__).parent.parent.parent / "runtimes" / "conformance"


def contents() -> dict[str, str]:
    """What each file of the folder holds, by its name."""
    files = {
        "manifest.schema.json": _pretty(schema_of(Manifest, "manifest.json of an edgebert bundle")),
        "golden.schema.json": _pretty(schema_of(Golden, "golden.json of an edgebert bundle")),
    }
    for name, made in make_all().items():
        files[f"tokenizers/{name}.json"] = made.tokenizer.to_str() + "\n"
        files[f"cases/{name}.jsonl"] = "".join(f"{line}\n" for line in lines_of(made))
    return files


def _pretty(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=FOLDER)
def main(output: Path) -> None:
    """Write schemas, tokenizers and cases, in the place of those that are there."""
    try:
        for name, text in contents().items():
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            with new_file(output / name, force=True) as beside:
                beside.write_text(text, encoding="utf-8", newline="\n")
    except (EdgebertError, OSError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
