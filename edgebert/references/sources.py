"""Anything that answers texts: bundles, checkpoints, ONNX files and saved outputs.

They look alike from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

from edgebert.arrays import Array, Integers
from edgebert.bounds import check_choice
from edgebert.bundle import MANIFEST
from edgebert.data import Examples, Retrieval, Text
from edgebert.errors import InputError, MissingExtra
from edgebert.onnx_graph.weights import Weight
from edgebert.references.onnx_file import open_onnx_file
from edgebert.references.prompting import prompts_before
from edgebert.references.saved import SavedOutputs
from edgebert.runtimes import load
from edgebert.runtimes.kernels import AUTO, KERNELS, OFF
from edgebert.tasks.answers import Answers
from edgebert.tasks.entities import WORDS
from edgebert.tasks.next_tokens import NextTokens
from edgebert.tasks.spec import ModelSpec
from edgebert.text.long_texts import Whole

Inputs = Mapping[str, Integers]


class TextModel(Protocol):
    """What drift asks of a model. `edgebert.runtimes.Model` is one."""

    @property
    def spec(self) -> ModelSpec: ...
    @property
    def task(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def multi_label(self) -> bool: ...
    @property
    def scoring(self) -> str: ...
    @property
    def max_length(self) -> int: ...
    @property
    def mask_token(self) -> str | None: ...
    @property
    def aggregation(self) -> str | None: ...
    @property
    def similarity_fn_name(self) -> str: ...
    @property
    def prompts(self) -> Mapping[str, str]: ...
    @property
    def default_prompt(self) -> str: ...

    def refusal(self, text: Text) -> str | None:
        """Why a text cannot be read; None where it can."""
        ...

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Raw output for each text, as `edgebert.runtimes.Model.outputs` gives it."""
        ...

    def wholes(self, texts: Sequence[Text], *, progress: bool = False) -> list[Whole[Any]]:
        """All of each text in parts that overlap, as `edgebert.runtimes.Model.wholes` gives it."""
        ...


@runtime_checkable
class Probe(Protocol):
    """What is asked of a model to find out why it differs from another."""

    @property
    def pooling(self) -> str | None: ...
    @property
    def similarity_fn_name(self) -> str: ...
    @property
    def output_name(self) -> str: ...
    @property
    def made_from(self) -> str:
        """Hash of the checkpoint's weights that it says it was made from, or ""."""
        ...

    @property
    def vocabulary_size(self) -> int: ...
    def encode(self, texts: Sequence[Text]) -> Inputs:
        """Token ids, int64 [batch, sequence], padded on the right."""
        ...

    def piece(self, token_id: int) -> str:
        """The piece of text, or the special token, that an id stands for."""
        ...

    def run(self, inputs: Inputs) -> dict[str, Array]:
        """Outputs of one batch by name; `last_hidden_state` among them for embeddings."""
        ...

    def weights(self) -> dict[str, Weight]:
        """The model's weights by name."""
        ...


Source = TextModel | SavedOutputs


def open_source(
    path: str,
    *,
    max_length: int | None = None,
    offline: bool = False,
    kernels: str = AUTO,
) -> Source:
    """Open whatever `path` is.

    Args:
        path: a bundle, an .onnx file, a .jsonl file of saved outputs, a checkpoint folder or a
            hub id; the last two need torch and transformers.
        max_length: tokens at which a checkpoint or an ONNX file truncates; a bundle carries its
            own.
        offline: never touch the network.
        kernels: whether edgebert's kernels run a bundle, as in `edgebert.load`.

    Raises:
        EdgebertError: it is none of these, or kernels are required of what is no bundle.
    """
    if (Path(path) / MANIFEST).is_file():
        return load(path, kernels=kernels)
    if check_choice("kernels", kernels, KERNELS) not in (AUTO, OFF):
        raise InputError(f"{path} is no bundle, and kernels run nothing else: leave them out")
    if path.endswith((".jsonl", ".jsonl.gz")):
        return SavedOutputs(Path(path))
    if path.endswith(".onnx"):
        return open_onnx_file(Path(path), max_length=max_length)
    from edgebert.checkpoint import open_checkpoint

    checkpoint = open_checkpoint(path, max_length=max_length, offline=offline)
    try:
        from edgebert.references.pytorch_translator import in_pytorch
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "transformers"):
            raise
        raise MissingExtra(f"running the checkpoint {path}", "export") from error
    return in_pytorch(checkpoint)


def require_readable(source: Source, examples: Examples) -> None:
    """Refuse a file with a text that a side cannot read, by the line that it stands in.

    Raises:
        InputError: it has a token without an embedding.
    """
    if isinstance(source, SavedOutputs):
        return
    for row, text in enumerate(examples.texts):
        for read in source.spec.task.sides(text):
            refused = source.refusal(read)
            if refused is not None:
                raise InputError(f"{examples.where(row)}: {refused}")


def aggregation_of(source: Source, other: Source) -> str:
    """How the labels of a side's tokens become those of words: as it says, or else the other."""
    sides = [side for side in (source, other) if not isinstance(side, SavedOutputs)]
    return next((side.aggregation for side in sides if side.aggregation), WORDS)


def ask(
    source: Source,
    texts: Sequence[Text],
    retrieval: Retrieval | None = None,
    *,
    aggregation: str = WORDS,
    allow_no_answer: bool = False,
) -> Answers:
    """Let a side answer the texts.

    Taggers and readers read all of a text, in parts that overlap; others its beginning.

    Args:
        source: the side.
        texts: or pairs of them, as its task reads.
        retrieval: says which of them are queries and which documents, so that each is embedded
            with the prompt that a search puts before it.
        aggregation: for token classification (see `tasks.entities`).
        allow_no_answer: for question answering (see `runtimes.Model.answer`).

    Raises:
        InputError: saved outputs without one of the texts, or pairs for a token classifier.
    """
    if isinstance(source, SavedOutputs):
        return Answers(source.outputs(texts), source.entities(texts), source.answers(texts))
    prompts = prompts_before(source, len(texts), retrieval)
    prompted = [
        prompt + text if isinstance(text, str) else text
        for prompt, text in zip(prompts, texts, strict=True)
    ]
    task = source.spec.task
    return task.ask(
        source, prompted, aggregation=aggregation, allow_no_answer=allow_no_answer, progress=True
    )


def next_tokens(source: TextModel, pairs: Sequence[tuple[str, str]]) -> tuple[NextTokens, ...]:
    """What a translator would write at each place of given targets.

    Args:
        source: the translator.
        pairs: sources and their targets.
    """
    found: list[NextTokens] = cast(Any, source).next_tokens(pairs, progress=True)
    return tuple(found)


def some_impossible(examples: Examples) -> bool:
    """Whether a file has answers, but to some of its questions none, as SQuAD 2."""
    return examples.answers is not None and not all(examples.answers)
