"""Records of what a graph holds, and what runs it: inspect."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgebert.records.header import Header
from edgebert.records.manifest import Count, Web


@dataclass(frozen=True)
class Quantized:
    """MatMuls with constant weights: how many there are, and how many run on int8.

    Attributes:
        forms: how many get their activations in each way: token, static, dynamic, weight-only,
            float.
    """

    matmuls: int
    int8: int
    layers: tuple[str, ...]
    float_layers: tuple[str, ...]
    forms: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LayerSaturation:
    """A layer whose sums of u8 x s8 products can leave 16 bits on x86 CPUs without VNNI.

    Attributes:
        overflowing_pairs: share of the pairs of neighbouring inputs that can.
        expected_error: relative error of the layer's outputs there, measured on calibration
            texts; None where none were seen.
    """

    name: str
    overflowing_pairs: float
    expected_error: float | None


@dataclass(frozen=True)
class Placement:
    """Which execution providers ran the nodes of a graph that was loaded for one of them.

    Attributes:
        provider: the one that was asked for, by onnxruntime's name.
        nodes: for each provider, how many nodes of each operator it ran. A part that a provider
            compiled as a whole counts as the nodes that went into it (with an onnxruntime older
            than 1.24 as a single one).
        fell_back: the MatMul and attention nodes, of any form, that another provider ran.
    """

    provider: str
    nodes: dict[str, dict[str, int]]
    fell_back: dict[str, int]


@dataclass(frozen=True)
class KernelLayers:
    """Which layers of a graph edgebert's kernels run, where they are installed and it is for them.

    Attributes:
        layers: names of those that they run.
        left: names of those that are left to onnxruntime.
        exact: whether all that rounds is theirs, so that every CPU gives the same bits.
        arithmetic: of the kernels that a bundle was measured with; None where it was not, so that
            onnxruntime runs all of it.
    """

    layers: tuple[str, ...]
    left: tuple[str, ...]
    exact: bool
    arithmetic: int | None = None


@dataclass(frozen=True)
class GraphContents:
    """What one of several graphs of a bundle holds; as in `InspectRecord`."""

    operators: dict[str, int]
    quantized: Quantized
    sizes: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class InspectRecord(Header):
    """What a bundle or an ONNX file holds.

    Attributes:
        coverage: what a bundle's manifest expects of each kind, and what its graph holds; empty
            for a lone file.
        sizes: bytes by part.
        target: what a bundle was made for, None for a lone file.
        fixed_shape: batch and tokens that it takes, None where it takes any.
        unfused: parts that no single operator runs, and why.
        saturation: layers that x86 CPUs without VNNI multiply otherwise than all others, for
            readers that do not set session.x64quantprecision; the worst first.
        placement: where the nodes run, None where no provider was asked for.
        kernels: which layers kernels run, None where that is none.
        web: what was measured in WebAssembly, where the bundle was quantized for that.
        graphs: by their roles, what each holds, where there are several; all else is of all of
            them together.
    """

    record: str = "inspect"
    path: str
    operators: dict[str, int]
    coverage: dict[str, Count]
    quantized: Quantized
    sizes: dict[str, int]
    risks: tuple[str, ...]
    target: str | None = None
    fixed_shape: tuple[int, int] | None = None
    unfused: dict[str, str] = field(default_factory=dict)
    saturation: tuple[LayerSaturation, ...] = ()
    placement: Placement | None = None
    kernels: KernelLayers | None = None
    web: Web | None = None
    graphs: dict[str, GraphContents] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,)
