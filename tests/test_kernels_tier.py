"""The tier of native kernels: what it finds in assembly, in a library, and between CPUs."""

from __future__ import annotations

import pytest
from kernels.answers import NATIVE, X86_CPUS, read_answers
from kernels.assembly import Loop, broken_class, loops_of_tiles
from kernels.elf import broken_elf

X86 = """
_ZN8edgebert12_GLOBAL__N_112integer_tileINS0_5BytesELi2ELNS0_3EndE0EEEvPKh: # @integer_tile
 movq %rsp, %rbp
 vpxor %xmm0, %xmm0, %xmm0
 vmovaps %ymm0, (%rsp)                   # 32-byte Spill
.LBB3_2:                                # =>This Inner Loop Header: Depth=1
 movq 8(%rsp), %rax
 vmovdqu (%rdx,%rax), %ymm3
 {vex} vpdpbusd (%rdi), %ymm3, %ymm0
 {vex} vpdpbusd (%rbx), %ymm3, %ymm1
 {SPILL}
 addq $4, %rdi
 decq %rcx
 jne .LBB3_2
 vzeroupper
 retq
"""
ARM64 = """
_ZN8edgebert12_GLOBAL__N_110float_tileILi6ELNS0_3EndE1EEEvPKfm:
 add x29, sp, #64
.LBB7_4:                                // =>This Inner Loop Header: Depth=1
 ldp q4, q5, [x2], #32
 fmla v16.4s, v4.4s, v6.s[0]
 fmla v17.4s, v5.4s, v6.s[0]
 {SPILL}
 subs x3, x3, #1
 b.ne .LBB7_4
 ret
"""


@pytest.mark.parametrize(
    ("assembly", "line", "tile", "spills"),
    [
        (X86, "nop", "integer_tile", False),
        (X86, "vmovaps %ymm1, 32(%rsp)", "integer_tile", True),
        (X86, "vpaddd -96(%rbp), %ymm1, %ymm1", "integer_tile", True),
        (
            X86.replace("movq %rsp, %rbp", "nop"),
            "vmovups (%rbp), %ymm2",
            "integer_tile",
            False,
        ),
        (ARM64, "nop", "float_tile", False),
        (ARM64, "str q17, [sp, #16]", "float_tile", True),
        (ARM64, "ldur q17, [x29, #-48]", "float_tile", True),
        (ARM64, "ldr x4, [sp, #16]", "float_tile", False),
    ],
)
def test_vector_registers_that_go_to_the_stack_in_a_loop_of_a_tile_are_found(
    assembly: str, line: str, tile: str, spills: bool
) -> None:
    (loop,) = loops_of_tiles(assembly.replace("{SPILL}", line))
    assert loop == Loop(tile, 2, (line,) if spills else ())


def test_a_class_without_its_tiles_or_with_functions_of_others_is_broken() -> None:
    own, other, line = "_ZN8edgebert4avx2E", "_ZN8edgebert6Memory4takeEm", "vmovaps %ymm1, 32(%rsp)"
    symbols = f" .globl {own}\n .weak {other}\n"
    found = list(broken_class("avx2", symbols + X86.replace("{SPILL}", line)))
    assert found == [
        f"class avx2 shares {own}, {other} with files of other instructions",
        "class avx2: no loop of products is found in QueryTile",
        "class avx2: no loop of products is found in float_tile",
        f"class avx2: a loop of 2 products in integer_tile moves registers to the stack: {line}",
    ]


ELF = """
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
     1: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND memcpy@GLIBC_2.14 (3)
     2: 0000000000008180   372 FUNC    GLOBAL DEFAULT   12 RegisterCustomOps
     3: 00000000000082f0     6 FUNC    GLOBAL DEFAULT   12 edgebert_kernels_arithmetic
     7: 00000000000083e0     6 FUNC    GLOBAL DEFAULT   12 edgebert_kernels_bf16
     4: 00000000000083d0     6 FUNC    GLOBAL DEFAULT   12 edgebert_kernels_choose
     5: 00000000000083b0     6 FUNC    GLOBAL DEFAULT   12 edgebert_kernels_chosen
     6: 0000000000008300     6 FUNC    GLOBAL DEFAULT   12 edgebert_kernels_classes
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("memcpy", "memcpy", None),
        ("libc.so.6", "libstdc++.so.6", "it needs libstdc++.so.6"),
        ("GLIBC_2.14", "GLIBC_2.34", "it needs glibc 2.34"),
        ("GLIBC_2.14", "GLIBC_2.2.5", None),
        ("_chosen", "_selected", "edgebert_kernels_chosen, edgebert_kernels_selected"),
    ],
)
def test_what_a_library_needs_or_exports_beyond_its_promise_is_said(
    old: str, new: str, sentence: str | None
) -> None:
    found = list(broken_elf(ELF.replace(old, new)))
    assert len(found) == (sentence is not None)
    assert all(sentence is not None and sentence in said for said in found)


def test_cpus_that_differ_or_lack_a_class_are_told() -> None:
    lines = ["CLASSES avx2 plain", "CASE gelu 0123456789abcdef", "CASE norm fedcba9876543210"]
    here = read_answers(NATIVE, lines, 0, "")
    assert list(here.broken(here)) == []
    other = read_answers(
        X86_CPUS[0],
        ["CLASSES plain", "WRONG gelu: plain alone: number 3 is 0x1p+0", "CASE gelu 0"],
        status=1,
        said="",
    )
    assert list(other.broken(here)) == [
        "x86-avx2: classes ('plain',), not ('avx2', 'plain')",
        "x86-avx2: gelu: plain alone: number 3 is 0x1p+0",
        "x86-avx2: gelu has other bits than on this machine",
        "x86-avx2: 1 cases have no answer",
    ]


def test_a_driver_that_dies_is_told_with_what_it_said() -> None:
    died = read_answers(NATIVE, ["CLASSES plain"], -11, "heap-buffer-overflow\n")
    assert list(died.broken(died)) == ["this machine: it ended with -11: heap-buffer-overflow"]
