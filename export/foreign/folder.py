"""Which graph of a folder is meant, and what the files beside it say."""

from __future__ import annotations

from pathlib import Path

from edgebert.bundle import MANIFEST, MODEL, TOKENIZER
from edgebert.checkpoint import Checkpoint, read_folder
from edgebert.errors import CheckpointError, InputError
from edgebert.json_files import read_object

_FOLDERS = ("", "onnx")  # optimum's layout; sentence-transformers' and transformers.js'
_BERT = (None, "BertTokenizer", "BertTokenizerFast")
_BERT_SETTINGS = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}
"""What tokenizer_config.json calls the settings of a BertNormalizer."""


def find_graph(folder: Path) -> Path:
    """The graph of a folder as optimum, sentence-transformers or transformers.js lay it out.

    Raises:
        InputError: there is none, or there are several and none is called model.onnx.
    """
    if (folder / MANIFEST).is_file():
        raise InputError(f"{folder} is a bundle already: there is nothing to optimize")
    for name in _FOLDERS:
        if (folder / name / MODEL).is_file():
            return folder / name / MODEL
    found = sorted(path for name in _FOLDERS for path in (folder / name).glob("*.onnx"))
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(f"{folder} has no .onnx file, neither at its root nor in onnx/")
    names = ", ".join(str(path.relative_to(folder)) for path in found)
    raise InputError(f"{folder} has several graphs and no {MODEL}: {names}. Name one of the files")


def describe_folder(folder: Path, *, task: str | None, max_length: int | None) -> Checkpoint:
    """What the files beside a graph say.

    Raises:
        InputError: no tokenizer.json.
        CheckpointError: no configuration, or files that contradict each other.
    """
    try:
        described = read_folder(folder, task=task, max_length=max_length)
    except CheckpointError as error:
        raise InputError(
            f"{error}. For a lone graph, name the .onnx file instead of the folder"
        ) from error
    if not (described.path / TOKENIZER).is_file():
        raise InputError(f"{described.path} has no {TOKENIZER}: save its tokenizer in fast form")
    _refuse_other_normalizer(described.path)
    _ = described.labels  # says so if a logit would have no name
    return described


def _refuse_other_normalizer(path: Path) -> None:
    """BERT's tokenizer in transformers goes by its configuration, every other reader by its file."""
    settings = read_object(path / "tokenizer_config.json")
    normalizer = read_object(path / TOKENIZER).get("normalizer") or {}
    if normalizer.get("type") != "BertNormalizer" or settings.get("tokenizer_class") not in _BERT:
        return
    for key, name in _BERT_SETTINGS.items():
        if settings.get(key) is not None and settings[key] != normalizer.get(name):
            raise InputError(
                f"{path}: tokenizer_config.json says {key} {settings[key]}, {TOKENIZER} "
                f"{normalizer.get(name)}: save the tokenizer with transformers, so that they agree"
            )
