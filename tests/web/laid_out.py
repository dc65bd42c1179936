"""What the programs read: bundles, readings and the client, in one folder that is served."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tokenizers
from devices.emulated import ROOT

from edgebert.packaging.web import WASM_FILES
from web.running import CLIENT, HERE, WORK, fresh, run
from web.texts import tricky_texts

SITE = WORK / "site"
CONFORMANCE = ROOT / "runtimes" / "conformance"
FIXTURES = ROOT / "tests" / "fixtures" / "format_1" / "bundles"
OTHERS = ROOT / "tests" / "fixtures" / "targets" / "bundles"
"""Bundles with other tokenizers, tasks and schemes than those."""


def lay_out(bundles: dict[str, Path]) -> None:
    """Make `SITE` anew.

    Args:
        bundles: by the name that they are to have there.
    """
    fresh(SITE)
    (SITE / "empty.html").write_text(
        "<!doctype html><link rel=icon href=data:,><title>empty</title>"
    )
    shutil.copy(HERE / "asking.mjs", SITE)
    (SITE / "client").symlink_to(CLIENT / "dist")
    (SITE / "ort").mkdir()
    for name in WASM_FILES:
        shutil.copy(CLIENT / "node_modules/onnxruntime-web/dist" / name, SITE / "ort")
    (SITE / "bundles").mkdir()
    for name, bundle in bundles.items():
        (SITE / "bundles" / name).symlink_to(bundle.resolve())
    esbuild = CLIENT / "node_modules/.bin/esbuild"
    built = ("--bundle", "--format=esm", f"--outfile={SITE / 'reading.mjs'}", "--log-level=warning")
    run(esbuild, HERE / "reading.ts", *built, cwd=HERE)


def lay_out_readings(real: dict[str, Path]) -> dict[str, int]:
    """Write what each tokenizer makes of the tricky texts, as Python's library has it.

    Args:
        real: tokenizer.json of real vocabularies, by name.

    Returns:
        How many cases and texts there are for each, by its name.
    """
    (SITE / "readings").mkdir()
    numbers = {}
    files = {path.stem: path for path in sorted((CONFORMANCE / "tokenizers").glob("*.json"))}
    for name, file in (files | real).items():
        cases = _cases(CONFORMANCE / "cases" / f"{name}.jsonl")
        texts = _read(file, tricky_texts())
        reading = {"tokenizer": json.loads(file.read_text("utf-8")), "texts": texts, "cases": cases}
        (SITE / "readings" / f"{name}.json").write_text(json.dumps(reading), encoding="utf-8")
        numbers[name] = len(cases) + len(texts)
    return numbers


def _cases(path: Path) -> list[Any]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _read(file: Path, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Ids, and offsets in UTF-16, of texts that nothing is cut from."""
    tokenizer = tokenizers.Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    read = tokenizer.encode_batch(list(texts))
    return [
        {"text": text, "ids": one.ids, "offsets": in_utf16(text, one.offsets)}
        for text, one in zip(texts, read, strict=True)
    ]


def in_utf16(text: str, offsets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Places in code points as places in UTF-16 code units."""
    places = [0]
    for character in text:
        places.append(places[-1] + (2 if ord(character) > 0xFFFF else 1))
    return [(places[start], places[end]) for start, end in offsets]
