"""A checkpoint folder as transformers or sentence-transformers write it, read without torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgebert.checkpoint.input_length import longest_input
from edgebert.checkpoint.label_names import label_names
from edgebert.checkpoint.model_folder import find_folder
from edgebert.checkpoint.table_folder import (
    TABLE_MODEL,
    holds_table,
    longest_text,
    read_table_config,
    table_modules,
)
from edgebert.checkpoint.tokenizer_settings import truncation_side
from edgebert.errors import CheckpointError, InputError
from edgebert.git_lfs import refuse_pointer
from edgebert.json_files import read_object
from edgebert.records.manifest import COSINE, IDENTITY, SIGMOID, SIMILARITIES
from edgebert.sentence_modules import (
    PROMPTS,
    Dense,
    Module,
    SentenceModules,
    encoder_folder,
    list_modules,
    read_limits,
    read_prompts,
    read_sentence_modules,
)
from edgebert.tasks import TASKS, Task, task_of
from edgebert.tasks.classification import MULTI_LABEL, PROBLEM_TYPES, SINGLE_LABEL
from edgebert.tasks.spec import ModelSpec
from edgebert.tasks.terms import POOLED
from edgebert.weight_files import check_weights

_ENCODER_ALONE = TASKS[0].name
_SCORINGS = {"Sigmoid": SIGMOID, "Identity": IDENTITY}
"""Classes of torch.nn by which sentence-transformers says how a reranker scores."""

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
)

_TOKENIZER_OBJECTS = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
)
_MERGES = "merges.txt"

ENCODER_CONFIG = "encoder"
"""Where a model of several parts has the configuration of the one that reads texts."""

_ADAPTER = "adapter_config.json"


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint folder says about itself.

    Attributes:
        path: folder of config.json, weights and tokenizer.
        root: the folder that was named; differs where modules.json keeps the encoder below it.
        modules: how an embedding is made of token vectors; None for heads.
        default_prompt: name of the prompt that stands before every text when none is asked for.
        similarity: by which embeddings are compared, one of `SIMILARITIES`.
        lower_case: whether texts are lower-cased before the tokenizer reads them.
        max_length: longest input in tokens; `max_length_source` says which file decided.
        truncation_side: "left" or "right": the end of a longer text that is cut away.
        trust_remote_code: whether model code that the folder brings may run.
    """

    path: Path
    root: Path
    id: str
    config: dict[str, Any]
    task: str
    modules: SentenceModules | None
    max_length: int
    max_length_source: str
    prompts: dict[str, str]
    default_prompt: str | None = None
    similarity: str = COSINE
    lower_case: bool = False
    truncation_side: str = "right"
    trust_remote_code: bool = False

    @property
    def pooling(self) -> str | None:
        return self.modules.pooling if self.modules else None

    @property
    def dense(self) -> tuple[Dense, ...]:
        return self.modules.dense if self.modules else ()

    @property
    def normalize(self) -> bool:
        return self.modules is not None and self.modules.normalize

    @property
    def architecture(self) -> str:
        return str(self.config["model_type"])

    @property
    def encoder_config(self) -> dict[str, Any]:
        """What config.json says of the part that reads texts, which may be all of the model."""
        said: dict[str, Any] = self.config.get(ENCODER_CONFIG, self.config)
        return said

    @property
    def encoder_prefix(self) -> str:
        """What the names of that part's weights begin with."""
        return f"{ENCODER_CONFIG}." if ENCODER_CONFIG in self.config else ""

    @property
    def is_table(self) -> bool:
        """Whether it has a table of static embeddings in the place of an encoder."""
        return self.architecture == TABLE_MODEL

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of the logits; empty where the task has none.

        Raises:
            CheckpointError: config.json does not give each logit a name of its own.
        """
        if not task_of(self.task).labelled:
            return ()
        return label_names(self.config, str(self.path / "config.json"))

    @property
    def problem_type(self) -> str | None:
        """One of transformers' kinds of classification; None for other tasks.

        Raises:
            CheckpointError: config.json says another.
        """
        if not task_of(self.task).has_problem_types:
            return None
        said = self.config.get("problem_type") or SINGLE_LABEL
        if said not in PROBLEM_TYPES:
            raise CheckpointError(
                f"{self.path / 'config.json'} says problem_type {said!r}: one of "
                f"{', '.join(PROBLEM_TYPES)} is supported"
            )
        return str(said)

    @property
    def multi_label(self) -> bool:
        return self.problem_type == MULTI_LABEL

    @property
    def scoring(self) -> str:
        """How a classifier's scores are made of its logits.

        Raises:
            CheckpointError: the folder says so with a function that is not known here.
        """
        said = self._said_activation() if len(self.labels) == 1 else None
        return task_of(self.task).scoring(self.labels, self.problem_type, said)

    @property
    def spec(self) -> ModelSpec:
        """What the model is; a mask token only its tokenizer tells.

        Raises:
            CheckpointError: config.json contradicts itself.
        """
        return ModelSpec(
            task=task_of(self.task),
            max_length=self.max_length,
            labels=self.labels,
            multi_label=self.multi_label,
            scoring=self.scoring,
            pooling=self.pooling,
            normalize=self.normalize,
            prompts=self.prompts,
            default_prompt=self.prompts.get(self.default_prompt or "", ""),
            similarity=self.similarity,
        )

    def _said_activation(self) -> str | None:
        """What CrossEncoder wrote: in config.json, or since version 6 beside the prompts."""
        name = (
            (self.config.get("sentence_transformers") or {}).get("activation_fn")
            or self.config.get("sbert_ce_default_activation_function")
            or read_object(self.root / PROMPTS).get("activation_fn")
        )
        if name is None:
            return None
        scoring = _SCORINGS.get(str(name).rpartition(".")[2])
        if scoring is None:
            raise CheckpointError(
                f"{self.root} scores by {name}; {' or '.join(_SCORINGS)} is supported"
            )
        return scoring

    def sha256(self) -> str:
        """Hash of the weights: what identifies the checkpoint in a manifest."""
        digest = hashlib.sha256()
        for file in sorted(self.path.glob("*.safetensors")):
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        return digest.hexdigest()


def open_checkpoint(
    model: str | Path,
    *,
    task: str | None = None,
    max_length: int | None = None,
    offline: bool = False,
    trust_remote_code: bool = False,
) -> Checkpoint:
    """Read what a checkpoint says about itself, and look at the headers of its weights.

    Args:
        model: a local folder, or a Hugging Face id (the hub only when it is not a local path).
        task: a name of `edgebert.tasks.TASKS`; by default what the folder says.
        max_length: longest input in tokens; by default what the folder says.
        offline: never touch the network.
        trust_remote_code: run model code that the folder brings, where it names any.

    Raises:
        CheckpointError: no such folder or id, not a checkpoint, damaged weights, no tokenizer, or
            code of its own that is not trusted.
    """
    root = find_folder(str(model), offline=offline, with_code=trust_remote_code)
    checkpoint = read_folder(root, task=task, max_length=max_length)
    if not trust_remote_code:
        _refuse_own_code(checkpoint.path)
    check_weights(checkpoint.path)
    checkpoint = replace(checkpoint, trust_remote_code=trust_remote_code)
    return checkpoint if Path(model).exists() else replace(checkpoint, id=str(model))


def read_folder(
    root: Path, *, task: str | None = None, max_length: int | None = None
) -> Checkpoint:
    """Read the files beside the weights; these may be of any format, as beside an ONNX file.

    Raises:
        CheckpointError: no configuration or tokenizer, or files that contradict each other.
    """
    refuse_pointer(root / "modules.json", CheckpointError)
    modules = list_modules(root)
    path = encoder_folder(root, modules)
    table = holds_table(path, modules)
    config = read_table_config(path) if table else _read_config(path)
    if not any((path / name).is_file() for name in TOKENIZER_FILES):
        raise CheckpointError(
            f"{path} has no tokenizer: expected {TOKENIZER_FILES[0]} or vocab.txt"
        )
    for name in (*TOKENIZER_FILES, _MERGES):
        refuse_pointer(path / name, CheckpointError)
    # names the file that is none, which transformers would not
    objects = {name: read_object(path / name) for name in _TOKENIZER_OBJECTS}
    limits = read_limits(path)
    task = task or _infer_task(config, modules, limits)
    kind = _known_task(root, task)
    embeds = kind.form == POOLED
    width = config.get("hidden_size") or config.get("dim")
    length, source = (
        longest_text(path, max_length)
        if table
        else longest_input(path, config.get(ENCODER_CONFIG, config), limits, max_length)
    )
    prompts, default_prompt = read_prompts(root, modules) if kind.vectors else ({}, None)
    return Checkpoint(
        path=path,
        root=root,
        id=root.name,
        config=config,
        task=task,
        modules=_sentence_modules(root, modules, width, table=table) if embeds else None,
        max_length=length,
        max_length_source=source,
        prompts=prompts,
        default_prompt=default_prompt,
        similarity=_read_similarity(root, kind.similarity) if kind.vectors else COSINE,
        lower_case=bool(limits.get("do_lower_case")),
        truncation_side=truncation_side(path, objects[TOKENIZER_FILES[0]]),
    )


def _sentence_modules(
    root: Path, modules: list[Module], width: int | None, *, table: bool
) -> SentenceModules:
    if table and not modules:
        return table_modules(root)
    return read_sentence_modules(root, modules, width=width)


def _known_task(root: Path, name: str) -> Task:
    try:
        return task_of(name)
    except InputError as error:
        raise never_exported(root.name, name) from error


def never_exported(model: str, task: str) -> CheckpointError:
    """What is told of a model of a task that no graph of an encoder answers."""
    names = ", ".join(task.name for task in TASKS if task.fits_encoders)
    return CheckpointError(f"{model} is for {task}, which cannot be exported; --task takes {names}")


def _read_similarity(root: Path, unsaid: str) -> str:
    """What sentence-transformers compares the embeddings by."""
    said = read_object(root / PROMPTS).get("similarity_fn_name")
    if said is not None and said not in SIMILARITIES:
        raise CheckpointError(
            f"{root / PROMPTS} compares embeddings by {said!r}; "
            f"{', '.join(SIMILARITIES[:-1])} or {SIMILARITIES[-1]} is supported"
        )
    return unsaid if said is None else str(said)


def _read_config(path: Path) -> dict[str, Any]:
    config = read_object(path / "config.json")
    if (path / _ADAPTER).is_file():
        raise CheckpointError(
            f"{path} holds an adapter ({_ADAPTER}), which changes the weights of another model: "
            "merge the two and save the result"
        )
    if "model_type" not in config:
        missing = "no config.json" if not config else "a config.json without 'model_type'"
        raise CheckpointError(
            f"{path} is not a checkpoint: it has {missing}. "
            "Expected a folder that transformers or sentence-transformers wrote"
        )
    return config


def _refuse_own_code(path: Path) -> None:
    for name in ("config.json", "tokenizer_config.json"):
        if read_object(path / name).get("auto_map"):
            raise CheckpointError(
                f"{path / name} names Python code of the model's own (auto_map): read that code, "
                "then export it with --trust-remote-code"
            )


def _embeds(modules: list[Module], limits: dict[str, Any]) -> bool:
    """Whether a sentence-transformers folder embeds: a reranker has modules.json too."""
    head = limits.get("transformer_task", _ENCODER_ALONE) != _ENCODER_ALONE and len(modules) == 1
    return bool(modules) and not head


def _infer_task(config: dict[str, Any], modules: list[Module], limits: dict[str, Any]) -> str:
    for task in TASKS:
        if task.model_type == config["model_type"]:
            return task.name
    last = modules[-1] if len(modules) == 2 else None  # an encoder, and what tells the task
    told = next((task for task in TASKS if last and task.module == last.kind), None)
    if told is not None and last is not None:
        told.require_module(read_object(last.folder / "config.json"), last.folder)
        return told.name
    if _embeds(modules, limits):
        return _ENCODER_ALONE
    return task_of_head(config) or _ENCODER_ALONE


def task_of_head(config: dict[str, Any]) -> str | None:
    """The task whose head a checkpoint was saved with; None for an encoder without one."""
    classes = config.get("architectures") or [""]
    return next((t.name for t in TASKS if t.head and classes[0].endswith(t.head)), None)
