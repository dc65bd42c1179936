"""Short texts as people write them, as many as are wanted, in the files that people have."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from edgebert.data import Columns, stream_texts

_SETS = (
    ("sst2/train.tsv.gz", None),
    ("banking77/train.tsv", None),
    ("clinc150/train.tsv", None),
)
_ROWS_IN_A_GROUP = 20_000


def write_texts(data: Path, folder: Path, number: int) -> float:
    """Write so many texts, none twice, into four files; return how long they are on average.

    Args:
        data: folder of the public data sets.
        folder: is made.
        number: of texts.
    """
    texts = list(islice(_texts(data), number))
    (folder / "more").mkdir(parents=True)
    first, second, third = number // 2, number * 3 // 4, number * 9 // 10
    (folder / "lines.txt").write_text("\n".join(texts[:first]), encoding="utf-8")
    table = pa.table({"text": texts[first:second]})
    pq.write_table(table, folder / "rows.parquet", row_group_size=_ROWS_IN_A_GROUP)
    tsv = "".join(f"{n}\t{text}\n" for n, text in enumerate(texts[second:third]))
    (folder / "more/table.tsv").write_text(f"id\ttext\n{tsv}", encoding="utf-8")
    (folder / "more/rest.txt").write_text("\n".join(texts[third:]), encoding="utf-8")
    return sum(map(len, texts)) / number


def _texts(data: Path) -> Iterator[str]:
    """Sentences in an order of their own; once all were told, again with a number."""
    once = dict.fromkeys(
        " ".join(str(text).split())
        for name, column in _SETS
        for text in stream_texts(data / name, columns=Columns(column))
    )
    for turn in count():
        told = list(once)
        random.Random(turn).shuffle(told)
        yield from (f"{text} {turn}" if turn else text for text in told)
