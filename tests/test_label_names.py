"""Every logit of a head has a name of its own, the one that transformers gives it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import transformers

from edgebert.checkpoint import open_checkpoint
from edgebert.checkpoint.label_names import label_names
from edgebert.errors import CheckpointError
from edgebert.export import OptimizeOptions, export_model, optimize_export
from edgebert.runtimes import load

LABELS = {"0": "off", "1": "on", "2": "tell"}


def renamed(folder: Path, **values: Any) -> Path:
    """A head of three logits whose config.json says this of its labels."""
    config = json.loads((folder / "config.json").read_text())
    said = {k: v for k, v in config.items() if k not in ("id2label", "label2id", "num_labels")}
    (folder / "config.json").write_text(json.dumps(said | values))
    return folder


@pytest.fixture
def checkpoint(tiny_classifier: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_classifier, tmp_path / "checkpoint"))


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"num_labels": 3}, ("LABEL_0", "LABEL_1", "LABEL_2")),
        ({"num_labels": 3, "id2label": None, "label2id": None}, ("LABEL_0", "LABEL_1", "LABEL_2")),
        ({"num_labels": 3, "label2id": {"a": 0, "b": 1}}, ("LABEL_0", "LABEL_1", "LABEL_2")),
        ({"id2label": {"2": "c", "0": "a", "1": "b"}}, ("a", "b", "c")),
        ({"id2label": LABELS, "label2id": {"tell": 0, "off": 1, "on": 2}}, ("off", "on", "tell")),
        ({"id2label": {"0": 7, "1": 8, "2": 9}}, ("7", "8", "9")),
        ({"id2label": {"0": " a", "1": "b ", "2": "c d"}}, (" a", "b ", "c d")),
        ({"num_labels": 1}, ("LABEL_0",)),
        ({}, ("LABEL_0", "LABEL_1")),
    ],
)
def test_labels_are_those_of_transformers(
    said: dict[str, Any], names: tuple[str, ...], checkpoint: Path
) -> None:
    renamed(checkpoint, **said)
    config = transformers.AutoConfig.from_pretrained(checkpoint)
    assert tuple(str(config.id2label[i]) for i in range(config.num_labels)) == names
    assert open_checkpoint(checkpoint).labels == names


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"id2label": {"0": "a", "1": "b", "10": "c"}}, "id2label names 0, 1, 10, and not label 2"),
        ({"id2label": {"-1": "a", "0": "b", "1": "c"}}, "names -1, 0, 1, and not label 2"),
        ({"id2label": {"1": "a", "2": "b", "3": "c"}}, "names 1, 2, 3, and not label 0"),
        ({"id2label": {"a": 0, "b": 1}}, "id2label has a key that is no number"),
        ({"id2label": ["a", "b", "c"]}, "id2label should give a name to each number, not a list"),
        ({"id2label": {}}, "id2label names nothing"),
        ({"id2label": {"0": "a", "1": "b", "2": "a"}}, "gives the name 'a' to more than one label"),
        ({"id2label": {"0": "a", "1": "a ", "2": "b"}}, "gives the name 'a' to more than one"),
        ({"id2label": {"0": 1, "1": "1", "2": "b"}}, "gives the name '1' to more than one label"),
        ({"id2label": {"0": "a", "1": "", "2": "b"}}, "names label 1 '', which is no name"),
        ({"id2label": {"0": "a", "1": None, "2": "b"}}, "names label 1 None, which is no name"),
        ({"id2label": {"0": "a", "1": 1.5, "2": "b"}}, "names label 1 1.5, which is no name"),
        ({"id2label": LABELS, "num_labels": 5}, "num_labels is 5, but id2label names 3"),
        ({"num_labels": 0}, "num_labels is a number from 1 on, not 0"),
        ({"num_labels": "3"}, "num_labels is a number from 1 on, not '3'"),
    ],
)
def test_labels_that_are_no_names_are_told_at_export(
    said: dict[str, Any], told: str, checkpoint: Path, tmp_path: Path
) -> None:
    renamed(checkpoint, **said)
    with pytest.raises(CheckpointError) as refused:
        export_model(checkpoint, tmp_path / "bundle")
    assert str(refused.value).startswith(f"{checkpoint}/config.json: ")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "bundle").exists()


def test_a_checkpoint_of_another_head_may_have_any_labels(checkpoint: Path) -> None:
    """Fine-tuning gives it a head of its own."""
    renamed(checkpoint, id2label={"0": "a", "1": "a"})
    assert open_checkpoint(checkpoint, task="feature-extraction").labels == ()


def test_logits_without_names_are_answered_by_their_numbers(
    checkpoint: Path, tmp_path: Path, tiny_classifier_bundle: Path
) -> None:
    export_model(renamed(checkpoint, num_labels=3), tmp_path / "bundle")
    (found,) = load(tmp_path / "bundle").classify(["turn on the lamp"])
    (named,) = load(tiny_classifier_bundle).classify(["turn on the lamp"])
    assert list(found.scores) == ["LABEL_0", "LABEL_1", "LABEL_2"]
    assert list(found.scores.values()) == list(named.scores.values())


@pytest.mark.parametrize("count", [2, 4])
def test_a_foreign_graph_has_as_many_labels_as_logits(
    count: int, tiny_tagger_bundle: Path, tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    heads = {"token-classification": tiny_tagger_bundle}
    heads["text-classification"] = tiny_classifier_bundle
    for task, bundle in heads.items():
        source = Path(shutil.copytree(bundle, tmp_path / task))
        (source / "manifest.json").unlink()
        renamed(source, num_labels=count)
        logits = 3 if bundle is tiny_classifier_bundle else 5
        with pytest.raises(
            CheckpointError, match=rf"gives {logits} logits, .* names {count} labels"
        ):
            optimize_export(source, tmp_path / "out", options=OptimizeOptions(task=task))
        assert not (tmp_path / "out").exists()


def test_a_message_about_labels_names_the_file() -> None:
    with pytest.raises(CheckpointError, match=r"^here: id2label names 1, and not label 0$"):
        label_names({"id2label": {"1": "a"}}, "here")
