"""Queries, documents and judgements, from a folder in the layout of BEIR.

Thakur et al. 2021, "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information
Retrieval Models".
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from edgebert.data.examples import Examples, Retrieval
from edgebert.data.rows import read_rows
from edgebert.errors import InputError

Split = Literal["train", "dev", "test"]
_JUDGEMENT = ("query-id", "corpus-id", "score")


def read_retrieval(folder: Path, split: Split = "test") -> Examples:
    """Read `corpus.jsonl`, `queries.jsonl` (or their `.gz`) and `qrels/test.tsv`.

    The judgements may also be `qrels_test.tsv`. Every document is kept, and every query that was
    judged. A document's text is its title, a space, its text.

    Args:
        folder: in the layout of BEIR.
        split: "train" reads `qrels/train.tsv`; "dev" reads `qrels/dev.tsv`, or where there is none
            that of "test"; "test" reads `qrels/test.tsv`, or the only judgements there are.

    Raises:
        InputError: a file is missing, or a row of one is not as expected (the message names the
            line).
    """
    documents = _texts(_file(folder, "corpus.jsonl"))
    queries = _texts(_file(folder, "queries.jsonl"))
    judged = _judgements(_judgement_file(folder, split), queries, documents)
    places = {name: place for place, name in enumerate(documents)}
    retrieval = Retrieval(
        queries=len(judged),
        relevance=tuple(
            {places[document]: grade for document, grade in grades.items()}
            for grades in judged.values()
        ),
        identical={row: places[name] for row, name in enumerate(judged) if name in places},
    )
    texts = (*(queries[name] for name in judged), *documents.values())
    return Examples(folder, texts, retrieval=retrieval)


def _file(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise InputError(
        f"{folder} is a folder without {name}: expected a file, or a folder in the BEIR layout "
        "(corpus.jsonl, queries.jsonl, qrels/test.tsv)"
    )


def _judgement_file(folder: Path, split: Split) -> Path:
    found = sorted((*folder.glob("qrels/*.tsv*"), *folder.glob("qrels_*.tsv*")))
    by_name = {path.name.split(".")[0].removeprefix("qrels_"): path for path in reversed(found)}
    for name in (split, "test") if split == "dev" else (split,):
        if name in by_name:
            return by_name[name]
    if split != "test" or len(found) != 1:
        have = ", ".join(path.name for path in found) or "none"
        raise InputError(f"{folder}: expected judgements in qrels/{split}.tsv; found {have}")
    return found[0]


def _texts(path: Path) -> dict[str, str]:
    """Texts by their id, in the order of the file."""
    texts: dict[str, str] = {}
    for line, row in read_rows(path):
        name, text = row.get("_id"), row.get("text")
        if not isinstance(name, str | int) or not isinstance(text, str):
            raise InputError(f"{path}, line {line}: expected '_id' and 'text'")
        if str(name) in texts:
            raise InputError(f"{path}, line {line}: a second text with the id {name!r}")
        texts[str(name)] = f"{row.get('title') or ''} {text}".strip()
    if not texts:
        raise InputError(f"{path} holds no text")
    return texts


def _judgements(
    path: Path, queries: dict[str, str], documents: dict[str, str]
) -> dict[str, dict[str, int]]:
    """For each judged query the grades of its documents, by id."""
    judged: dict[str, dict[str, int]] = {}
    for line, row in read_rows(path):
        if not set(_JUDGEMENT) <= set(row):
            raise InputError(
                f"{path}, line 1: expected the columns {', '.join(_JUDGEMENT)}; "
                f"found {', '.join(row)}"
            )
        query, document, grade = (row[name] for name in _JUDGEMENT)
        for name, known, kind in ((query, queries, "query"), (document, documents, "document")):
            if name not in known:
                raise InputError(f"{path}, line {line}: there is no {kind} with the id {name!r}")
        try:
            judged.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            raise InputError(
                f"{path}, line {line}: 'score' should be a whole number, not {grade!r}"
            ) from error
    if not judged:
        raise InputError(f"{path} holds no judgement")
    return judged
