"""`--tensorboard`: the curves of a run, read back as TensorBoard reads them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from edgebert.cli import main
from edgebert.records.codec import read_json
from edgebert.records.trained import TrainingRecord


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [f"{word} the lamp {n}\t{word}" for n in range(6) for word in ("on", "off")]
    path = tmp_path / "train.tsv"
    path.write_text("text\tlabel\n" + "\n".join(rows) + "\n")
    return path


def train(model: Path, data: Path, *more: str | Path) -> Result:
    arguments = [
        "finetune", model, "--task", "text-classification", "--train", data, "--dev", data,
        "--batch-size", "4", "--precision", "fp32", *more,
    ]  # fmt: skip
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")


def events(folder: Path) -> Any:
    read = EventAccumulator(str(folder))
    read.Reload()
    return read


def test_the_curves_are_those_of_the_record(
    tiny_embedder: Path, data: Path, tmp_path: Path
) -> None:
    board = tmp_path / "board"
    result = train(tiny_embedder, data, "-o", tmp_path / "clf", "--tensorboard", board)
    assert result.exit_code == 0, result.output
    record = read_json(TrainingRecord, tmp_path / "clf/training.json", "record")
    read = events(board / "clf")
    for name, values in (
        ("train/loss", [(p.step, p.loss) for p in record.curve]),
        ("train/learning_rate", [(p.step, p.learning_rate) for p in record.curve]),
        ("dev/accuracy", [(e.step, e.scores["accuracy"]) for e in record.evaluations]),
        ("dev/loss", [(e.step, e.scores["loss"]) for e in record.evaluations]),
    ):
        found = [(event.step, event.value) for event in read.Scalars(name)]
        assert [step for step, _ in found] == [step for step, _ in values]
        assert [v for _, v in found] == pytest.approx([v for _, v in values], rel=1e-6)


def test_a_run_that_replaces_another_does_not_mix_with_its_curves(
    tiny_embedder: Path, data: Path, tmp_path: Path
) -> None:
    options = ("-o", tmp_path / "clf", "--tensorboard", tmp_path / "b", "--force", "--epochs")
    assert train(tiny_embedder, data, *options, "3").exit_code == 0
    assert train(tiny_embedder, data, *options, "1").exit_code == 0
    assert [e.step for e in events(tmp_path / "b/clf").Scalars("train/loss")] == [1, 2, 3]


def test_without_tensorboard_the_extra_is_named_before_anything_is_done(
    tiny_embedder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    result = train(tiny_embedder, data, "-o", tmp_path / "clf", "--tensorboard", tmp_path / "b")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: --tensorboard needs more packages: pip install 'edgebert[tensorboard]'\n",
    )
    assert not (tmp_path / "clf").exists() and not (tmp_path / "b").exists()


def test_curves_in_the_output_itself_are_refused(
    tiny_embedder: Path, data: Path, tmp_path: Path
) -> None:
    result = train(tiny_embedder, data, "-o", tmp_path / "clf", "--tensorboard", tmp_path)
    assert result.exit_code == 1
    assert "holds the output" in result.stderr and result.stderr.count("\n") == 1
