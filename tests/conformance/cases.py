"""The cases of a tokenizer: how each text is read, as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tokenizers import Tokenizer

from conformance.reading import (
    Cut,
    Framed,
    Tokens,
    framed,
    framed_pair,
    kept,
    kept_of_pair,
    parts,
    windows,
)
from conformance.texts import OTHER_CUTS, PAIRS, TEXTS, OtherCut, Pair
from conformance.vocabularies import MAX_LENGTH, Frame, Made


def lines_of(made: Made) -> Iterator[str]:
    """A line for each case."""
    whole = Tokenizer.from_str(made.tokenizer.to_str())
    whole.no_truncation()
    texts = {name: text.replace("{mask}", made.mask_token) for name, text in TEXTS.items()}
    for name, text in texts.items():
        yield _line(_of_text(name, text, whole, made.frame, Cut(MAX_LENGTH)))
    for other in OTHER_CUTS:
        yield _line(_of_other_cut(other, texts[other.text], whole, made.frame))
    for pair in PAIRS:
        yield _line(_of_pair(pair, whole, made.frame))


def _of_text(name: str, text: str, whole: Tokenizer, frame: Frame, cut: Cut) -> dict[str, Any]:
    tokens = _tokens(whole, text)
    special = len(frame.first + frame.last)
    room = cut.max_length - special
    case: dict[str, Any] = {"name": name, "text": text}
    case |= _read(framed(kept(tokens, room, cut.direction), frame))
    case |= {"tokens": len(tokens) + special, "truncated": len(tokens) > room}
    if case["truncated"]:
        neighbours = parts(tokens, room, 0, cut.direction)
        case["parts"] = [list(framed(part, frame).ids) for part in neighbours]
        overlapping = windows(tokens, room, cut.direction)
        case["windows"] = [_placed(framed(window, frame)) for window in overlapping]
    return case


def _of_other_cut(other: OtherCut, text: str, whole: Tokenizer, frame: Frame) -> dict[str, Any]:
    cut = Cut(other.max_length, direction=other.direction)
    name = f"{other.text}, {cut.max_length} tokens from the {cut.direction}"
    return _of_text(name, text, whole, frame, cut) | {"truncation": asdict(cut)}


def _of_pair(pair: Pair, whole: Tokenizer, frame: Frame) -> dict[str, Any]:
    cut = Cut(MAX_LENGTH, pair.strategy, pair.direction)
    first, second = _tokens(whole, pair.first), _tokens(whole, pair.second)
    special = len(frame.first + frame.between + frame.last)
    room = cut.max_length - special
    read = framed_pair(*kept_of_pair(first, second, room, cut), frame)
    tokens = len(first) + len(second)
    case: dict[str, Any] = {"name": pair.name, "pair": [pair.first, pair.second]}
    case |= _read(read) | {"tokens": tokens + special, "truncated": tokens > room}
    if cut != Cut(MAX_LENGTH):
        case["truncation"] = asdict(cut)
    if not case["truncated"]:
        return case
    if cut.strategy == "only_second":
        contexts = windows(second, room - len(first), cut.direction)
        case["windows"] = [_placed(framed_pair(first, part, frame)) for part in contexts]
    else:
        case["parts"] = _parts_of_pair(first, second, room, frame)
    return case


def _parts_of_pair(
    first: Tokens, second: Tokens, room: int, frame: Frame
) -> list[dict[str, list[int]]] | None:
    """All of the shorter side beside each part of the longer one; None where both are too long."""
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) >= room:
        return None
    found = parts(longer, room - len(shorter), 0, "right")
    pairs = [(first, part) if len(second) >= len(first) else (part, second) for part in found]
    return [
        {"ids": list(one.ids), "type_ids": list(one.type_ids)}
        for one in (framed_pair(*pair, frame) for pair in pairs)
    ]


def _tokens(whole: Tokenizer, text: str) -> Tokens:
    encoding = whole.encode(text, add_special_tokens=False)
    return Tokens(tuple(encoding.ids), tuple(encoding.offsets))


def _read(one: Framed) -> dict[str, Any]:
    return {"ids": one.ids, "type_ids": one.type_ids, "offsets": one.offsets}


def _placed(one: Framed) -> dict[str, Any]:
    return {"ids": one.ids, "offsets": one.offsets}


def _line(case: dict[str, Any]) -> str:
    """One line of ASCII: what a text holds is written as escapes, as every reader of JSON knows."""
    return json.dumps(case, separators=(",", ":"))
