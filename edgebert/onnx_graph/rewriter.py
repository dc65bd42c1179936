"""A graph rewritten on a device: without the onnx package, and with its weights where they are.

The file is mapped, and only what changes is made anew; all else is passed on as it lies there:

    with rewriting(folder / "model.onnx") as graph:
        fused = NewNode("FusedNorm", ["x", "gain"], ["y"], domain="edge.kernels")
        graph.replace_nodes(["sum", "y"], [fused])  # by the outputs of the nodes that go
        graph.import_operators("edge.kernels", 1)
        graph.remove_unread()
        graph.write(folder / "rewritten.onnx")

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgebert.errors import InputError, OutputError
from edgebert.onnx_graph.calls import Call, call_of
from edgebert.onnx_graph.edited_message import EditedMessage
from edgebert.onnx_graph.external_data import external_files
from edgebert.onnx_graph.names import named_places, names_made, names_read
from edgebert.onnx_graph.new_node import AttributeValue, NewNode, attribute, constant
from edgebert.onnx_graph.order import in_order
from edgebert.onnx_graph.reading import Node, node_of, read_graph
from edgebert.onnx_graph.wire_format import Data, bytes_field, number_field
from edgebert.output import new_file

_GRAPH, _OPSETS, _FUNCTIONS = 7, 8, 25  # fields of ModelProto
_RAW_DATA, _EXTERNAL_DATA, _DATA_LOCATION, _EXTERNAL = 9, 13, 14, 1  # of TensorProto
_MANY_BYTES = 1 << 14
_NODES, _CONSTANTS, _INPUTS, _OUTPUTS, _VALUES = 1, 5, 11, 12, 13  # of GraphProto

TensorType = tuple[int, tuple[int | str, ...]]
"""TensorProto.DataType, and each length or the name of what it may be."""


@contextmanager
def rewriting(path: Path) -> Iterator[GraphRewriter]:
    """Open a graph to rewrite it; the file itself stays as it is.

    Raises:
        InputError: `path` cannot be read, or is damaged or not an ONNX file.
    """
    read_graph(path)  # says what is wrong with nodes and weights
    with mapped(path) as rewriter:
        yield rewriter


@contextmanager
def mapped(path: Path) -> Iterator[GraphRewriter]:
    """The same of a graph that is looked through by whoever opens it, nodes and weights.

    Raises:
        InputError: `path` is damaged or not an ONNX file.
        OSError: it cannot be read.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        try:
            rewriter = GraphRewriter(path, EditedMessage(data, 0, len(data)), data)
        except ValueError as error:
            raise InputError(f"{path} is damaged or not an ONNX file: {error}") from error
        yield rewriter


