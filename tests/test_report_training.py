"""Training on the page: curves, runs side by side, mistakes; folders of checkpoints as records."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from record_samples import TRAINING, words

from edgebert.cli import main
from edgebert.cli.make.training import show_training
from edgebert.measures.mistakes import label_mistakes
from edgebert.records.codec import write_json
from edgebert.records.trained import (
    EntityMistake,
    Evaluation,
    LabelCounts,
    LossPoint,
    Mistakes,
    TrainingRecord,
)
from edgebert.report import render_markdown, write_page

LOOKS = tuple(
    Evaluation(step, {"accuracy": score, "macro_f1": score - 5, "loss": 0.4})
    for step, score in ((1000, 80.0), (2000, 91.25), (3000, 90.5))
)
RUN = replace(
    TRAINING,
    checkpoint="runs/a",
    options={"learning_rate": 3e-5, "batch_size": 32, "metric": None, "seed": 1},
    best_dev=91.25,
    steps=3000,
    best_step=2000,
    precision="bf16",
    curve=tuple(LossPoint(15 * i, 1 / i, 1e-5 * i, i) for i in range(1, 201)),
    evaluations=LOOKS,
    mistakes=label_mistakes([0, 0, 0, 1, 1], [0, 0, 1, 1, 1], ["no", "yes"]),
)
OTHER = replace(
    RUN,
    checkpoint="runs/b",
    options={**RUN.options, "learning_rate": 1e-4},
    best_dev=93.0,
    evaluations=(*LOOKS[:1], Evaluation(2000, {"accuracy": 93.0, "loss": 0.2})),
)
TAGGER = replace(
    RUN,
    checkpoint="runs/tagger",
    task="token-classification",
    metric="entity_f1",
    evaluations=(Evaluation(2000, {"entity_f1": 40.0}),),
    mistakes=Mistakes(
        9,
        (LabelCounts("LOC", 3, 2, 4, 1, 5),),
        entities=(EntityMistake("wrong boundaries", "LOC", "LOC", "new <york>", "york"),),
    ),
)


def page(folder: Path, *records: TrainingRecord) -> str:
    return write_page(records, folder / "page.html", force=True).read_text(encoding="utf-8")


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")


def test_a_run_is_drawn_by_step_with_the_step_that_was_kept(tmp_path: Path) -> None:
    text = page(tmp_path, RUN)
    shown = words(text)
    assert "a: training loss, dev Accuracy. Dashed: loss on dev" in shown
    assert "kept: 2,000" in shown and "2,000 of 3,000" in shown
    assert [name for name in ("loss", "dev", "rate") if f">{name}</text>" in text] == [
        "loss",
        "dev",
        "rate",
    ]
    assert re.search(r"Accuracy\s+Macro F1", shown)  # the legend
    assert "Accuracy 91.25 a on dev; 1 min 15 s of training" in shown
    assert len(text) < 100_000


def test_runs_are_shown_side_by_side_with_what_differs_alone(tmp_path: Path) -> None:
    shown = words(page(tmp_path, RUN, OTHER))
    assert "Dev Accuracy of 2 runs" in shown
    assert (
        "Where runs of finetune for text-classification differ run learning rate Accuracy time "
        "a 3e-05 91.25 1 min 15 s b 0.0001 93.00 1 min 15 s" in shown
    )
    assert "b on dev, the best of 2 runs" in shown
    assert "Dev Accuracy of" not in words(page(tmp_path, RUN, TAGGER))


def test_runs_of_other_batches_are_laid_over_each_other_by_examples(tmp_path: Path) -> None:
    assert "examples seen" not in words(page(tmp_path, RUN, OTHER))
    large = replace(OTHER, options={**OTHER.options, "batch_size": 64})
    assert "examples seen" in words(page(tmp_path, RUN, large))


def test_confused_labels_are_a_matrix_and_a_table(tmp_path: Path) -> None:
    text = page(tmp_path, RUN)
    shown = words(text)
    assert "a: labels (down) and what was answered (across)" in shown
    assert "label taken for texts of the label no yes 1 33.3 %" in shown
    assert "no 3 2 1 0 100.0 66.7 80.0 yes 2 2 0 1 66.7 100.0 80.0" in shown
    assert text.count("opacity: 0.55") == 1  # all texts of "yes" are right


def test_of_150_labels_the_20_most_confused_are_drawn(tmp_path: Path) -> None:
    names = [f"a label with a name that is long, number {n}" for n in range(150)]
    guessed = [(n + 1) % 150 if n < 60 else n for n in range(150)]
    many = replace(RUN, mistakes=label_mistakes(list(range(150)), guessed, names))
    text = page(tmp_path, many)
    assert "the 20 most confused labels" in words(text)
    assert text.count(">all others</text>") == 2
    assert text.count(">a label with a na…</text>") == 40
    assert len(text) < 200_000


def test_entities_are_told_by_mistake_with_their_characters(tmp_path: Path) -> None:
    text = page(tmp_path, TAGGER)
    shown = words(text)
    assert "wrong label wrong boundaries spurious recall LOC 11 3 2 1 5 4 27.3" in shown
    assert "wrong boundaries LOC: new <york> LOC: york" in shown
    assert "Confusion matrix" not in text


def test_a_run_of_one_look_and_no_dev_makes_a_page(tmp_path: Path) -> None:
    bare = replace(
        RUN, metric=None, best_dev=None, best_step=None, evaluations=(), mistakes=None,
        curve=RUN.curve[:1],
    )  # fmt: skip
    shown = words(page(tmp_path, bare, replace(bare, checkpoint="runs/b")))
    assert "3,000 of 3,000" in shown and "Mistakes" not in shown


def test_kept_by_loss_a_run_is_known_by_its_metric(tmp_path: Path) -> None:
    by_loss = replace(RUN, metric="loss", best_dev=0.4)
    assert "Accuracy 91.25 2,000 of 3,000" in words(page(tmp_path, by_loss))


def test_a_metric_of_another_scale_has_a_panel_of_its_own(tmp_path: Path) -> None:
    looks = tuple(
        Evaluation(step, {"masked_lm_accuracy": step / 50, "perplexity": 90_000 / step})
        for step in (1000, 2000, 3000)
    )
    apart = replace(RUN, metric="masked_lm_accuracy", evaluations=looks[:2])
    text = page(tmp_path, apart)
    assert text.count(">dev</text>") == 1  # 90 and 45 stand beside points
    wide = replace(
        apart, evaluations=(Evaluation(500, {**looks[0].scores, "perplexity": 180}), *looks)
    )
    assert page(tmp_path, wide).count(">dev</text>") == 2
    assert "dev Masked LM accuracy" in words(text)


def test_a_score_that_is_no_number_is_a_dash(tmp_path: Path) -> None:
    looks = tuple(Evaluation(step, {"spearman": math.nan}) for step in (1000, 2000))
    shown = words(
        page(tmp_path, replace(RUN, metric="spearman", evaluations=looks, best_dev=math.nan))
    )
    assert "– 2,000 of 3,000" in shown and "nan" not in shown


def test_markdown_has_the_tables() -> None:
    told = render_markdown([RUN, OTHER, TAGGER])
    assert "<summary>Training</summary>" in told and "<summary>Mistakes on dev</summary>" in told
    assert "**Where runs of finetune for text-classification differ**" in told
    assert "new &lt;york&gt;" in told


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for record in (RUN, OTHER):
        folder = tmp_path / record.checkpoint
        folder.mkdir(parents=True)
        write_json(record, folder / "training.json")
    return tmp_path / "runs"


def test_folders_of_checkpoints_are_records(runs: Path, tmp_path: Path) -> None:
    (runs / "c.unfinished").mkdir()
    out = tmp_path / "page.html"
    result = call("report", runs / "a", runs / "b/training.json", runs / "c.unfinished", "-o", out)
    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    assert (
        result.stderr == f"{runs / 'c.unfinished'} is a run that has not ended, and is left out\n"
    )
    assert "Dev Accuracy of 2 runs" in words(out.read_text(encoding="utf-8"))


def test_a_folder_that_was_not_trained_is_named(runs: Path, tmp_path: Path) -> None:
    result = call("report", runs, "-o", tmp_path / "page.html")
    told = f"Error: {runs} holds no training.json: give a record, or a folder that was trained\n"
    assert (result.exit_code, result.stderr) == (1, told)


def test_the_command_tells_each_look_at_dev_and_what_was_kept() -> None:
    told = show_training(replace(RUN, examples=32_000)).splitlines()
    assert told[0].startswith("runs/a: 4 layers, hidden 128, 4.4 M parameters, 32000 examples")
    assert told[1].split() == "step epoch loss dev accuracy dev macro_f1 dev loss".split()
    assert [line.split() for line in told[3:6]] == [
        ["1,000", "1", "0.0723", "80.00", "75.00", "0.4000"],
        ["2,000", "2", "0.0104", "91.25", "86.25", "0.4000"],
        ["3,000", "3", "0.0061", "90.50", "85.50", "0.4000"],
    ]
    assert told[6] == (
        "kept step 2,000 of 3,000, the best by accuracy; bf16 on cpu, 480 examples/s"
    )


def test_without_dev_the_command_tells_the_loss_of_each_epoch() -> None:
    bare = replace(RUN, metric=None, best_dev=None, best_step=None, evaluations=())
    told = show_training(bare).splitlines()
    assert told[1].split() == ["epoch", "loss", "s"]
    assert told[3].split() == ["1", "1.2000", "3"]
    assert told[-1].startswith("kept the last of 3,000 steps; bf16 on cpu")
