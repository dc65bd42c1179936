"""Questions about contexts, with their answers: SQuAD's JSON and rows of JSONL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebert.data.examples import Examples
from edgebert.data.lines import read_lines
from edgebert.data.rows import Row, place_of
from edgebert.errors import InputError
from edgebert.json_files import parse

Answers = tuple[str, ...]
Starts = tuple[int | None, ...]
"""For each answer the character of the context where it is said to start; None where nothing is."""


def read_squad(path: Path) -> Examples:
    """Read SQuAD JSON (Rajpurkar et al. 2016); an impossible question of v2 has no answers.

    Raises:
        InputError: it is not JSON, or not laid out like SQuAD; the message says where.
    """
    text = "\n".join(read_lines(path))
    if not text.strip():
        raise InputError(f"{path} holds no text")
    try:
        data = parse(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: this is not JSON ({error.msg})") from error
    except ValueError as error:
        raise InputError(f"{path}: this is not JSON ({error})") from error
    asked = list(_questions(str(path), data))
    return Examples(
        path,
        texts=tuple((one.question, one.context) for one in asked),
        answers=tuple(one.answers for one in asked),
        answer_starts=tuple(one.starts for one in asked),
        places=tuple(one.place for one in asked),
    )


def answers_of_row(path: Path, row: Row, column: str) -> tuple[Answers, Starts]:
    """Answers of a row, `[{"text": ...}, ...]` or `{"text": [...]}`, and where each starts.

    Raises:
        InputError: they are neither.
    """
    number, cells = row
    answers = cells.get(column)
    if isinstance(answers, dict) and isinstance(answers.get("text"), list):
        texts, starts = answers["text"], answers.get("answer_start")
        if not isinstance(starts, list) or len(starts) != len(texts):
            starts = [None] * len(texts)
        answers = [
            {"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)
        ]
    return _answers(place_of(path, number), answers, column)


def are_answers(cells: Iterable[Any]) -> bool:
    """Whether a column holds answers, as the first of its cells that is not empty tells."""
    cell = next((cell for cell in cells if cell not in (None, "", [], {})), None)
    if isinstance(cell, list):
        return isinstance(cell[0], dict)
    return isinstance(cell, dict) and isinstance(cell.get("text"), list)


def span_of_answer(context: str, answer: str, start: int | None) -> tuple[int, int] | None:
    """The characters of an answer, start and end (exclusive), without blanks around it.

    Args:
        context: where it stands.
        answer: its text, of more than blanks.
        start: where it is said to start. If it does not, it is taken where it stands nearest to that.

    Returns:
        None where the context does not hold it.
    """
    said = max(0, start or 0) + len(answer) - len(answer.lstrip())
    answer = answer.strip()
    before, after = context.rfind(answer, 0, said + len(answer)), context.find(answer, said)
    found = [place for place in (before, after) if place >= 0]
    if not found:
        return None
    place = min(found, key=lambda place: abs(place - said))
    return place, place + len(answer)


@dataclass(frozen=True)
class _Question:
    """A question of a SQuAD file; `place` is how a message about it begins."""

    question: str
    context: str
    answers: Answers
    starts: Starts
    place: str


def _questions(path: str, data: Any) -> Iterator[_Question]:
    """All questions of a SQuAD file."""
    for a, article in _numbered(path, data, "data"):
        for p, paragraph in _numbered(a, article, "paragraphs"):
            context = _field(p, paragraph, "context", str)
            for q, question in _numbered(p, paragraph, "qas"):
                impossible = question.get("is_impossible") is True
                told = [] if impossible else question.get("answers")
                answers, starts = _answers(q, told, "answers")
                yield _Question(_field(q, question, "question", str), context, answers, starts, q)


_KINDS = {"data": "article", "paragraphs": "paragraph", "qas": "question"}


def _numbered(where: str, holder: Any, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object of a list, with the words that say where it stands."""
    for number, item in enumerate(_field(where, holder, key, list), start=1):
        place = f"{where}, {_KINDS[key]} {number}"
        if not isinstance(item, dict):
            raise InputError(f"{place}: expected an object, as in SQuAD")
        yield place, item


def _field(where: str, holder: Any, key: str, kind: type) -> Any:
    value = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(value, kind):
        wanted = "a list" if kind is list else "text"
        raise InputError(f"{where}: expected {wanted} named '{key}', as in SQuAD")
    return value


def _answers(where: str, answers: Any, column: str) -> tuple[Answers, Starts]:
    """The texts of the answers, each once, and where they start; an empty one is no answer."""
    if not isinstance(answers, list):
        raise InputError(f"{where}: {column!r} should be a list of objects with 'text'")
    starts: dict[str, int | None] = {}
    for answer in answers:
        text, start = _field(where, answer, "text", str), answer.get("answer_start")
        if text.strip():
            starts.setdefault(text, start if isinstance(start, int) else None)
    return tuple(starts), tuple(starts.values())
