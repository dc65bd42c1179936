"""How sentence-transformers makes one vector of a text's token vectors: its folder layout.

A folder holds modules.json (which modules, in which order), one subfolder for each module behind
the encoder, sentence_bert_config.json beside the encoder, and the prompts.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebert.errors import CheckpointError
from edgebert.json_files import parse, read_object, write_value
from edgebert.weight_files import Array, check_weights, read_array

POOLINGS = ("mean", "cls", "max", "lasttoken")
"""Names of the poolings that can be exported, as sentence-transformers 5 writes them."""

ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "Sigmoid", "SiLU")
"""Classes of torch.nn that may follow a Dense layer."""

PROMPTS = "config_sentence_transformers.json"
LIMITS = (
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
)
"""Where the longest input stands; all but the first are names of old versions."""

_LEGACY_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""Keys that say the pooling before sentence-transformers 6, and the mode that each means."""

_IDLE = ("Dropout",)  # does something in training only


@dataclass(frozen=True)
class Dense:
    """A linear layer and its activation, applied to the pooled vector.

    Attributes:
        activation_function: the torch class as the folder names it; `activation` is its name.
    """

    folder: Path
    in_features: int
    out_features: int
    bias: bool
    activation_function: str

    @property
    def activation(self) -> str:
        return self.activation_function.rpartition(".")[2]

    def weight(self) -> Array:
        """float32 [out_features, in_features]."""
        return read_array(self.folder / "model.safetensors", "linear.weight")

    def bias_or_zeros(self) -> Array:
        """float32 [out_features]."""
        if not self.bias:
            return 0 * self.weight()[:, 0]
        return read_array(self.folder / "model.safetensors", "linear.bias")


@dataclass(frozen=True)
class SentenceModules:
    """What follows the encoder, in this order: pooling, Dense layers, scaling to length 1."""

    pooling: str
    dense: tuple[Dense, ...] = ()
    normalize: bool = False


@dataclass(frozen=True)
class Module:
    """One entry of modules.json."""

    kind: str
    folder: Path


def list_modules(root: Path) -> list[Module]:
    """The modules of a sentence-transformers folder; none for a plain transformers folder.

    Raises:
        CheckpointError: modules.json holds something else, or names code that is not
            sentence-transformers' own.
    """
    path = root / "modules.json"
    if not path.is_file():
        return []
    try:
        entries = [
            (entry["type"].rpartition("."), str(entry["path"]))
            for entry in parse(path.read_text(encoding="utf-8"))
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} is not a list of sentence-transformers modules") from error
    for (package, _, kind), folder in entries:
        if package.partition(".")[0] != "sentence_transformers":
            raise CheckpointError(
                f"{path} asks for code of its own, {package}.{kind}: not run here"
            )
        if not (root / folder).resolve().is_relative_to(root.resolve()):
            raise CheckpointError(f"{path} leaves its folder: {folder!r}")
    return [Module(kind, root / folder) for (_, _, kind), folder in entries]


def read_sentence_modules(root: Path, modules: list[Module]) -> SentenceModules:
    """What the modules behind the encoder do; an encoder alone gets the usual mean.

    Raises:
        CheckpointError: a module, an order or a pooling that no graph can be made of.
    """
    known = {"Transformer", "Pooling", "Dense", "Normalize", *_IDLE}
    unknown = sorted({module.kind for module in modules} - known)
    if unknown:
        raise CheckpointError(f"{root} uses modules that cannot be exported: {unknown}")
    kinds = [module.kind for module in modules if module.kind not in _IDLE]
    layers = [module for module in modules if module.kind == "Dense"]
    normalize = "Normalize" in kinds
    expected = ["Transformer", "Pooling", *["Dense"] * len(layers), *["Normalize"] * normalize]
    if not modules:
        return SentenceModules("mean")
    if "Pooling" not in kinds:
        expected.remove("Pooling")
    if kinds != expected:
        raise CheckpointError(
            f"{root} runs its modules in an order that cannot be exported: {', '.join(kinds)}; "
            "expected Transformer, Pooling, any Dense, then Normalize"
        )
    pooling = next((_pooling(module.folder) for module in modules if module.kind == "Pooling"), "")
    return SentenceModules(
        pooling=pooling or "mean",
        dense=tuple(_dense(module.folder) for module in layers),
        normalize=normalize,
    )


def read_prompts(root: Path, modules: list[Module]) -> tuple[dict[str, str], str | None]:
    """The prompts by name, and the name of the one that stands before every text by itself.

    Raises:
        CheckpointError: prompts that pooling is to leave out, or a default that is none of them.
    """
    said = read_object(root / PROMPTS)
    prompts = {str(name): str(text or "") for name, text in (said.get("prompts") or {}).items()}
    default = said.get("default_prompt_name")
    if default is not None and default not in prompts:
        raise CheckpointError(
            f"{root / PROMPTS}: the default prompt {default!r} is not one of its prompts"
        )
    for module in modules:
        included = read_object(module.folder / "config.json").get("include_prompt", True)
        if module.kind == "Pooling" and not included and any(prompts.values()):
            raise CheckpointError(
                f"{module.folder} leaves the prompt out of the pooling (include_prompt: false), "
                "which cannot be exported: a graph does not see where the prompt ends"
            )
    return prompts, default


