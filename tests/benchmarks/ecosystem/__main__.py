"""Search through a bundle in every framework, and hold what is found to brute force.

    python -m benchmarks.ecosystem BUNDLE

Documents are abstracts of SciFact, queries its claims. The model gets a prompt for documents and
one for queries, so that a mix-up of the two is seen. Then runs what edgebert/adapters/README.md shows.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.ecosystem.frameworks import WAYS
from benchmarks.ecosystem.page import found_by_page
from benchmarks.ecosystem.ranking import Ask, off_by, similarities
from edgebert.data import read_examples
from edgebert.data.retrieval import read_retrieval
from edgebert.errors import EdgebertError, InputError
from edgebert.runtimes import Model, load

_DATA = Path(__file__).parents[3].parent / "shared" / "data"
_PROMPTS = {"query": "Find the study for this claim: ", "document": "A study: "}
_ALLOWED = 1e-5
"""Scores are sums of float32, which each framework adds up in its own order."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="benchmarks.ecosystem")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--queries", type=int, default=30)
    chosen = parser.parse_args()
    os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"  # before anything imports it
    os.environ["ANONYMIZED_TELEMETRY"] = "False"  # of Chroma
    try:
        ask = _read(chosen.documents, chosen.queries)
        with tempfile.TemporaryDirectory() as folder:
            copy = _with_prompts(chosen.bundle, Path(folder) / "minilm-int8")
            alike = _compare(load(copy), ask) & _run_page(copy)
    except EdgebertError as error:
        sys.exit(f"Error: {error}")
    sys.exit(0 if alike else 1)


def _read(documents: int, queries: int) -> Ask:
    data = Path(os.environ.get("EDGEBERT_DATA", _DATA))
    if not data.is_dir():
        raise InputError(f"no data sets at {data}: set EDGEBERT_DATA")
    claims = read_retrieval(data / "scifact").texts
    corpus = read_examples(data / "scifact/corpus.jsonl.gz").single_texts()
    return Ask(corpus[:documents], [str(claim) for claim in claims[:queries]], k=10)


def _with_prompts(bundle: Path, copy: Path) -> Path:
    """A copy of the bundle whose model knows documents and queries apart."""
    shutil.copytree(bundle, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"prompts": _PROMPTS}))
    return copy


def _compare(model: Model, ask: Ask) -> bool:
    """Print a line for each way to search; return whether all of them found the same."""
    scores = similarities(model, ask)
    print(f"{len(ask.documents)} documents, {len(ask.queries)} queries, the nearest {ask.k} each")
    alike = True
    for way in WAYS:
        difference = off_by(scores, way.search(model, ask), ask.k)
        alike = alike and difference <= _ALLOWED
        verdict = "as brute force" if difference <= _ALLOWED else "NOT as brute force"
        package = f"{way.package} {importlib.metadata.version(way.package)}"
        print(f"{package:<26}{way.what:<36}{verdict}, scores off by {difference:.1e}", flush=True)
    return alike


def _run_page(bundle: Path) -> bool:
    alike = True
    for framework, found, nearest in found_by_page(bundle):
        alike = alike and found == nearest
        verdict = "as brute force" if found == nearest else f"NOT as brute force: {nearest!r}"
        print(f"{'adapters/README.md':<26}{framework:<36}{found!r}, {verdict}", flush=True)
    return alike


if __name__ == "__main__":
    main()
