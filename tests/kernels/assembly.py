"""What a compiler made of a class: tiles that keep sums in registers, and nothing that others share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TILE = re.compile(r"\d([a-z]+_tile|[A-Z][a-z0-9]+Tile)(?:I|3run)")
"""In the mangled name of a function that computes a tile: products are summed nowhere else."""

_USUAL_TILES = {"integer_tile", "float_tile", "QueryTile"}
_TILES = {"avx512_bf16": {"Bf16Tile"}}
"""The tiles of a class, where they are not the usual ones."""

_COMMENT = re.compile(r"#+\s.*|//.*")
_LABEL = re.compile(r"([\w.$]+):")
_PRODUCT = re.compile(
    r"(?:\{vex\}\s+)?v?(pdpbusd|dpbf16ps|pmaddwd|fn?m(add|sub)\d+ps|[su]dot|u?smmla|fmla)\b"
)
_ROUNDING = re.compile(r"v?(round|rndscale)ps|frintn")
_JUMP = re.compile(r"(?:j\w+|b|b\.\w+|cbn?z|tbn?z)\s")
_VECTOR = re.compile(r"%[xyz]mm\d|\b[qvd]\d+\b")
_STACK = r"\(%rsp\b|\[sp\b"
_FRAME = re.compile(r"movq\s+%rsp, %rbp|(?:mov|add)\s+x29, sp")
_BY_FRAME = r"|\(%rbp\b|\[x29\b"
"""How the stack is named too, in a function that keeps a frame; elsewhere these hold anything."""


@dataclass(frozen=True)
class Loop:
    """An inner loop of a tile, which has no branch but the one back to its start.

    Attributes:
        tile: name of the function, as `integer_tile`.
        products: how many of its instructions multiply and add.
        spills: those that move a vector register to the stack or from it.
    """

    tile: str
    products: int
    spills: tuple[str, ...]


def broken_class(name: str, assembly: str) -> Iterator[str]:
    """A sentence for each promise that the assembly of a class does not keep.

    Emulated lanes are held to none about their loops: they are not made to be fast.
    """
    shared = set(shared_symbols(assembly))
    if len(shared) != 1:
        yield f"class {name} shares {', '.join(sorted(shared))} with files of other instructions"
    if name == "plain":
        return
    loops = list(loops_of_tiles(assembly))
    for tile in sorted(_TILES.get(name, _USUAL_TILES) - {loop.tile for loop in loops}):
        yield f"class {name}: no loop of products is found in {tile}"
    for loop in loops:
        if loop.spills:
            yield (
                f"class {name}: a loop of {loop.products} products in {loop.tile} moves registers "
                f"to the stack: {loop.spills[0]}"
            )


def loops_of_tiles(assembly: str) -> Iterator[Loop]:
    """The loops of products in every tile, of x86-64 (AT&T) or ARM64.

    One that rounds is of exponentials: their polynomials are no sums over inputs.
    """
    for name, lines in _functions(assembly):
        tile = _TILE.search(name)
        if tile:
            stack = re.compile(_STACK + (_BY_FRAME if any(map(_FRAME.search, lines)) else ""))
            for loop in _loops(lines):
                products = sum(_PRODUCT.match(line) is not None for line in loop)
                if products and not any(map(_ROUNDING.match, loop)):
                    touching = filter(stack.search, loop)
                    yield Loop(tile[1], products, tuple(filter(_VECTOR.search, touching)))


def shared_symbols(assembly: str) -> list[str]:
    """Names that a linker joins with those of other files: here, all but what is the file's own."""
    return re.findall(r"^\s*\.(?:globl|weak)\s+([\w.$]+)", assembly, re.MULTILINE)


def _functions(assembly: str) -> Iterator[tuple[str, list[str]]]:
    """The name of each function, and its instructions and inner labels."""
    name, lines = "", list[str]()
    for line in (_COMMENT.sub("", one).strip() for one in assembly.splitlines()):
        label = _LABEL.fullmatch(line)
        if label and not label[1].startswith((".L", "L")):
            yield name, lines
            name, lines = label[1], []
        elif label or (line and not line.startswith(".")):
            lines.append(line)
    yield name, lines


def _loops(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    start: int | None = None
    for place, line in enumerate(lines):
        if line.endswith(":"):
            start = place
        elif _JUMP.match(line):
            if start is not None and line.endswith(lines[start][:-1]):
                yield lines[start : place + 1]
            start = None
