"""Files that a row needs and no data set has: parts of its training data to choose weights on."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import shutil
from pathlib import Path

CARVED = "carved"
_SEED = 7
_BANKING_DEV = 1000
_SCIFACT_DEV = 160
_SCIFACT_OTHERS = 1500


def carve(name: str, data: Path, folder: Path) -> None:
    """Write what row `name` needs below `folder`/carved, the same every time."""
    if name == "banking77":
        _carve_banking(data / name, folder / CARVED / name)
    elif name == "scifact":
        _carve_scifact(data / name, folder / CARVED / name)
    elif name == "tydiqa":
        _carve_tydiqa(data / "tydiqa_goldp_en", folder / CARVED / name)


def path_of(told: str, data: Path, folder: Path) -> Path:
    """Where a row's file lies: among the data sets, or among what was carved."""
    return (folder if told.startswith(f"{CARVED}/") else data) / told


def _carve_banking(source: Path, target: Path) -> None:
    """Banking77 publishes no dev: 1,000 rows of train, drawn once."""
    header, *rows = (source / "train.tsv").read_text(encoding="utf-8").splitlines()
    random.Random(_SEED).shuffle(rows)
    target.mkdir(parents=True, exist_ok=True)
    for name, part in (("dev", rows[:_BANKING_DEV]), ("train", rows[_BANKING_DEV:])):
        text = "\n".join([header, *part]) + "\n"
        (target / f"{name}.tsv").write_text(text, encoding="utf-8")


def _carve_scifact(source: Path, target: Path) -> None:
    """Of the 809 training queries, 160 to choose the weights by, with their judgements.

    The documents are those that are judged, and 1,500 others: enough to choose by, and to find hard
    negatives among, in a third of the time.
    """
    target.mkdir(parents=True, exist_ok=True)
    (target / "qrels").mkdir(exist_ok=True)
    shutil.copyfile(source / "queries.jsonl", target / "queries.jsonl")
    header, *rows = (source / "qrels_train.tsv").read_text(encoding="utf-8").splitlines()
    with gzip.open(source / "corpus.jsonl.gz", "rt", encoding="utf-8") as corpus:
        documents = {str(json.loads(line)["_id"]): line for line in corpus}
    judged = {row.split("\t")[1] for row in rows}
    others = sorted(documents.keys() - judged)
    kept = judged | set(random.Random(_SEED).sample(others, _SCIFACT_OTHERS))
    text = "".join(line for name, line in documents.items() if name in kept)
    (target / "corpus.jsonl").write_text(text, encoding="utf-8")
    queries = sorted({row.split("\t")[0] for row in rows})
    held = set(random.Random(_SEED).sample(queries, _SCIFACT_DEV))
    for name, is_held in (("dev", True), ("train", False)):
        part = [row for row in rows if (row.split("\t")[0] in held) == is_held]
        text = "\n".join([header, *part]) + "\n"
        (target / "qrels" / f"{name}.tsv").write_text(text, encoding="utf-8")


def _carve_tydiqa(source: Path, target: Path) -> None:
    """A tenth of the contexts to measure on and a tenth to choose by, by their hash.

    The copy of the published dev that is at hand has no answers in it.
    """
    parts: dict[str, list[str]] = {"test": [], "dev": [], "train": []}
    with gzip.open(source / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            context = json.loads(line)["context"].encode()
            part = int(hashlib.sha256(context).hexdigest(), 16) % 10
            parts[{0: "test", 1: "dev"}.get(part, "train")].append(line)
    target.mkdir(parents=True, exist_ok=True)
    for name, found in parts.items():
        (target / f"{name}.jsonl").write_text("".join(found), encoding="utf-8")