def read_limits(path: Path) -> dict[str, Any]:
    """What sentence-transformers keeps beside the encoder, under any of its names."""
    return next((said for name in LIMITS if (said := read_object(path / name))), {})


def write_sentence_modules(
    folder: Path,
    modules: SentenceModules,
    *,
    width: int,
    max_length: int,
    lower_case: bool = False,
) -> None:
    """Write modules.json, the subfolders and sentence_bert_config.json.

    Args:
        folder: of the encoder; the subfolders of its modules do not exist.
        modules: what follows the encoder.
        width: of a token vector.
        max_length: longest input in tokens.
        lower_case: said although tokenizer.json does it too: transformers 5 makes some tokenizers
            anew from their vocabulary, and forgets what tokenizer.json normalizes.
    """
    kinds = ["Transformer", "Pooling", *["Dense"] * len(modules.dense)]
    kinds += ["Normalize"] * modules.normalize
    paths = ["", *(f"{index}_{kind}" for index, kind in enumerate(kinds) if index)]
    entries = [
        {"idx": index, "name": str(index), "path": path, "type": _written_type(kind)}
        for index, (path, kind) in enumerate(zip(paths, kinds, strict=True))
    ]
    write_value(folder / "modules.json", entries)
    for path in paths[1:]:
        (folder / path).mkdir()
    modes = {key: mode == modules.pooling for key, mode in _LEGACY_MODES.items()}
    pooling = {"word_embedding_dimension": width, **modes, "include_prompt": True}
    write_value(folder / paths[1] / "config.json", pooling)
    for path, dense in zip(paths[2:], modules.dense, strict=False):
        _write_dense(folder / path, dense)
    limits = {"max_seq_length": max_length, "do_lower_case": lower_case}
    write_value(folder / LIMITS[0], limits)


def write_prompts(
    folder: Path, prompts: dict[str, str], default: str | None, similarity: str
) -> None:
    """Write the prompts, and what embeddings are compared by, as sentence-transformers reads them."""
    value = {"prompts": prompts, "default_prompt_name": default, "similarity_fn_name": similarity}
    write_value(folder / PROMPTS, {"__version__": {}, **value})


def _pooling(folder: Path) -> str:
    said = read_object(folder / "config.json")
    if "pooling_mode" in said:
        found = said["pooling_mode"]
        modes = [found] if isinstance(found, str) else list(found)
    else:
        modes = [_LEGACY_MODES.get(key, key) for key, on in said.items() if _is_mode(key, on)]
    if len(modes) != 1 or modes[0] not in POOLINGS:
        raise CheckpointError(
            f"{folder.parent} pools by {modes or 'nothing'}; "
            f"{', '.join(POOLINGS[:-1])} or {POOLINGS[-1]} is supported"
        )
    return str(modes[0])


def _is_mode(key: str, value: Any) -> bool:
    return key.startswith("pooling_mode_") and value is True


def _dense(folder: Path) -> Dense:
    said = read_object(folder / "config.json")
    try:
        dense = Dense(
            folder=folder,
            in_features=int(said["in_features"]),
            out_features=int(said["out_features"]),
            bias=bool(said.get("bias", True)),
            activation_function=str(said.get("activation_function") or "torch.nn.Tanh"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder}/config.json does not say the sizes of Dense") from error
    names = {
        said.get(f"module_{side}_name") or "sentence_embedding" for side in ("input", "output")
    }
    if names != {"sentence_embedding"} or said.get("use_residual"):
        raise CheckpointError(
            f"{folder} is not applied to the embedding alone; that is not exported"
        )
    if dense.activation not in ACTIVATIONS:
        raise CheckpointError(
            f"{folder} uses {dense.activation_function}; one of {', '.join(ACTIVATIONS)} "
            "is supported"
        )
    check_weights(folder)
    if dense.weight().shape != (dense.out_features, dense.in_features):
        raise CheckpointError(f"{folder} has weights of another size than its config.json says")
    return dense


def _write_dense(folder: Path, dense: Dense) -> None:
    said = {
        "in_features": dense.in_features,
        "out_features": dense.out_features,
        "bias": dense.bias,
        "activation_function": dense.activation_function,
    }
    write_value(folder / "config.json", said)
    shutil.copyfile(dense.folder / "model.safetensors", folder / "model.safetensors")


def _written_type(kind: str) -> str:
    """The path that every version of sentence-transformers, and TEI, knows."""
    return f"sentence_transformers.models.{kind}"
