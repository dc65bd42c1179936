"""`python -m benchmarks.web.products`: forms of one product with weights, in WebAssembly and in Node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from web.running import WORK, fresh

from benchmarks.web.graphs import LIBRARIES, Input, fastest_ms
from edgebert.cli.tables import table

_INNER, _OUTER = 384, 1536
_ROWS = (1, 16, 128)
_BLOCK = 32
_MICROSOFT = "com.microsoft"


@dataclass(frozen=True)
class Form:
    """How x [rows, 384] is multiplied by weights [384, 1536].

    Attributes:
        inputs: of the operator, in its order; "x" is what is given.
        weights: the others by name.
        takes: type of x.
        gives: type of the product.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    weights: dict[str, Any]
    takes: str = "uint8"
    gives: int = TensorProto.FLOAT
    domain: str = ""
    attributes: dict[str, int] = field(default_factory=dict)


def forms() -> list[Form]:
    """fp32, the integer products of the schemes, and weights in blocks."""
    signed = (np.arange(_INNER * _OUTER) % 255 - 127).astype(np.int8).reshape(_INNER, _OUTER)
    unsigned = (signed.view(np.uint8) ^ 128).astype(np.uint8)
    scales = np.full(_OUTER, 0.001, np.float32)
    middle = np.array(128, np.uint8)
    one = np.array(0.02, np.float32)
    integer = ("x", "w", "middle")
    to_float = ("x", "w", "scale", "scales", "middle")
    return [
        Form("fp32", "MatMul", ("x", "w"), {"w": signed.astype(np.float32)}, "float32"),
        Form("u8 x s8", "MatMulInteger", integer, {"w": signed, "middle": middle},
             gives=TensorProto.INT32),
        Form("u8 x u8", "MatMulInteger", (*integer, "zero"),
             {"w": unsigned, "middle": middle, "zero": middle}, gives=TensorProto.INT32),
        Form("s8 x s8", "MatMulInteger", ("x", "w"), {"w": signed}, "int8", TensorProto.INT32),
        Form("u8 x s8 to float, per channel", "MatMulIntegerToFloat", to_float,
             {"w": signed, "middle": middle, "scale": one, "scales": scales}, domain=_MICROSOFT),
        Form("u8 x s8 to float, per tensor", "MatMulIntegerToFloat", to_float,
             {"w": signed, "middle": middle, "scale": one, "scales": one}, domain=_MICROSOFT),
        Form("u8 x s8, quantized in it", "DynamicQuantizeMatMul", ("x", "w", "scales"),
             {"w": signed, "scales": scales}, "float32", domain=_MICROSOFT),
        Form("u8 x s8 to u8 (QLinear)", "QLinearMatMul",
             ("x", "scale", "middle", "w", "scales", "zeros", "scale", "middle"),
             {"w": signed, "middle": middle, "scale": one, "scales": scales,
              "zeros": np.zeros(_OUTER, np.int8)}, gives=TensorProto.UINT8),
        *(_blocks(bits, level) for bits in (8, 4) for level in (0, 4)),
    ]  # fmt: skip


def _blocks(bits: int, level: int) -> Form:
    blocks = _INNER // _BLOCK
    weights = {
        "w": np.full((_OUTER, blocks, _BLOCK * bits // 8), 0x5A, np.uint8),
        "scales": np.full(_OUTER * blocks, 0.001, np.float32),
    }
    shape = {"K": _INNER, "N": _OUTER, "bits": bits, "block_size": _BLOCK, "accuracy_level": level}
    name = f"weight-only, {bits} bits, accuracy_level {level}"
    inputs = ("x", "w", "scales")
    return Form(
        name, "MatMulNBits", inputs, weights, "float32", TensorProto.FLOAT, _MICROSOFT, shape
    )


def write_graph(form: Form, path: Path) -> None:
    """A graph of that product alone."""
    node = helper.make_node(
        form.operator, list(form.inputs), ["y"], domain=form.domain, **form.attributes
    )
    takes = helper.np_dtype_to_tensor_dtype(np.dtype(form.takes))
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("x", takes, ["rows", _INNER])],
        [helper.make_tensor_value_info("y", form.gives, ["rows", _OUTER])],
        [numpy_helper.from_array(weight, name) for name, weight in form.weights.items()],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(_MICROSOFT, 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)


@click.command()
def main() -> None:
    """Billions of multiplications and additions in a second, by the rows of a batch."""
    folder = fresh(WORK / "products")
    made = forms()
    paths = [folder / f"{number}.onnx" for number in range(len(made))]
    for form, path in zip(made, paths, strict=True):
        write_graph(form, path)
    columns = {
        (provider, rows): _speeds(provider, rows, made, paths)
        for provider in LIBRARIES
        for rows in _ROWS
    }
    header = ("form", *(f"{provider}, {rows} rows" for provider, rows in columns))
    lines = [
        (form.name, *(f"{column[number]:.0f}" for column in columns.values()))
        for number, form in enumerate(made)
    ]
    click.echo(table(header, lines))


def _speeds(provider: str, rows: int, made: Sequence[Form], paths: Sequence[Path]) -> list[float]:
    asked = [
        (path, [Input("x", form.takes, (rows, _INNER), 0, 100)])
        for form, path in zip(made, paths, strict=True)
    ]
    work = 2 * rows * _INNER * _OUTER
    return [work / ms / 1e6 for ms in fastest_ms(provider, asked)]


if __name__ == "__main__":
    main()
