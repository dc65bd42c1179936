"""Questions about contexts, with their answers: SQuAD's JSON and rows of JSONL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgebert.data.examples import Examples
from edgebert.data.lines import read_lines
from edgebert.data.rows import Row, place_of
from edgebert.errors import InputError
from edgebert.json_files import parse


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
        texts=tuple((question, context) for question, context, _ in asked),
        answers=tuple(answers for _, _, answers in asked),
    )


def answers_of_row(path: Path, row: Row) -> tuple[str, ...]:
    """Answers of a JSONL row, `[{"text": ...}, ...]` or `{"text": [...]}`.

    Raises:
        InputError: they are neither.
    """
    number, cells = row
    answers = cells.get("answers")
    if isinstance(answers, dict) and isinstance(answers.get("text"), list):
        answers = [{"text": text} for text in answers["text"]]
    return _answers(place_of(path, number), answers)


def _questions(path: str, data: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Question, context and answers of each question of a SQuAD file."""
    for a, article in _numbered(path, data, "data"):
        for p, paragraph in _numbered(a, article, "paragraphs"):
            context = _field(p, paragraph, "context", str)
            for q, question in _numbered(p, paragraph, "qas"):
                impossible = question.get("is_impossible") is True
                answers = () if impossible else _answers(q, question.get("answers"))
                yield _field(q, question, "question", str), context, answers


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


def _answers(where: str, answers: Any) -> tuple[str, ...]:
    """The texts of the answers, each once; an empty one is no answer."""
    if not isinstance(answers, list):
        raise InputError(f"{where}: 'answers' should be a list of objects with 'text'")
    texts = [_field(where, answer, "text", str) for answer in answers]
    return tuple(dict.fromkeys(text for text in texts if text.strip()))
