"""Places in a file of texts where reading may begin, so that parts of it are answered side by side."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from itertools import islice
from pathlib import Path

from edgebert.data.columns import Columns
from edgebert.data.examples import Text
from edgebert.data.rows import PARQUET, file_kind
from edgebert.data.streaming import stream_texts


@dataclass(frozen=True)
class Survey:
    """What reading a file once has shown.

    Attributes:
        texts: how many there are.
        pairs: whether they are pairs.
        head_bytes: up to the end of the row of the first text.
        offsets: for each part of so many texts the byte behind the row before it; 0 where bytes do
            not tell where a row begins.
    """

    texts: int
    pairs: bool
    head_bytes: int
    offsets: tuple[int, ...]


@dataclass(frozen=True)
class Start:
    """Where a part of a file begins.

    Attributes:
        texts: that stand before it.
        head_bytes, offset: as in `Survey`.
    """

    texts: int = 0
    head_bytes: int = 0
    offset: int = 0

    def lines(self, stream: BufferedIOBase) -> Iterator[bytes]:
        """The head, which tells how a table is read, then the lines from here on."""
        yield from io.BytesIO(stream.read(self.head_bytes))
        stream.seek(self.offset)
        yield from stream


def survey_texts(path: Path, texts_in_a_part: int, *, columns: Columns | None = None) -> Survey:
    """Read a file from end to end, and note where each part of so many texts begins.

    Raises:
        InputError, MissingExtra: as `stream_texts` does.
    """
    mark = _Mark(quoted=file_kind(path) == "csv")
    offsets: list[int] = []
    count, pairs, head_bytes, behind = 0, False, 0, 0
    for text in stream_texts(path, columns=columns, raw=mark.lines):
        if count % texts_in_a_part == 0:
            offsets.append(behind)
        count, behind = count + 1, mark.offset
        if count == 1:
            pairs, head_bytes = not isinstance(text, str), behind
    return Survey(count, pairs, head_bytes, tuple(offsets))


class PartsOfFiles:
    """Reads parts of files one after another.

    Of .parquet files whole row groups are passed over, of files of lines all bytes before. Of those
    that are read whole, gzipped, or .csv with lone carriage returns, what stands before has to be
    read: from where the part before has ended, if that was of the same file.
    """

    def __init__(self) -> None:
        self._path: Path | None = None
        self._texts: Iterator[Text] = iter(())
        self._before = 0

    def texts(
        self, path: Path, start: Start, count: int, *, columns: Columns | None = None
    ) -> Iterator[Text]:
        """Yield so many texts of those that `stream_texts` would, from a place on.

        Args:
            path: the file.
            start: that `survey_texts` has found in it with the same columns.
            count: how many at most.
            columns: as for `stream_texts`.

        Raises:
            InputError, MissingExtra: as `stream_texts` does.
        """
        if file_kind(path) == PARQUET:
            texts = stream_texts(path, columns=columns, rows_before=start.texts)
            return islice(texts, count)
        if start.offset and path.suffix != ".gz":
            # What the head holds is the first text, which is not asked for.
            texts = stream_texts(path, columns=columns, raw=start.lines)
            return islice(texts, 1, count + 1)
        return self._gone_on(path, start, count, columns)

    def _gone_on(
        self, path: Path, start: Start, count: int, columns: Columns | None
    ) -> Iterator[Text]:
        if self._path != path or self._before > start.texts:
            self._texts, self._before = stream_texts(path, columns=columns), 0
        passed = start.texts - self._before
        self._path = None  # while nobody knows how many are taken
        yield from islice(self._texts, passed, passed + count)
        self._path, self._before = path, start.texts + count


class _Mark:
    """Counts the bytes of the lines that were read; 0 where a row may have ended within a line."""

    def __init__(self, *, quoted: bool) -> None:
        self.offset = 0
        self._quoted = quoted

    def lines(self, stream: BufferedIOBase) -> Iterator[bytes]:
        read, whole = 0, True
        for line in stream:
            read += len(line)
            if self._quoted and b"\r" in line.removesuffix(
                b"\r\n"
            ):  # a row ends there too (see `csv_rows`)
                whole = False
            self.offset = read if whole else 0
            yield line
