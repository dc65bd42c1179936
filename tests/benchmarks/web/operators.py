"""`python -m benchmarks.web.operators GRAPH...`: where a run's time goes, in WebAssembly and in Node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import onnx

from benchmarks.web.graphs import LIBRARIES, Input, operators_ms
from edgebert.cli.tables import table

_SHOWN = 6
_FILLED = {"input_ids": (0, 20_000), "attention_mask": (1, 1), "token_type_ids": (0, 1)}
"""The least number of an input, and how many there are."""


@click.command()
@click.argument("graphs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--shape", "shapes", multiple=True, default=("8x16", "2x128"), show_default=True)
@click.option("--seconds", default=3.0, show_default=True)
def main(graphs: Sequence[Path], shapes: Sequence[str], seconds: float) -> None:
    """Profile each GRAPH (model.onnx of a bundle) on texts of one length, without padding."""
    rows = []
    for path in graphs:
        for shape in shapes:
            texts, tokens = map(int, shape.split("x"))
            for provider in LIBRARIES:
                times = operators_ms(provider, path, _inputs(path, (texts, tokens)), seconds)
                whole = sum(times.values())
                most = list(times.items())[:_SHOWN]
                kinds = ", ".join(f"{kind} {ms:.1f} ({ms / whole:.0%})" for kind, ms in most)
                rows.append((path.parent.name, shape, provider, f"{whole:.1f}", kinds))
    click.echo(table(("graph", "shape", "where", "ms", "operators, ms"), rows))


def _inputs(path: Path, shape: tuple[int, int]) -> list[Input]:
    model = onnx.load(path, load_external_data=False)
    return [Input(own.name, "int64", shape, *_FILLED[own.name]) for own in model.graph.input]


if __name__ == "__main__":
    main()
