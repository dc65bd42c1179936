"""One reader for every file of examples, by what the file is called."""

from __future__ import annotations

from pathlib import Path

from edgebert.data.columns import Columns, refuse_without_columns
from edgebert.data.conll import looks_tagged, read_conll
from edgebert.data.examples import Examples
from edgebert.data.lines import read_lines
from edgebert.data.questions import read_squad
from edgebert.data.retrieval import Split, read_retrieval
from edgebert.data.rows import TABLES, TAGGED, file_kind
from edgebert.data.tables import read_table
from edgebert.errors import InputError


def read_examples(path: Path, *, columns: Columns | None = None, split: Split = "test") -> Examples:
    """Read texts (.txt), a table (.tsv, .csv, .jsonl, .parquet), tagged tokens (.conll) or SQuAD.

    Each but .parquet may be gzipped (`.gz`); SQuAD is a .json file, and a folder is read in the
    layout of BEIR. Tagged tokens may also be .conllu, .bio or .iob. In a .txt file every line is a
    text, an empty line an empty text. In a table the text column is `text` or `sentence`, or two
    columns that belong together (`sentence1`, `sentence2`).

    Args:
        path: the file or folder.
        columns: names of a table's columns where they are not the usual ones; given by those who
            let them be named, whom messages then tell how.
        split: whose judgements are read of a folder in the layout of BEIR.

    Raises:
        InputError: the file cannot be read, is empty, or a column or value is not as expected;
            the message names the line.
        MissingExtra: a .parquet file, and pyarrow is not installed.
    """
    kind = file_kind(path)
    refuse_without_columns(columns, [path])
    if path.is_dir():
        examples = read_retrieval(path, split)
    elif kind == "txt":
        texts = tuple(read_lines(path))
        if looks_tagged(texts):
            raise InputError(f"{path}: its lines are tokens with tags; name such a file .conll")
        examples = Examples(path, texts, lines=tuple(range(1, len(texts) + 1)))
    elif kind in TAGGED:
        examples = _tagged(path)
    elif kind == "json":
        examples = read_squad(path)
    elif kind in TABLES:
        examples = read_table(path, columns)
    else:
        raise InputError(
            f"{path}: expected a .txt, .tsv, .csv, .jsonl, .parquet, .conll or .json file "
            "(all but .parquet also as .gz)"
        )
    if not examples.texts:
        raise InputError(f"{path} holds no text")
    return examples


def _tagged(path: Path) -> Examples:
    sentences = read_conll(path)
    return Examples(
        path,
        texts=tuple(sentence.text for sentence in sentences),
        entities=tuple(sentence.spans for sentence in sentences),
        lines=tuple(sentence.line for sentence in sentences),
    )