class GraphRewriter:
    """The main graph of a model while it is rewritten. Values are called by their names.

    Args:
        path: the file.
        model: its ModelProto.
        data: all that the file holds.

    Raises:
        ValueError: it is no model.
    """

    def __init__(self, path: Path, model: EditedMessage, data: Data) -> None:
        graphs = model.messages(_GRAPH)
        if len(graphs) != 1:
            raise ValueError(f"it has {len(graphs)} graphs")
        self._path, self._model, self._data, (self._graph,) = path, model, data, graphs
        for message, field in named_places(self._graph):
            message.texts(field)  # says what is damaged before anything is made of it

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes as they are now, in order."""
        return tuple(map(node_of, self._graph.messages(_NODES)))

    @property
    def calls(self) -> tuple[Call, ...]:
        """The same nodes, with all their attributes."""
        return tuple(map(call_of, self._graph.messages(_NODES)))

    @property
    def operator_sets(self) -> dict[str, int]:
        """Versions of the domains of operators; "" is ONNX's own."""
        entries = self._model.messages(_OPSETS)
        return {entry.text(1).replace("ai.onnx", ""): entry.number(2) for entry in entries}

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the operators that the model itself defines."""
        return tuple(function.text(1) for function in self._model.messages(_FUNCTIONS))

    @property
    def inputs(self) -> dict[str, tuple[int, tuple[int | str, ...] | None]]:
        """The graph's inputs: TensorProto.DataType, and each length or the name of what it may be."""
        return {value.text(1): _tensor_type(value) for value in self._graph.messages(_INPUTS)}

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the graph's outputs."""
        return tuple(value.text(1) for value in self._graph.messages(_OUTPUTS))

    @property
    def tensors(self) -> dict[str, EditedMessage]:
        """The TensorProto of each constant, for `edgebert.onnx_graph.tensor_values`."""
        return {tensor.text(8): tensor for tensor in self._graph.messages(_CONSTANTS)}

    @property
    def constants(self) -> tuple[str, ...]:
        """Names of the constants."""
        return tuple(tensor.text(8) for tensor in self._graph.messages(_CONSTANTS))

    def replace_nodes(self, outputs: Collection[str], new: Sequence[NewNode]) -> None:
        """Take out the nodes that give `outputs`, and put others where the first of them stood.

        Raises:
            ValueError: no node gives one of them.
        """
        wanted, nodes = set(outputs), self._graph.messages(_NODES)
        gone = [node for node in nodes if wanted.intersection(node.texts(2))]
        if missing := wanted.difference(*(node.texts(2) for node in gone)):
            raise ValueError(f"no node of {self._path} gives {', '.join(sorted(missing))}")
        made = [node.message() for node in new]
        place = nodes.index(gone[0]) if gone else len(nodes)
        out = {id(node) for node in gone}
        kept = [node for node in nodes[place:] if id(node) not in out]
        self._graph.arrange(_NODES, [*nodes[:place], *made, *kept])
        self._forget({name for node in gone for name in node.texts(2)})

    def add_nodes(self, new: Sequence[NewNode]) -> None:
        """Put nodes into the graph; each will stand behind what it reads."""
        self.replace_nodes((), new)

    def remove_unread(self) -> None:
        """Take out the nodes that no output needs, and the constants that nothing reads."""
        nodes = self._graph.messages(_NODES)
        reads = Counter(name for node in nodes for name in names_read(node))
        reads.update(value.text(1) for value in self._graph.messages(_OUTPUTS))
        gone: list[str] = []
        for node in reversed(nodes):
            names = [name for name in node.texts(2) if name]
            if not any(reads[name] for name in names):
                reads.subtract(names_read(node))
                gone += names
        self.replace_nodes(gone, ())
        self._graph.keep(_CONSTANTS, lambda tensor: reads[tensor.text(8)] > 0)

    def declare_inputs(self, values: Mapping[str, TensorType]) -> None:
        """Add inputs of the graph.

        Args:
            values: of each name the TensorProto.DataType, and lengths or the names of what they may be.
        """
        for name, kind in values.items():
            self._graph.append(_INPUTS, _declared(name, kind))

    def declare_outputs(self, values: Mapping[str, TensorType]) -> None:
        """Let these, and no others, be the outputs of the graph."""
        self._graph.keep(_OUTPUTS, lambda value: False)
        for name, kind in values.items():
            self._graph.append(_OUTPUTS, _declared(name, kind))

    def rename(self, names: Mapping[str, str]) -> None:
        """Give values other names wherever they are, inputs and outputs of the graph among them."""
        for message, field in named_places(self._graph):
            message.rename(field, lambda name: names.get(name, name))

    def set_attributes(self, output: str, values: Mapping[str, AttributeValue | None]) -> None:
        """Change attributes of the node that gives `output`; None takes one out."""
        node = self._node(output)
        node.keep(5, lambda entry: entry.text(1) not in values)
        for name, value in values.items():
            if value is not None:
                node.append(5, EditedMessage.of(attribute(name, value)))

    def add_constant(self, name: str, values: npt.NDArray[np.generic]) -> None:
        """Add a constant; its values are read out of the array when the graph is written.

        Raises:
            ValueError: the graph has a value of that name.
        """
        if name in names_made(self._graph):
            raise ValueError(f"{self._path} has a value {name} already")
        self._graph.append(_CONSTANTS, constant(name, values))

    def remove_constants(self, names: Collection[str]) -> None:
        self._graph.keep(_CONSTANTS, lambda tensor: tensor.text(8) not in names)
        self._forget(names)

    def import_operators(self, domain: str, version: int) -> None:
        """Let the graph use the operators of a domain, in place of another version of them."""
        own = ("", "ai.onnx")
        names = own if domain in own else (domain,)
        self._model.keep(_OPSETS, lambda entry: entry.text(1) not in names)
        entry = bytes_field(1, domain.encode()) if domain else b""
        self._model.append(_OPSETS, EditedMessage.of(entry + number_field(2, version)))

    def write(self, path: Path, *, force: bool = False) -> None:
        """Write the graph to a file, which is not there, half-written, before all is written.

        Args:
            path: the file; in the same folder, where files beside the graph hold weights.
            force: replace it if it exists.

        Raises:
            ValueError: the graph could not run: see `edgebert.onnx_graph.order`.
            OutputError: `path` exists or cannot be written, or would not find its weights.
        """
        self._put_in_order()
        beside = external_files(self._path)
        if beside and path.resolve().parent != self._path.resolve().parent:
            raise OutputError(
                f"{path} would not find its weights: write it beside {self._path}, "
                f"which has them in {', '.join(beside)}"
            )
        with (
            new_file(path, force=force) as part,
            part.open("wb") as file,
            closing(self._model.chunks()) as chunks,
        ):
            file.writelines(chunks)

    def leave_in_file(self, names: Collection[str]) -> None:
        """Let constants stay in the file, which a reader of `to_bytes` then maps: it knows the folder.

        What the file does not hold as it is, or holds in a few bytes, is not left there. Nor is
        anything where the file is a link: readers may refuse what lies behind one.
        """
        if self._path.is_symlink():
            return
        for tensor in self._graph.messages(_CONSTANTS):
            place = tensor.place(_RAW_DATA, self._data)
            if tensor.text(8) in names and place is not None and place[1] >= _MANY_BYTES:
                tensor.drop(_RAW_DATA)
                offset, length = map(str, place)
                where = {"location": self._path.name, "offset": offset, "length": length}
                for entry in where.items():
                    tensor.append(_EXTERNAL_DATA, _string_entry(*entry))
                tensor.set(number_field(_DATA_LOCATION, _EXTERNAL))

    def to_bytes(self) -> bytes:
        """The whole model as it is now, but for what lies in files beside the graph.

        Raises:
            ValueError: the graph could not run: see `edgebert.onnx_graph.order`.
        """
        self._put_in_order()
        with closing(self._model.chunks()) as chunks:
            return b"".join(bytes(chunk) for chunk in chunks)

    def _put_in_order(self) -> None:
        if self._graph.changed:
            self._graph.arrange(_NODES, in_order(self._graph))

    def _node(self, output: str) -> EditedMessage:
        for node in self._graph.messages(_NODES):
            if output in node.texts(2):
                return node
        raise ValueError(f"no node of {self._path} gives {output}")

    def _forget(self, names: Collection[str]) -> None:
        """Drop the shapes that are noted of values which are no more."""
        made = {name for node in self._graph.messages(_NODES) for name in node.texts(2)}
        gone = set(names) - made
        self._graph.keep(_VALUES, lambda value: value.text(1) not in gone)


def _string_entry(key: str, value: str) -> EditedMessage:
    return EditedMessage.of(bytes_field(1, key.encode()) + bytes_field(2, value.encode()))


def _declared(name: str, kind: TensorType) -> EditedMessage:
    """The ValueInfoProto of a tensor."""
    data_type, lengths = kind
    axes = b"".join(
        bytes_field(
            1, bytes_field(2, one.encode()) if isinstance(one, str) else number_field(1, one)
        )
        for one in lengths
    )
    tensor = number_field(1, data_type) + bytes_field(2, axes)
    return EditedMessage.of(bytes_field(1, name.encode()) + bytes_field(2, bytes_field(1, tensor)))


def _tensor_type(value: EditedMessage) -> tuple[int, tuple[int | str, ...] | None]:
    """What a ValueInfoProto says of a tensor; None where it says nothing of its shape."""
    tensors = [tensor for kind in value.messages(2) for tensor in kind.messages(1)]
    if not tensors:
        return 0, None
    shapes = tensors[-1].messages(2)
    if not shapes:
        return tensors[-1].number(1), None
    return tensors[-1].number(1), tuple(
        length.text(2) or length.number(1) for length in shapes[-1].messages(1)
    )
