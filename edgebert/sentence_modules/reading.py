"""Read what follows an encoder, and refuse by name what no graph is made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgebert.errors import CheckpointError
from edgebert.json_files import read_object
from edgebert.sentence_modules.folder import (
    ENCODER,
    POOLING,
    PROMPTS,
    TABLE,
    Module,
    cannot_be_exported,
    read_limits,
)
from edgebert.sentence_modules.steps import (
    ACTIVATIONS,
    POOLINGS,
    WEIGHTS,
    Dense,
    LayerNorm,
    Normalize,
    Pooling,
    SentenceModules,
    Step,
    Truncate,
    pooling_named,
)
from edgebert.weight_files import check_weights, read_tensors

LEGACY_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""Keys that say the poolings before sentence-transformers 6, in the order in which these stand side
by side, and the mode that each means."""

_POOLED = (ENCODER, POOLING)
_IDLE = ("Dropout",)  # does something in training only
_EMBEDDING = "sentence_embedding"
_LAST_LAYER = {
    "method": "forward",
    "method_output_name": "last_hidden_state",
    "module_output_name": "token_embeddings",
}
"""What an encoder says of itself, where it says anything."""


def read_sentence_modules(
    root: Path, modules: list[Module], *, width: int | None = None
) -> SentenceModules:
    """What the modules behind the encoder do; an encoder alone gets the usual mean.

    Args:
        root: the folder.
        modules: those of its modules.json.
        width: of a token vector, where the configuration says it.

    Raises:
        CheckpointError: a module, an order, a pooling or a size that no graph can be made of.
    """
    unknown = [m for m in modules if m.kind not in (ENCODER, TABLE, POOLING, *_STEPS, *_IDLE)]
    if unknown:
        raise cannot_be_exported(root, unknown)
    running = [module for module in modules if module.kind not in _IDLE]
    if len(running) <= 1:
        return SentenceModules(("mean",), _truncated(root, None))
    before = _require_order(root, [module.kind for module in running])
    _require_token_vectors(running[0].folder)
    poolings, said_width = _poolings(running[1].folder) if before == _POOLED else (("mean",), None)
    after = running[len(before) :]
    steps = tuple(_STEPS[module.kind](module.folder) for module in after)
    width = _fitting(after, steps, len(poolings), width or said_width)
    return SentenceModules(poolings, (*steps, *_truncated(root, width)))


def _require_order(root: Path, kinds: list[str]) -> tuple[str, ...]:
    """The kinds of the first modules, which make the vector that the others work on."""
    once = (*_POOLED, TABLE)
    before = (TABLE,) if kinds[0] == TABLE else _POOLED
    if (*kinds[: len(before)],) != before or any(kind in once for kind in kinds[len(before) :]):
        raise CheckpointError(
            f"{root} runs its modules in an order that cannot be exported: {', '.join(kinds)}; "
            f"expected {', '.join(before)}, then any {', '.join(_STEPS)}"
        )
    return before


def _require_token_vectors(folder: Path) -> None:
    """Refuse an encoder that is to give something else than its last layer to the pooling."""
    limits = read_limits(folder)
    modes = limits.get("modality_config")
    text = modes.get("text") if isinstance(modes, dict) else None
    said = {**text} if isinstance(text, dict) else {}
    said["module_output_name"] = limits.get("module_output_name")
    for key, expected in _LAST_LAYER.items():
        found = said.get(key)
        if found not in (None, expected, [expected]):
            raise CheckpointError(
                f"{folder} gives its pooling other than the token vectors of its last layer "
                f"({key}: {found}); that is not exported"
            )


def _fitting(
    modules: list[Module], steps: tuple[Step, ...], poolings: int, width: int | None
) -> int | None:
    """The width of the vectors behind the modules of these steps, None where it is not known.

    Raises:
        CheckpointError: a layer takes vectors of another width than it is given.
    """
    found = width and width * poolings
    for module, step in zip(modules, steps, strict=True):
        takes = {Dense: "in_features", LayerNorm: "dimension"}.get(type(step))
        if takes and found is not None and getattr(step, takes) != found:
            raise CheckpointError(
                f"{module.folder} takes vectors of {getattr(step, takes)} numbers ({takes}), and is "
                f"given {found}"
            )
        found = step.out_features if isinstance(step, Dense) else found
    return found


def _truncated(root: Path, width: int | None) -> tuple[Truncate, ...]:
    """What sentence-transformers cuts each vector to, unless it is as short already."""
    said = read_object(root / PROMPTS).get("truncate_dim")
    if said is None or (width is not None and isinstance(said, int) and said >= width):
        return ()
    if isinstance(said, bool) or not isinstance(said, int) or said < 1:
        raise CheckpointError(f"{root / PROMPTS}: truncate_dim is {said!r}, not a number from 1 on")
    return (Truncate(said),)


