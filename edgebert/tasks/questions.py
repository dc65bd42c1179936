"""Answers to questions, as spans of a context of any length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import tokenizers

from edgebert.arrays import Array
from edgebert.errors import InputError
from edgebert.text.encoding import check_text, encode
from edgebert.text.long_texts import Cut, Whole, stride_of
from edgebert.text.words import token_span

_LONGEST = 30  # tokens of an answer, as SQuAD's readers bound it


@dataclass(frozen=True)
class Answer:
    """The answer to a question: characters `start` to `end` (exclusive) of the context.

    Attributes:
        text: empty for no answer, which stands at 0 to 0.
        score: probability that it starts there times the probability that it ends there, among
            the tokens of its part and "not here".
    """

    text: str
    score: float
    start: int
    end: int


def pairs_of(question: Any, context: Any) -> Any:
    """Each question with its context: a list, or an iterator where either side is a stream.

    A single text goes with each of the other side.

    Raises:
        InputError: a side holds no texts, or the two do not hold as many.
    """
    for name, given in (("question", question), ("context", context)):
        if not isinstance(given, Iterable):
            raise InputError(f"{name}: expected a text or texts, not {type(given).__name__}")
    sides = [side for side in (question, context) if not isinstance(side, str | bytes)]
    if not sides:
        return [(question, context)]
    if all(hasattr(side, "__len__") for side in sides):
        if len({len(side) for side in sides}) > 1:
            raise InputError(f"{len(question)} questions and {len(context)} contexts: not as many")
        return list(_zipped(question, context))
    return _zipped(question, context)


def _zipped(question: Any, context: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(question, str | bytes) or isinstance(context, str | bytes):
        yield from zip(_repeated(question), _repeated(context), strict=False)
        return
    ended = object()
    questions, contexts = iter(question), iter(context)
    while (pair := (next(questions, ended), next(contexts, ended))) != (ended, ended):
        if ended in pair:
            raise InputError("not as many contexts as questions")
        yield pair


def _repeated(side: Any) -> Iterable[Any]:
    return repeat(side) if isinstance(side, str | bytes) else side


def check_question(pair: Any, place: int, cut: Cut, max_length: int) -> tuple[str, str]:
    """Return a question and its context.

    Args:
        pair: of a list or a stream.
        place: there.
        cut: makes tokenizers.
        max_length: tokens that are read at a time.

    Raises:
        InputError: one of the two is not a text, or the question leaves no room for a context.
    """
    check_text(pair, place, pairs=True)
    question, context = pair
    if rooms([question], cut, max_length) == [0]:
        raise InputError(f"text {place}: {no_room(max_length)}")
    return question, context


def no_room(max_length: int) -> str:
    """Why a question is refused that fills the model alone."""
    return f"its question leaves no room for a context in {max_length} tokens"


def encode_contexts(
    pairs: Sequence[tuple[str, str]], cut: Cut, max_length: int
) -> list[tokenizers.Encoding]:
    """Each question with its context, of which parts overlap where it has several.

    Args:
        pairs: questions and contexts.
        cut: makes tokenizers.
        max_length: tokens of a part.

    Returns:
        The first part of each, which knows the others.
    """
    by_stride: dict[int, list[int]] = defaultdict(list)
    for i, room in enumerate(rooms([question for question, _ in pairs], cut, max_length)):
        by_stride[stride_of(room)].append(i)
    encodings: dict[int, tokenizers.Encoding] = {}
    for stride, places in by_stride.items():
        found = encode(cut(max_length, stride), [pairs[i] for i in places])
        encodings.update(zip(places, found, strict=True))
    return [encodings[i] for i in range(len(pairs))]


def read_answer(whole: Whole[tuple[str, str]], *, allow_no_answer: bool) -> Answer:
    """The likeliest answer in all parts of a context.

    Args:
        whole: question and context, with rows [tokens, 2] for each part: logits of where an
            answer starts and ends.
        allow_no_answer: whether it may be none, where each part finds that likelier.
    """
    _, context = whole.text
    best: Answer | None = None
    nowhere = 1.0
    for part, logits in zip(whole.encodings, whole.rows, strict=True):
        spans = context_spans(context, part)
        in_context = np.array([span is not None for span in spans])
        standing = np.array([span is not None and span[0] < span[1] for span in spans])
        chances = _chances(logits, in_context)
        nowhere = min(nowhere, float(chances[0].prod()))
        first, last = best_span(logits, in_context, standing)
        score = float(chances[first, 0] * chances[last, 1])
        if first >= 0 and (best is None or score > best.score):
            read = [span for span in spans[first : last + 1] if span and span[0] < span[1]]
            start, end = read[0][0], read[-1][1]
            best = Answer(context[start:end], score, start, end)
    if best is None or (allow_no_answer and nowhere > best.score):
        return Answer("", nowhere, 0, 0)
    return best


def best_span(
    logits: Array, allowed: npt.NDArray[np.bool_], standing: npt.NDArray[np.bool_]
) -> tuple[int, int]:
    """First and last token of the likeliest answer, (-1, -1) where there can be none.

    Args:
        logits: float32 [tokens, 2], of where an answer starts and where it ends.
        allowed: bool [tokens], those of the context.
        standing: bool [tokens], those that stand for characters, as part of an answer must.
    """
    places = np.flatnonzero(allowed)
    if not standing.any():
        return -1, -1
    start, end = logits[places, 0], logits[places, 1]
    scores = start[:, None] + end[None, :]
    length = np.arange(len(places))[None, :] - np.arange(len(places))[:, None]
    counted = np.concatenate([[0], standing[places].cumsum()])
    holds = counted[None, 1:] > counted[:-1, None]
    scores = np.where((length >= 0) & (length < _LONGEST) & holds, scores, -np.inf)
    first, last = np.unravel_index(int(scores.argmax()), scores.shape)
    return int(places[first]), int(places[last])


def context_spans(context: str, part: tokenizers.Encoding) -> list[tuple[int, int] | None]:
    """The characters of each token of the context, None for all other tokens."""
    tokens = zip(part.sequence_ids, part.offsets, part.tokens, strict=True)
    return [token_span(context, span, piece) if side == 1 else None for side, span, piece in tokens]


def _chances(logits: Array, in_context: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Softmax of starts and of ends over the context and the first token, which means "not here".

    Returns:
        float64 [tokens, 2], 0 for all other tokens.
    """
    read = in_context.copy()
    read[0] = True
    wide = np.where(read[:, None], logits.astype(np.float64), -np.inf)
    exponents = np.exp(wide - wide.max(axis=0))
    return np.asarray(exponents / exponents.sum(axis=0))


def rooms(questions: Sequence[str], cut: Cut, max_length: int) -> list[int]:
    """Tokens that each question leaves for its context."""
    tokenizer = cut(None, 0)
    special = tokenizer.num_special_tokens_to_add(True)
    encodings = tokenizer.encode_batch(list(questions), add_special_tokens=False)
    return [max(0, max_length - special - len(encoding)) for encoding in encodings]
