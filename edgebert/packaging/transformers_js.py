"""A folder that `pipeline(...)` of transformers.js opens as it is.

It takes one graph for each precision, by the name of its file, a config.json that says which is the
usual one, and of the model's type only the class that feeds a graph: those of BERT, for every task, give
a graph what it takes and hand back what it answers. Graphs of bundles need no change: they accept a ragged
mask and have the outputs that the pipelines read.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgebert.bundle import MODEL_DATA, TOKENIZER, Bundle
from edgebert.errors import InputError
from edgebert.json_files import read_object, write_value
from edgebert.packaging.javascript import pipeline_call
from edgebert.records.manifest import IDENTITY, SIGMOID, Manifest
from edgebert.sentence_modules import Normalize, list_modules, read_sentence_modules
from edgebert.tasks import task_of
from edgebert.tasks.classification import MULTI_LABEL, SINGLE_LABEL

RELEASE = "4.3"
"""The release of @huggingface/transformers that packages are tested with."""

_DTYPES = {
    "fp32": ("fp32", "model.onnx"),
    "fp16": ("fp16", "model_fp16.onnx"),
    "int8": ("q8", "model_quantized.onnx"),
}
"""For each precision of a bundle the name that users give it there, and the graph's."""

_POOLINGS = ("mean", "cls")
"""Those of which the pipeline makes what a bundle does: its last token may be padding."""

_GRAPHS = "onnx"


def write_transformers_js(bundles: Sequence[Bundle], folder: Path, name: str) -> tuple[str, ...]:
    """Fill `folder`; return what has still to be done there: nothing.

    Args:
        bundles: the same model in different precisions; the first opens where none is asked for.
        folder: where all is written.
        name: what the folder is called.

    Raises:
        InputError: the bundles are not of one model, or a pipeline would answer otherwise.
    """
    for bundle in bundles:
        _require_expressible(bundle)
        _require_same_model(bundles[0], bundle)
    graphs = _graphs(bundles)
    (folder / _GRAPHS).mkdir()
    for bundle, (_, file) in zip(bundles, graphs, strict=True):
        shutil.copyfile(bundle.model_path, folder / _GRAPHS / file)
    first = bundles[0]
    shutil.copyfile(first.tokenizer_path, folder / TOKENIZER)
    write_value(folder / "tokenizer_config.json", _tokenizer_config(first))
    write_value(folder / "config.json", _config(first, graphs[0][0]))
    readme = _readme(name, first.manifest, [dtype for dtype, _ in graphs])
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return ()


def _graphs(bundles: Sequence[Bundle]) -> list[tuple[str, str]]:
    graphs = [_DTYPES[bundle.manifest.precision] for bundle in bundles]
    for number, bundle in enumerate(bundles):
        if graphs[number] in graphs[:number]:
            raise InputError(
                f"{bundle.path} is the second bundle in {bundle.manifest.precision}: give each "
                "precision once"
            )
    return graphs


def _require_same_model(first: Bundle, other: Bundle) -> None:
    for what, key in (("weights", "source"), ("task", "task"), ("labels", "labels")):
        if getattr(first.manifest, key) != getattr(other.manifest, key):
            raise InputError(f"{other.path} has other {what} than {first.path}: package them apart")
    if first.manifest.files[TOKENIZER] != other.manifest.files[TOKENIZER]:
        raise InputError(
            f"{other.path} has another {TOKENIZER} than {first.path}: package them apart"
        )


def _require_expressible(bundle: Bundle) -> None:
    """Refuse what a pipeline would answer otherwise than the bundle does.

    Raises:
        InputError: the message says what it is, and the way out.
    """
    manifest = bundle.manifest
    reason = _graph_problem(manifest) or _answer_problem(bundle)
    if reason:
        raise InputError(
            f"{bundle.path} cannot be opened by transformers.js as it answers: {reason}"
        )