def _poolings(folder: Path) -> tuple[tuple[Pooling, ...], int | None]:
    """The modes, and the width of token vectors that stands beside them."""
    said = read_object(folder / "config.json")
    if not said:
        raise CheckpointError(f"{folder} has no config.json, which says how it pools")
    old = [mode for key, mode in LEGACY_MODES.items() if said.get(key) is True]
    old += [key for key, on in said.items() if _is_mode(key) and on is True]
    modes = _new_modes(said.get("pooling_mode", old))
    if not any(key.startswith("pooling_mode") for key in said):
        modes = ["mean"]  # the default of every version
    if not modes or any(mode not in POOLINGS for mode in modes):
        raise CheckpointError(
            f"{folder.parent} pools by {modes or 'nothing'}; "
            f"{', '.join(POOLINGS[:-1])} or {POOLINGS[-1]} is supported"
        )
    if old and old != modes:
        raise CheckpointError(
            f"{folder}/config.json contradicts itself: pooling_mode says {modes}, and its other "
            f"keys {old}"
        )
    width = said.get("embedding_dimension") or said.get("word_embedding_dimension")
    return tuple(map(pooling_named, modes)), width if isinstance(width, int) else None


def _new_modes(said: Any) -> list[Any]:
    return list(said) if isinstance(said, list | tuple) else [said]


def _is_mode(key: str) -> bool:
    """Whether a key asks for a pooling that no version of sentence-transformers has."""
    return key.startswith("pooling_mode_") and key not in LEGACY_MODES


def _normalize(folder: Path) -> Normalize:
    _require_embedding(folder, read_object(folder / "config.json"))
    return Normalize()


def _layer_norm(folder: Path) -> LayerNorm:
    said = read_object(folder / "config.json")
    try:
        norm = LayerNorm(folder, int(said["dimension"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder}/config.json does not say the size of LayerNorm") from error
    _require_shapes(folder, {"norm.weight": [norm.dimension], "norm.bias": [norm.dimension]})
    return norm


def _dense(folder: Path) -> Dense:
    said = read_object(folder / "config.json")
    _require_embedding(folder, said)
    try:
        dense = Dense(
            folder=folder,
            in_features=int(said["in_features"]),
            out_features=int(said["out_features"]),
            bias=bool(said.get("bias", True)),
            activation_function=str(said.get("activation_function", "torch.nn.Tanh")),
            residual=bool(said.get("use_residual")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder}/config.json does not say the sizes of Dense") from error
    known = dense.activation_function.startswith("torch.nn.") and dense.activation in ACTIVATIONS
    if not known:
        raise CheckpointError(
            f"{folder} uses {dense.activation_function}; one of {', '.join(ACTIVATIONS)} of "
            "torch.nn is supported"
        )
    matrix = [dense.out_features, dense.in_features]
    shapes = {"linear.weight": matrix}
    if dense.bias:
        shapes["linear.bias"] = matrix[:1]
    if dense.residual and dense.in_features != dense.out_features:
        shapes["residual.weight"] = matrix
    _require_shapes(folder, shapes)
    return dense


def _require_embedding(folder: Path, said: dict[str, Any]) -> None:
    names = {said.get(f"module_{side}_name") or _EMBEDDING for side in ("input", "output")}
    if names != {_EMBEDDING}:
        raise CheckpointError(
            f"{folder} is not applied to the embedding alone; that is not exported"
        )


def _require_shapes(folder: Path, shapes: dict[str, list[int]]) -> None:
    """Look at a module's weights: which there are, and how large."""
    check_weights(folder)
    file = folder / WEIGHTS
    if not file.is_file():
        raise CheckpointError(f"{folder} has its weights in other files than {WEIGHTS}")
    tensors = read_tensors(file)
    for name, shape in shapes.items():
        if name not in tensors:
            have = ", ".join(sorted(tensors)) or "nothing"
            raise CheckpointError(f"{file} holds no {name}; it holds {have}")
        if list(tensors[name]["shape"]) != shape:
            raise CheckpointError(f"{folder} has weights of another size than its config.json says")
    for name in sorted(set(tensors) - set(shapes)):
        raise CheckpointError(f"{file} holds {name}, which its config.json does not speak of")


_STEPS: dict[str, Callable[[Path], Step]] = {
    "Dense": _dense,
    "LayerNorm": _layer_norm,
    "Normalize": _normalize,
}
"""Readers of the modules that may follow the pooling, by kind."""
