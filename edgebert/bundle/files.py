"""What runs: graphs, a tokenizer, and what the model is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edgebert.records.manifest import ANY_CPU, ENCODER, Manifest

MANIFEST = "manifest.json"
MODEL = "model.onnx"
MODEL_DATA = "model.onnx_data"
TOKENIZER = "tokenizer.json"
TARGET_TOKENIZER = "tokenizer_target.json"
GOLDEN = "golden.json"
MODEL_CARD = "README.md"


@dataclass(frozen=True)
class ModelFiles:
    """A folder with a model, which may still be in the making.

    Attributes:
        path: the folder.
        manifest: what the model is; of files that are not sealed without their sizes and hashes.
    """

    path: Path
    manifest: Manifest

    def graph_path(self, role: str) -> Path:
        """The graph that plays a role."""
        return self.path / self.manifest.graphs[role]

    @property
    def graphs(self) -> dict[str, Path]:
        """Every graph by its role, that of an encoder first."""
        roles = sorted(self.manifest.graphs, key=lambda role: (role != ENCODER, role))
        return {role: self.graph_path(role) for role in roles}

    @property
    def graph_paths(self) -> tuple[Path, ...]:
        """Every graph, that of an encoder first."""
        return tuple(self.graphs.values())

    def of_graphs(self, names: Iterable[str]) -> list[str]:
        """Those of some files that are graphs or the weights beside one."""
        graphs = tuple(self.manifest.graphs.values())
        return [name for name in names if name.startswith(graphs)]

    @property
    def model_path(self) -> Path:
        """The graph of an encoder, which reads texts."""
        return self.graph_path(ENCODER)

    @property
    def tokenizer_path(self) -> Path:
        return self.path / TOKENIZER

    @property
    def target_tokenizer_path(self) -> Path:
        """The tokenizer of what a decoder writes."""
        return self.path / TARGET_TOKENIZER

    @property
    def tokenizer_paths(self) -> tuple[Path, ...]:
        """Every tokenizer: of texts, and where it has a decoder, of what that writes."""
        writes = self.manifest.writing is not None
        return (self.tokenizer_path, *((self.target_tokenizer_path,) if writes else ()))

    @property
    def widens_weights(self) -> bool:
        """Whether CPUs without VNNI have to multiply its weights in a wider type to be right."""
        quantization = self.manifest.quantization
        return quantization is not None and quantization.isa != ANY_CPU

    def owns(self, name: str) -> bool:
        """Whether a file belongs to the model: where nothing is sealed, any that is there."""
        return True
