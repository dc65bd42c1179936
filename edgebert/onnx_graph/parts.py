"""Which constants of a graph are MatMul weights, which are tables, and what runs on int8."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from edgebert.onnx_graph.reading import Initializer, Node, OnnxGraph

# Where each operator takes its weights. Attention and QAttention hold the QKV projection.
_FLOAT_MATMULS = {"MatMul": 1, "Gemm": 1, "FusedMatMul": 1, "MatMulNBits": 1, "Attention": 1}
_INT8_MATMULS = {
    "MatMulInteger": 1,
    "MatMulIntegerToFloat": 1,
    "DynamicQuantizeMatMul": 1,
    "QAttention": 1,
    "QLinearMatMul": 3,
    "QGemm": 3,
}
_TABLES = {
    "Gather": (0,),
    "GatherBlockQuantized": (0,),
    "EmbedLayerNormalization": (2, 3, 4),
    "QEmbedLayerNormalization": (2, 3, 4),
}
_SAME_VALUES = ("Cast", "DequantizeLinear", "Identity", "Reshape", "Squeeze", "Transpose")
_INT8_ACCURACY_LEVEL = 4  # MatMulNBits then quantizes its activations too
_ACTIVATION_SCALES = {
    "MatMulIntegerToFloat": 2,
    "QAttention": 3,
    "QLinearMatMul": 1,
    "QGemm": 1,
}
"""Where each operator takes the scale of its activations."""

TOKEN, STATIC, DYNAMIC, WEIGHT_ONLY, FLOAT = "token", "static", "dynamic", "weight-only", "float"
FORMS = (TOKEN, STATIC, DYNAMIC, WEIGHT_ONLY, FLOAT)
"""How a matrix product gets its activations: in int8 with a scale for each token, with a constant
scale or with one for the whole batch; as floats, with a weight in few bits or in floats."""


@dataclass(frozen=True)
class MatMul:
    """A matrix product with a constant: the node, the constant, and how it is quantized.

    Attributes:
        int8: whether it runs on integers.
        form: one of `TOKEN` to `FLOAT`.
    """

    node: Node
    weight: Initializer
    int8: bool
    form: str

    @property
    def name(self) -> str:
        """The node's name as it was before onnxruntime's quantizer added to it."""
        return self.node.name.removesuffix("_quant") or self.weight.name


class Constants:
    """Finds the constant behind a value, through operators that only change how it is held."""

    def __init__(self, graph: OnnxGraph) -> None:
        self._initializers = {weight.name: weight for weight in graph.initializers}
        self._producers = {name: node for node in graph.nodes for name in node.outputs}

    def behind(self, node: Node, position: int) -> Initializer | None:
        """The constant that input `position` of `node` comes from, if it comes from one."""
        return self._initializers.get(self._trace(node, position)[0])

    def dequantized(self, node: Node, position: int) -> bool:
        """Whether input `position` of `node` is dequantized on its way."""
        return "DequantizeLinear" in self._trace(node, position)[1]

    def made_by(self, node: Node, position: int, op_type: str) -> bool:
        """Whether input `position` of `node` is an output of a node of that type."""
        name = node.inputs[position] if position < len(node.inputs) else ""
        producer = self._producers.get(name)
        return producer is not None and producer.op_type == op_type

    def _trace(self, node: Node, position: int) -> tuple[str, set[str]]:
        """The value that input `position` starts as, and the operators it comes through."""
        name = node.inputs[position] if position < len(node.inputs) else ""
        seen: set[str] = set()  # a damaged graph may be a circle
        passed: set[str] = set()
        while name not in seen and name in self._producers:
            producer = self._producers[name]
            if producer.op_type not in _SAME_VALUES or not producer.inputs:
                break
            seen.add(name)
            passed.add(producer.op_type)
            name = producer.inputs[0]
        return name, passed


def constant_matmuls(graph: OnnxGraph) -> tuple[MatMul, ...]:
    """The matrix products of `graph` whose right side is constant, in the graph's order."""
    constants = Constants(graph)
    found = []
    for node in graph.nodes:
        position = (_FLOAT_MATMULS | _INT8_MATMULS).get(node.op_type)
        weight = None if position is None else constants.behind(node, position)
        if weight is not None:
            int8 = _runs_on_int8(node, constants)
            found.append(MatMul(node, weight, int8, _form(node, constants, int8=int8)))
    return tuple(found)


def matmul_forms(graph: OnnxGraph) -> Counter[str]:
    """How many of the matrix products with a constant have each form."""
    return Counter(matmul.form for matmul in constant_matmuls(graph))


def embedding_tables(graph: OnnxGraph) -> tuple[Initializer, ...]:
    """The constants that rows are gathered from, each once."""
    constants = Constants(graph)
    tables = {}
    for node in graph.nodes:
        for position in _TABLES.get(node.op_type, ()):
            if table := constants.behind(node, position):
                tables[table.name] = table
    return tuple(tables.values())


def _runs_on_int8(node: Node, constants: Constants) -> bool:
    """An operator on integers, or a float one between dequantized values that ORT fuses to one."""
    if node.op_type == "MatMulNBits":
        return node.attributes.get("accuracy_level") == _INT8_ACCURACY_LEVEL
    if node.op_type in ("MatMul", "Gemm"):
        return constants.dequantized(node, 0) and constants.dequantized(node, 1)
    return node.op_type in _INT8_MATMULS


def _form(node: Node, constants: Constants, *, int8: bool) -> str:
    if node.op_type == "MatMulNBits":
        return WEIGHT_ONLY
    if not int8:
        position = _FLOAT_MATMULS[node.op_type]
        return WEIGHT_ONLY if constants.dequantized(node, position) else FLOAT
    if node.op_type in ("MatMul", "Gemm"):
        return STATIC
    if node.op_type == "DynamicQuantizeMatMul":
        return DYNAMIC
    if node.op_type == "MatMulInteger":
        return DYNAMIC if constants.made_by(node, 0, "DynamicQuantizeLinear") else TOKEN
    scale = _ACTIVATION_SCALES[node.op_type]
    if constants.behind(node, scale):
        return STATIC
    return DYNAMIC if constants.made_by(node, scale, "DynamicQuantizeLinear") else TOKEN
