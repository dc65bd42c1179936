"""A precompiled map of characters, as SentencePiece writes it and `Precompiled` normalizers read it.

The bytes are the size of a trie, the trie, and the texts that its values point into, each ended by
a zero. The trie is a double array in Darts-clone's format: units of 32 bits, in which a state at
place `p` with offset `o` goes on by byte `b` to place `p ^ o ^ b`.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import chain, count

_HAS_VALUE, _VALUE = 1 << 8, 1 << 31

Trie = dict[int, "Trie"]
"""What follows each byte; the value of a key lies under `_END`."""

_END = -1


def nmt_nfkc() -> dict[str, str]:
    """A part of SentencePiece's rules of this name: NFKC, with controls and odd spaces put right."""
    rules = {chr(code): "" for code in (*range(1, 9), 0xB, *range(0xE, 0x20), 0x7F, 0x8F, 0x9F)}
    rules |= dict.fromkeys("\t\n\f\r\u200b\u200c\u200d\u200e\u200f\u2028\u2029\ufeff", " ")
    ranges = ((0xA0, 0x180), (0x2000, 0x2200), (0x3000, 0x3100), (0xFB00, 0xFB07), (0xFF01, 0xFFEF))
    for character in map(chr, chain.from_iterable(range(*each) for each in ranges)):
        composed = unicodedata.normalize("NFKC", character)
        if composed != character and character not in rules:
            rules[character] = composed
    for letter in map(chr, range(0xC0, 0x180)):
        apart = unicodedata.normalize("NFD", letter)
        if apart != letter:
            rules[apart] = letter
    return rules


def compiled(rules: Mapping[str, str]) -> bytes:
    """The bytes of a map from texts to what stands for them."""
    root: Trie = {}
    texts = bytearray()
    for key, text in sorted(rules.items()):
        node = root
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[_END] = {len(texts): {}}
        texts += text.encode() + b"\0"
    units = _double_array(root)
    return struct.pack(f"<{len(units) + 1}I", 4 * len(units), *units) + bytes(texts)


def _double_array(root: Trie) -> list[int]:
    units = {0: 0}
    bases: set[int] = set()
    waiting = [(0, 0, root)]
    while waiting:
        place, label, node = waiting.pop(0)
        base = next(each for each in count(1) if each not in bases and _fits(each, node, units))
        bases.add(base)
        units[place] = (place ^ base) << 10 | (_HAS_VALUE if _END in node else 0) | label
        for target, byte in _targets(base, node):
            units[target] = 0  # taken; written when its turn comes
            if byte == _END:
                units[target] = _VALUE | next(iter(node[_END]))
            else:
                waiting.append((target, byte, node[byte]))
    return [units.get(place, 0) for place in range(max(units) + 256)]


def _fits(base: int, node: Trie, units: Mapping[int, int]) -> bool:
    return all(target not in units for target, _ in _targets(base, node))


def _targets(base: int, node: Trie) -> Iterator[tuple[int, int]]:
    """The place of what follows, for each byte; a value stands at the base itself."""
    for byte in node:
        yield (base if byte == _END else base ^ byte), byte
