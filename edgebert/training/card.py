"""README.md of a trained checkpoint: what it is, of what data, how good, and how to use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from edgebert.measures.formats import metric_title, points
from edgebert.records.manifest import (
    EMBEDDINGS,
    FILL_MASK,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.records.trained import LOSS, TrainingRecord
from edgebert.tasks.translation import TRANSLATION

FOLDER = "THIS_FOLDER"
_DIGITS = 16  # of a hash
_LABELS = 20  # that are named


@dataclass(frozen=True)
class _Kind:
    """How models of a task are called and used.

    Attributes:
        pipeline: the hub's name of the task.
        noun: what such a model is.
        command: what is asked of a bundle of it.
        python: what is asked in transformers, or in sentence-transformers of its models.
    """

    pipeline: str
    noun: str
    command: str
    python: str
    tags: tuple[str, ...] = ()
    library: str = "transformers"


def _pipeline(task: str, call: str) -> str:
    return (
        "from transformers import pipeline\n\n"
        f'model = pipeline("{task}", model="{FOLDER}")\nprint(model({call}))'
    )


_CLASSIFIER = _Kind(
    TEXT_CLASSIFICATION,
    "text classifier",
    'edgebert classify bundle/int8 "a sentence"',
    _pipeline(TEXT_CLASSIFICATION, '"a sentence"'),
)
_EMBEDDER = _Kind(
    "sentence-similarity",
    "sentence model",
    'edgebert embed bundle/int8 "a sentence"',
    "from sentence_transformers import SentenceTransformer\n\n"
    f'model = SentenceTransformer("{FOLDER}")\n'
    'print(model.encode(["a sentence", "another sentence"]).shape)',
    ("sentence-transformers", "feature-extraction"),
    "sentence-transformers",
)
_FILLER = _Kind(
    FILL_MASK,
    "masked language model",
    'edgebert fill bundle/int8 "a [MASK]"',
    _pipeline(FILL_MASK, 'f"a {model.tokenizer.mask_token} ."'),
)
_KINDS = {
    TEXT_CLASSIFICATION: _CLASSIFIER,
    "reranking": _Kind(
        "text-ranking",
        "reranker",
        'edgebert rerank bundle/int8 "a query" "a text" "another text"',
        "from sentence_transformers import CrossEncoder\n\n"
        f'model = CrossEncoder("{FOLDER}")\nprint(model.predict([("a query", "a text")]))',
        ("cross-encoder", "sentence-transformers"),
        "sentence-transformers",
    ),
    TOKEN_CLASSIFICATION: _Kind(
        TOKEN_CLASSIFICATION,
        "tagger of entities",
        'edgebert tag bundle/int8 "a sentence"',
        _pipeline(TOKEN_CLASSIFICATION, '"a sentence"'),
    ),
    EMBEDDINGS: _EMBEDDER,
    "sentence-similarity": _EMBEDDER,
    QUESTION_ANSWERING: _Kind(
        QUESTION_ANSWERING,
        "reader, which finds the answer to a question in a text",
        'edgebert answer bundle/int8 "a question?" "a text"',
        "",
    ),
    TRANSLATION: _Kind(
        TRANSLATION,
        "translator",
        'edgebert translate bundle/int8 "a sentence"',
        "",
        library="edgebert",
    ),
    FILL_MASK: _FILLER,
    "masked-language-model": _FILLER,
}


def card_text(record: TrainingRecord, recipe: str) -> str:
    """The card, with a front matter as the Hugging Face hub reads it.

    Args:
        record: of the run.
        recipe: what makes it again, with files by their names alone.
    """
    kind = _KINDS[record.task]
    sections = [
        _front_matter(record, kind),
        f"# {PurePath(record.checkpoint).name}\n",
        f"{_sentence(record, kind)}\n",
        _table(("", ""), _facts(record)),
        "## Data\n",
        _table(("for", "file", "rows", "sha256"), _data(record)),
        "## Use it\n",
        *_uses(record, kind),
        "## Recipe\n",
        f"```toml\n{recipe}```",
    ]
    return "\n".join(sections) + "\n"


def _uses(record: TrainingRecord, kind: _Kind) -> Iterator[str]:
    yield "With edgebert, as a small int8 bundle that runs without torch:\n"
    yield f"    edgebert build {FOLDER} -o bundle/ --data texts.tsv\n    {kind.command}\n"
    is_known = record.layers > 0 or kind is _EMBEDDER  # a head on a table is edgebert's alone
    if kind.python and is_known:
        yield f"With {kind.library}:\n\n```python\n{kind.python}\n```\n"


def _front_matter(record: TrainingRecord, kind: _Kind) -> str:
    base = _hub_id(record)
    lines = [
        *([f"base_model: {base}"] if base else []),
        f"pipeline_tag: {kind.pipeline}",
        f"library_name: {kind.library}",
        "tags:",
        *(f"- {tag}" for tag in ("edgebert", *kind.tags)),
    ]
    return "\n".join(["---", *lines, "---", ""])


def _hub_id(record: TrainingRecord) -> str | None:
    """The model it began with, where that is on the hub and not a folder or a corpus."""
    is_file = record.kind == "pretrain" or Path(record.source).exists()
    return None if is_file else record.source


def _sentence(record: TrainingRecord, kind: _Kind) -> str:
    done = {
        "finetune": "fine-tuned from",
        "distill": "distilled from",
        "distill-static": "distilled from",
        "pretrain": "pretrained on",
    }
    made = f"{record.layers} layers" if record.layers else "static embeddings"
    hub_id = _hub_id(record)
    sources = [hub_id] if hub_id else [PurePath(one).name for one in record.source.split(", ")]
    named = ", ".join(f"`{source}`" for source in sources)
    return f"A {kind.noun} of {made}, {done[record.kind]} {named} by edgebert {record.edgebert}."


def _facts(record: TrainingRecord) -> Iterator[tuple[str, str]]:
    size = f"{record.shape}, {record.parameters / 1e6:.1f} M"
    yield "size", f"{size} parameters"
    if record.labels:
        each = "any number of" if record.multi_label else "one of"
        shown = [f"`{label}`" for label in record.labels[:_LABELS]]
        left = len(record.labels) - len(shown)
        more = f" and {left} more, in `config.json`" if left else ""
        yield "labels", f"{each} {', '.join(shown)}{more}"
    yield "trained on", f"{record.examples:,} examples, {record.steps:,} steps, {record.precision}"
    kept = next((e for e in record.evaluations if e.step == record.best_step), None)
    if kept:
        for name, value in kept.scores.items():
            if name != LOSS:
                yield f"{metric_title(name)} on dev", points(value)
        by = "the loss" if record.metric == LOSS else record.metric
        yield "kept", f"step {kept.step:,}, the best by {by}"


def _data(record: TrainingRecord) -> Iterator[tuple[str, str, str, str]]:
    for file in record.files:
        rows = "" if file.rows is None else f"{file.rows:,}"
        yield file.role, f"`{PurePath(file.path).name}`", rows, f"`{file.sha256[:_DIGITS]}`"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    escaped = ((cell.replace("|", r"\|") for cell in cells) for cells in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in escaped) + "\n"