def _graph_problem(manifest: Manifest) -> str:
    if manifest.ids != "int64":
        return f"its graph takes {manifest.ids}; export it with --ids int64"
    if manifest.fixed_shape:
        return "its graph takes one shape only; export it with --target cpu"
    if MODEL_DATA in manifest.files:
        return f"its weights lie in {MODEL_DATA}; quantize it"
    return ""


def _answer_problem(bundle: Bundle) -> str:
    manifest = bundle.manifest
    task = task_of(manifest.task)
    elsewhere = "use --target web or node, whose client answers it"
    if task.vectors and not task.dense:
        return f"it has no pipeline for {task.name}; {elsewhere}"
    if task.labelled and manifest.scoring == IDENTITY:
        return f"its pipeline turns logits into probabilities; {elsewhere}"
    if task.vectors:
        modules = read_sentence_modules(bundle.path, list_modules(bundle.path))
        if manifest.pooling not in _POOLINGS:
            return f"it does not pool by {manifest.pooling}; {elsewhere}"
        if any(not isinstance(step, Normalize) for step in modules.steps):
            return f"more than a pooling makes its vectors; {elsewhere}"
    return ""


def _config(bundle: Bundle, dtype: str) -> dict[str, Any]:
    manifest = bundle.manifest
    config = read_object(bundle.path / "config.json")
    config["model_type"] = "bert"
    if manifest.labels:
        config["id2label"] = {str(number): label for number, label in enumerate(manifest.labels)}
        config["label2id"] = {label: number for number, label in enumerate(manifest.labels)}
        config["problem_type"] = MULTI_LABEL if manifest.scoring == SIGMOID else SINGLE_LABEL
    config["transformers.js_config"] = {"dtype": dtype}
    return config


def _tokenizer_config(bundle: Bundle) -> dict[str, Any]:
    """Its class says whether the second text of a pair has a type of its own."""
    manifest = bundle.manifest
    config = read_object(bundle.path / "tokenizer_config.json")
    typed = "token_type_ids" in manifest.inputs
    config["tokenizer_class"] = "BertTokenizer" if typed else "PreTrainedTokenizer"
    config["model_max_length"] = manifest.max_length
    return config


def _readme(name: str, manifest: Manifest, dtypes: Sequence[str]) -> str:
    choice = f'"{name}"'
    asked = " or ".join(f'`{{ dtype: "{dtype}" }}`' for dtype in dtypes)
    return f"""# {name}: an edgebert model for transformers.js

    npm install @huggingface/transformers@{RELEASE}

```js
import {{ env, pipeline }} from "@huggingface/transformers";

env.allowRemoteModels = false;
env.localModelPath = "."; // the folder, or the address, that {name}/ lies in
const ask = await pipeline("{manifest.task}", {choice});
console.log(await {pipeline_call(manifest)});
```

It holds {asked}; without that option the first opens.

Answers are those of the bundle up to rounding, but for what transformers.js does by itself:

{_differences(manifest)}"""


def _differences(manifest: Manifest) -> str:
    task = task_of(manifest.task)
    longest = manifest.max_length
    lines = [
        f"- Of a text of more than {longest} tokens it reads the beginning, without its last token.",
        "- Texts that are answered together are padded, which may move int8 answers by a rounding.",
    ]
    if task.vectors:
        lines.append("- Vectors are pooled and normalized only where the call says so, as above.")
    if manifest.prompts:
        said = ", ".join(f"`{prompt}` ({name})" for name, prompt in manifest.prompts.items())
        lines.append(f"- It knows no prompts: put them before texts yourself: {said}.")
    if task.reads_pairs and not task.reads_whole:
        lines.append(
            "- The pipeline takes no pairs: ask AutoTokenizer (`text_pair`) and "
            "AutoModelForSequenceClassification for those."
        )
    if task.reads_whole:
        lines.append("- It tells no places in the text, and reads no long text in windows.")
    return "\n".join(lines) + "\n"
