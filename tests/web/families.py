"""Tokenizers of every family, in Node: all that the library of Python says of texts and of pairs."""

from __future__ import annotations

import json
import random
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tokenizers
from conformance.families import FAMILIES, learn
from conformance.texts import TEXTS

from edgebert.data.calibration_texts import CALIBRATION_TEXTS
from web.laid_out import in_utf16
from web.running import CLIENT, HERE, WORK, asked, fresh, run

_SIZE = 1500
_PUT_TOGETHER, _CUT = 200, 30
_BORDERS = 100
"""Characters of a text."""

_BITS = (
    "[MASK] <mask> |||EMAIL||| lamp lamps caf\u00e9 cafe\u0301 \u0130 \u00df \ufb01 \u00bd \uff11 "
    "\u0301 \u0323 \u0344 \u0340 \u212b \u03a3 e\u0301\u0323 q\u0307\u0323 \U0001f44d\U0001f3fd "
    "\ud55c\uad6d \u1112\u1161\u11ab \u3067\u3099 \uff76\uff9e \U00020bb7 \u06001 \u200d \ufeff "
    "</s> [SEP] <0x41> \u2581 \u0120 ##s </w> `` '' 's 'LL 12345 1.5 a,b \u4eac"
).split()
_BLANKS = (
    " ",
    " ",
    " ",
    "",
    "",
    "  ",
    "   ",
    "\n",
    "\r\n",
    "\t",
    "\u00a0",
    "\u3000",
    "\x85",
    "\x1c",
)
_STRATEGIES = {
    "longest_first": "LongestFirst",
    "only_first": "OnlyFirst",
    "only_second": "OnlySecond",
}


def families_read_alike() -> Iterator[str]:
    """Hold the client to every token, place, word and decoded text, and to every cut."""
    folder = fresh(WORK / "families")
    made = random.Random(18)
    texts = [*TEXTS.values(), *(_text(made) for _ in range(_PUT_TOGETHER)), *_borders()]
    pairs = [_pair(made) for _ in range(_CUT)]
    for name in FAMILIES:
        tokenizer = learn(name, CALIBRATION_TEXTS[::3], _SIZE)
        said = {"tokenizer": json.loads(tokenizer.to_str())}
        said |= {"read": _read(tokenizer, texts), "cut": _cut(tokenizer, pairs)}
        (folder / f"{name}.json").write_text(json.dumps(said), encoding="utf-8")
    for name, missed in _missed(folder).items():
        shown = ", ".join(map(ascii, missed[:3]))
        if missed:
            yield f"{len(missed)} of {len(texts) + len(pairs)} of {name} are read otherwise: {shown}"


def _missed(folder: Path) -> dict[str, list[str]]:
    esbuild, program = CLIENT / "node_modules/.bin/esbuild", folder / "families.mjs"
    built = ("--bundle", "--format=esm", "--platform=node", f"--outfile={program}")
    run(esbuild, HERE / "families.ts", *built, "--log-level=warning", cwd=HERE)
    return dict(asked(program, {"folder": str(folder), "families": list(FAMILIES)}))


def _text(made: random.Random) -> str:
    """Bits that are easily read wrongly, with all kinds of blanks between them."""
    return "".join(made.choice(_BITS) + made.choice(_BLANKS) for _ in range(made.randint(1, 9)))


def _borders() -> Iterator[str]:
    """Characters that differ in kind from a neighbour: tables of kinds are wrong there first."""
    kinds = [unicodedata.category(chr(code)) for code in range(sys.maxunicode + 1)]
    found = [
        chr(code)
        for code in range(1, sys.maxunicode)
        if kinds[code] not in ("Cn", "Cs") and {*kinds[code - 1 : code + 2]} != {kinds[code]}
    ]
    for begin in range(0, len(found), _BORDERS):
        yield " ".join(f"a{character}b" for character in found[begin : begin + _BORDERS])


def _pair(made: random.Random) -> dict[str, Any]:
    """A text or two of them, and how they are cut."""
    sides, strategy = made.choice((1, 2, 2)), made.choice([*_STRATEGIES])
    texts = [" ".join(made.choices(CALIBRATION_TEXTS, k=made.randint(0, 2))) for _ in range(sides)]
    return {
        "texts": [text[: made.randint(0, 160)] for text in texts],
        "max_length": made.randint(12, 48),
        "stride": made.choice((0, 1, 4)) if strategy == "longest_first" else 0,
        "strategy": strategy,
        "direction": made.choice(("left", "right")),
    }


def _read(tokenizer: tokenizers.Tokenizer, texts: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "text": text,
            "encoding": _columns(encoding, [text]),
            "decoded": tokenizer.decode(encoding.ids),
            "written": tokenizer.decode(encoding.ids, skip_special_tokens=False),
        }
        for text, encoding in zip(texts, tokenizer.encode_batch(list(texts)), strict=True)
    ]


def _cut(tokenizer: tokenizers.Tokenizer, pairs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts of each; null where there is nothing to cut."""
    found = []
    for pair in pairs:
        said = {key: pair[key] for key in ("max_length", "stride", "strategy", "direction")}
        tokenizer.enable_truncation(**said)
        try:
            first = tokenizer.encode(*pair["texts"])
        except Exception:  # noqa: BLE001 - tokenizers raises no other
            parts = None
        else:
            parts = [_columns(each, pair["texts"]) for each in (first, *first.overflowing)]
        said |= {"strategy": _STRATEGIES[pair["strategy"]], "direction": pair["direction"].title()}
        found.append({"texts": pair["texts"], "truncation": said, "parts": parts})
    tokenizer.no_truncation()
    return found


def _columns(encoding: tokenizers.Encoding, texts: Sequence[str]) -> dict[str, Any]:
    """Types are not among them: parts that overflow keep those from before their template."""
    units = [in_utf16(text, [(at, at) for at in range(len(text) + 1)]) for text in texts]
    spans = zip(encoding.offsets, encoding.sequence_ids, strict=True)
    return {
        "ids": encoding.ids,
        "tokens": encoding.tokens,
        "offsets": [[units[of or 0][place][0] for place in span] for span, of in spans],
        "wordIds": encoding.word_ids,
        "specialTokens": [bool(special) for special in encoding.special_tokens_mask],
    }
