"""What the cores can do at best: the best of a few ways to reach for it, each one recorded.

A small C program (peak.c) keeps the multipliers busy from registers, where there is a C compiler
and the CPU is an x86; large matrix products by PyTorch (fp32) and onnxruntime (u8 x s8) are
measured anywhere.
"""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.record import Probe
from benchmarks.work import Peak

_SIDE = 1536  # of the square matrices: 9 MB in fp32, enough to amortize packing
_SECONDS = 1.0


def measure_peaks(threads: Sequence[int]) -> list[Probe]:
    """Probe with each number of cores. Sums over cores that work at the same time."""
    with tempfile.TemporaryDirectory() as folder:
        program = _compiled(Path(folder))
        by_program = [probe for n in threads for probe in _run_program(program, n)]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        by_products = [probe for n in threads for probe in pool.apply(_products, (n,))]
    return by_program + by_products


def peak_of(probes: Sequence[Probe], cores: int) -> Peak:
    """The best that any probe reached on so many cores."""

    def best(precision: str) -> float:
        return max(p.gops for p in probes if (p.precision, p.cores) == (precision, cores))

    return Peak(fp32_gflops=best("fp32"), int8_gops=best("int8"))


def _compiled(folder: Path) -> Path | None:
    """The program of peak.c, or None where it cannot be compiled."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    program = folder / "peak"
    command = [compiler, "-O2", str(Path(__file__).with_name("peak.c")), "-o", str(program)]
    for options in (["-DAVX_VNNI"], []):  # older compilers do not know these instructions
        done = subprocess.run([*command, *options], capture_output=True, check=False)
        if done.returncode == 0:
            return program
    return None


def _run_program(program: Path | None, cores: int) -> list[Probe]:
    """One copy on each core at a time; lines of output are: precision, instructions, 10^9 op/s."""
    if program is None:
        return []
    copies = [
        subprocess.Popen([program], stdout=subprocess.PIPE, encoding="utf-8") for _ in range(cores)
    ]
    outputs = [copy.communicate()[0].splitlines() for copy in copies]
    probes = []
    for lines in zip(*outputs, strict=True):
        precision, instructions, _ = lines[0].split("\t")
        total = sum(float(line.split("\t")[2]) for line in lines)
        probes.append(Probe(precision, f"{instructions} from registers, in C", cores, total))
    return probes


def _products(threads: int) -> list[Probe]:
    side = f"{_SIDE} x {_SIDE}"
    return [
        Probe("fp32", f"PyTorch product, {side}", threads, _gops(_fp32_product(threads))),
        Probe("int8", f"onnxruntime MatMulInteger, {side}", threads, _gops(_int8_product(threads))),
    ]


def _gops(product: Callable[[], object]) -> float:
    """10^9 operations a second in the fastest of the runs."""
    product()
    least = float("inf")
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        product()
        least = min(least, time.perf_counter() - start)
    return 2 * _SIDE**3 / least / 1e9


def _fp32_product(threads: int) -> Callable[[], object]:
    import torch

    torch.set_num_threads(threads)
    matrix = torch.ones(_SIDE, _SIDE)
    return lambda: torch.mm(matrix, matrix)


def _int8_product(threads: int) -> Callable[[], object]:
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.ones((_SIDE, _SIDE), np.int8), "weights")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "weights"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [_SIDE, _SIDE])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [_SIDE, _SIDE])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    inputs = {"x": np.ones((_SIDE, _SIDE), np.uint8)}
    return lambda: session.run(None, inputs)
