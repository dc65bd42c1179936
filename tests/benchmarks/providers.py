"""A provider beside the CPU: what runs where, how far the answers move, and how fast it is.

    python -m benchmarks.providers PROVIDER REFERENCE BUNDLE... [--texts N]

Runs in an environment that has the wheel of PROVIDER, which brings onnxruntime's CPU provider too:
both run in one process, in turns. REFERENCE is an fp32 bundle. What a provider refuses is told with
its reason.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import click
import numpy as np

import edgebert
from benchmarks.protocol import Vectors
from edgebert.bundle import open_bundle
from edgebert.cli.tables import table
from edgebert.data import read_examples
from edgebert.errors import EdgebertError
from edgebert.machine import this_machine
from edgebert.runtimes import Model
from edgebert.runtimes.sessions.session import graph_placement

_DATA = Path(__file__).parents[3] / "shared" / "data"
_ROUNDS = 3
_HEADER = (
    "bundle",
    "nodes",
    "to fp32, mean / least",
    "the CPU's to fp32",
    "to the CPU's",
    "alone / in a batch",
    "texts/s",
    "on the CPU",
)
_ALONE = 100  # texts that are also embedded one by one


@dataclass(frozen=True)
class Result:
    """How a bundle does on a provider.

    Attributes:
        placement: nodes on each provider.
        to_cpu: cosines to the same bundle on the CPU.
        to_fp32: cosines to the reference on the CPU; `cpu_to_fp32` of the same bundle there.
        alone: cosines of texts alone to the same texts in one call.
        texts_per_s: on the provider, and on the CPU.
    """

    placement: str
    to_cpu: Vectors
    to_fp32: Vectors
    cpu_to_fp32: Vectors
    alone: Vectors
    texts_per_s: tuple[float, float]


def compare(path: Path, provider: str, texts: list[str], reference: Vectors) -> Result:
    """Embed the texts on a provider and on the CPU.

    Raises:
        EdgebertError: the provider refuses the bundle.
    """
    bundle = open_bundle(path)
    placement = graph_placement(bundle.model_path, provider=provider, widen=bundle.widens_weights)
    model, on_cpu = edgebert.load(path, provider=provider), edgebert.load(path, provider="cpu")
    vectors, own = model.embed(texts), on_cpu.embed(texts)  # also warms both up
    alone = np.stack([model.embed(text) for text in texts[:_ALONE]])
    seconds = [(_seconds(model, texts), _seconds(on_cpu, texts)) for _ in range(_ROUNDS)]
    fastest, fastest_on_cpu = (len(texts) / min(column) for column in zip(*seconds, strict=True))
    return Result(
        placement=", ".join(f"{sum(n.values())} {p}" for p, n in placement.nodes.items()),
        to_cpu=_cosines(vectors, own),
        to_fp32=_cosines(vectors, reference),
        cpu_to_fp32=_cosines(own, reference),
        alone=_cosines(alone, vectors[: len(alone)]),
        texts_per_s=(fastest, fastest_on_cpu),
    )


def _seconds(model: Model, texts: list[str]) -> float:
    start = perf_counter()
    model.embed(texts)
    return perf_counter() - start


def _cosines(a: Vectors, b: Vectors) -> Vectors:
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray(np.einsum("ij,ij->i", a, b) / norms, np.float32)


def _cells(path: Path, result: Result) -> tuple[str, ...]:
    fastest, on_cpu = result.texts_per_s
    return (
        path.name,
        result.placement,
        _mean_and_least(result.to_fp32),
        _mean_and_least(result.cpu_to_fp32),
        _mean_and_least(result.to_cpu),
        f"{result.alone.min():.7f}",
        f"{fastest:.1f}",
        f"{on_cpu:.1f}",
    )


def _mean_and_least(cosines: Vectors) -> str:
    return f"{cosines.mean():.5f} / {cosines.min():.5f}"


@click.command()
@click.argument("provider")
@click.argument("reference", type=click.Path(exists=True, path_type=Path))
@click.argument("bundles", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--texts", "count", default=1000, show_default=True, help="Sentences of STS-B test.")
def main(provider: str, reference: Path, bundles: tuple[Path, ...], count: int) -> None:
    """Compare PROVIDER with the CPU on REFERENCE and BUNDLES."""
    data = Path(os.environ.get("EDGEBERT_DATA", _DATA))
    pairs = read_examples(data / "stsb/test.tsv").texts
    texts = [str(pair[side]) for side in (0, 1) for pair in pairs][:count]
    vectors = edgebert.load(reference, provider="cpu").embed(texts)
    rows, refused = [], []
    for path in (reference, *bundles):
        try:
            rows.append(_cells(path, compare(path, provider, texts, vectors)))
        except EdgebertError as error:
            refused.append(f"refused: {error}")
    click.echo(f"{provider}, {len(texts)} sentences, {this_machine().versions}")
    click.echo("\n".join([table(_HEADER, rows), *refused]))


if __name__ == "__main__":
    main()
