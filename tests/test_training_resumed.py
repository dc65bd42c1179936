"""Runs that are stopped and gone on with, and runs in several processes, end as one run does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from click.testing import CliRunner
from safetensors.torch import load_file
from tiny import make_untrained

from edgebert.cli import main
from edgebert.errors import InputError, OutputError
from edgebert.records.codec import read_json
from edgebert.records.trained import TrainingRecord
from edgebert.training import FinetuneOptions, finetune
from edgebert.training.loop.unfinished import Unfinished
from edgebert.training.tasks.labels.heads import OneLabel

OPTIONS = FinetuneOptions(
    epochs=3, batch_size=8, micro_batch_size=4, learning_rate=1e-3, evaluate_every=4, average=0.9
)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT before training, with dropout, so that each step draws random numbers."""
    return make_untrained(tmp_path_factory.mktemp("bert"), hidden=32, dropout=0.1)


@pytest.fixture(scope="module")
def calm_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without dropout, whose steps draw none."""
    return make_untrained(tmp_path_factory.mktemp("calm"), hidden=32)


@pytest.fixture(scope="module")
def intents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("intents") / "train.tsv"
    rows = [
        f"{'please ' * (number % 5)}turn {state} the {device}\t{state}"
        for number, device in enumerate(["lamp", "light", "fan", "naive", "kitchen", "bedroom"] * 3)
        for state in ("on", "off")
    ]
    path.write_text("\n".join(["text\tlabel", *rows]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def whole(bert: Path, intents: Path) -> tuple[Path, TrainingRecord]:
    """The run that was never stopped."""
    output = bert.parent / "whole"
    return output, train(bert, output, intents)


def train(
    model: Path,
    output: Path,
    data: Path,
    *,
    resume: bool = False,
    options: FinetuneOptions = OPTIONS,
) -> TrainingRecord:
    return finetune(
        str(model), output, task="text-classification", train=data, dev=data, options=options,
        resume=resume, offline=True,
    )  # fmt: skip


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(folder / "model.safetensors")
    return found


def same(one: Path, other: Path) -> bool:
    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    """Send this process a signal at the point of the curve after `step`."""
    from edgebert.training.loop import run

    note = run.LoopRun._note_point

    def noted(self: run.LoopRun) -> None:
        note(self)
        if self.progress.steps == step:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(run.LoopRun, "_note_point", noted)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", [2, 4, 7])
def test_a_run_that_was_stopped_ends_with_the_same_weights_bit_for_bit(
    step: int,
    number: signal.Signals,
    whole: tuple[Path, TrainingRecord],
    bert: Path,
    intents: Path,
    tmp_path: Path,
) -> None:
    output = tmp_path / "stopped"
    with pytest.MonkeyPatch.context() as patch:
        stop_at(step, patch, number)
        message = rf"Interrupted at step {step + 1} of 15, .*stopped\.unfinished.* --resume"
        with pytest.raises(KeyboardInterrupt, match=message):
            train(bert, output, intents)
    assert not output.exists()
    record = train(bert, output, intents, resume=True)
    assert same(output, whole[0])
    assert not (tmp_path / "stopped.unfinished").exists()
    assert list(tmp_path.iterdir()) == [output]
    expected = whole[1]
    assert [replace(e, seconds=0) for e in record.epochs] == [
        replace(e, seconds=0) for e in expected.epochs
    ]
    assert [replace(p, seconds=0) for p in record.curve] == [
        replace(p, seconds=0) for p in expected.curve
    ]
    assert record.evaluations == expected.evaluations
    assert (record.best_step, record.best_dev) == (expected.best_step, expected.best_dev)


@pytest.fixture
def stopped(bert: Path, intents: Path, tmp_path: Path) -> Path:
    """The output of a run that was stopped after its first look at dev; it does not exist yet."""
    output = tmp_path / "stopped"
    with pytest.MonkeyPatch.context() as patch:
        stop_at(6, patch, signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            train(bert, output, intents)
    return output


def test_the_record_tells_the_time_of_all_runs(stopped: Path, bert: Path, intents: Path) -> None:
    path = stopped.with_name("stopped.unfinished") / "state.pt"
    state = torch.load(path, weights_only=False)
    assert 0 < state["progress"]["seconds"] < 1000
    state["progress"]["seconds"] += 1000
    torch.save(state, path)
    assert train(bert, stopped, intents, resume=True).seconds > 1000


def test_what_a_stopped_run_keeps_can_be_used(stopped: Path) -> None:
    best = stopped.with_name("stopped.unfinished") / "best"
    model = transformers.AutoModelForSequenceClassification.from_pretrained(best)
    assert model.config.id2label == {0: "off", 1: "on"}
    assert transformers.AutoTokenizer.from_pretrained(best).tokenize("turn on") == ["turn", "on"]


def test_an_unfinished_run_is_not_lost_by_beginning_anew(
    stopped: Path, bert: Path, intents: Path
) -> None:
    with pytest.raises(OutputError, match=r"unfinished holds a run .* --resume, .* --force"):
        train(bert, stopped, intents)
    finetune(
        str(bert), stopped, task="text-classification", train=intents, force=True,
        options=FinetuneOptions(epochs=1), offline=True,
    )  # fmt: skip
    assert stopped.is_dir() and not stopped.with_name("stopped.unfinished").exists()


def test_a_state_of_another_run_is_refused(
    stopped: Path, bert: Path, calm_bert: Path, intents: Path, tmp_path: Path
) -> None:
    changed = replace(OPTIONS, learning_rate=1e-4)
    with pytest.raises(InputError, match=r"holds another run: learning_rate was 0.001, now 0.0001"):
        train(bert, stopped, intents, resume=True, options=changed)
    with pytest.raises(InputError, match="holds another run: source was "):
        train(calm_bert, stopped, intents, resume=True)
    fewer = tmp_path / "train.tsv"
    fewer.write_text("text\tlabel\nturn on\ton\nturn off\toff\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds another run: data was "):
        train(bert, stopped, fewer, resume=True)
    train(bert, stopped, intents, resume=True)


def test_a_damaged_state_is_told_in_a_line(stopped: Path, bert: Path, intents: Path) -> None:
    state = stopped.with_name("stopped.unfinished") / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"state\.pt cannot be read; begin anew with --force"):
        train(bert, stopped, intents, resume=True)


def test_a_state_is_read_without_running_code(tmp_path: Path) -> None:
    unfinished = Unfinished(tmp_path / "x.unfinished", {}, lambda folder: None)
    unfinished.keep({"path": tmp_path})  # an object, which only unpickling makes
    with pytest.raises(InputError, match="cannot be read"):
        unfinished.read()


def test_resume_begins_where_there_is_nothing_to_go_on_from(
    whole: tuple[Path, TrainingRecord], bert: Path, intents: Path, tmp_path: Path
) -> None:
    train(bert, tmp_path / "new", intents, resume=True)
    assert same(tmp_path / "new", whole[0])


def test_a_run_that_diverges_keeps_its_best_model(
    bert: Path, intents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = OneLabel.loss
    calls = []

    def broken(self: OneLabel, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        calls.append(len(targets))
        return right(self, logits, targets) * (torch.nan if len(calls) > 14 else 1.0)

    monkeypatch.setattr(OneLabel, "loss", broken)
    with pytest.raises(
        InputError, match=r"diverged at step \d+ .* the best model so far, of step 4, is .*/best$"
    ):
        train(bert, tmp_path / "out", intents)
    assert not (tmp_path / "out").exists()
    assert weights(tmp_path / "out.unfinished" / "best")


def test_sigterm_ends_the_command_with_a_state_to_go_on_from(
    whole: tuple[Path, TrainingRecord], bert: Path, intents: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    command = [
        sys.executable, "-m", "edgebert", "finetune", bert, "--task", "text-classification",
        "--train", intents, "--epochs", "2000", "-o", output,
    ]  # fmt: skip
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out.unfinished" / "state.pt").exists():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.splitlines()[-1].startswith("Interrupted at step ") and "--resume" in told
    assert not output.exists() and (tmp_path / "out.unfinished" / "best").is_dir()


def test_two_processes_learn_what_one_learns(
    calm_bert: Path, intents: Path, tmp_path: Path
) -> None:
    """Also where every example of a step is compared with all others, which the other one holds."""
    pairs = tmp_path / "pairs.tsv"
    rows = [f"turn on the {a}\tthe {a} is on" for a in ("lamp", "light", "fan", "kitchen", "naive")]
    pairs.write_text("\n".join(["anchor\tpositive", *rows]), encoding="utf-8")
    shared = [
        "--batch-size", "7", "--micro-batch-size", "2", "--learning-rate", "1e-3",
        "--evaluate-every", "4", "--precision", "fp32",
    ]  # fmt: skip
    runs: dict[str, list[str | Path]] = {
        name: ["finetune", calm_bert, "--task", task, "--train", file, "--dev", file, *shared]
        for name, task, file in (
            ("classifier", "text-classification", intents),
            ("embedder", "sentence-similarity", pairs),
        )
    }
    for name, run in runs.items():
        told = CliRunner().invoke(main, [*map(str, run), "-o", str(tmp_path / f"{name}-one")])
        assert told.exit_code == 0, told.output
    printed = _run_in_two(
        [[*run, "-o", tmp_path / f"{name}-two", "--json", "-"] for name, run in runs.items()]
    )
    assert printed.count('"record": "training"') == 2  # the second process says nothing
    for name in runs:
        one, two = (tmp_path / f"{name}-{count}" for count in ("one", "two"))
        expected, record = (
            read_json(TrainingRecord, folder / "training.json", "a record") for folder in (one, two)
        )
        assert (record.processes, expected.processes) == (2, 1)
        assert [e.loss for e in record.epochs] == pytest.approx(
            [e.loss for e in expected.epochs], rel=1e-4
        )
        for weight, value in weights(one).items():
            if (
                "key.bias" not in weight
            ):  # attention is the same whatever it is: its gradient is noise
                torch.testing.assert_close(weights(two)[weight], value, atol=5e-4, rtol=1e-3)
    assert not list(tmp_path.glob("*.unfinished"))


_COMMANDS = """
import json, sys
from edgebert.cli import main
for arguments in json.loads(sys.argv[1]):
    main(arguments, standalone_mode=False)
"""


def _run_in_two(commands: list[list[str | Path]]) -> str:
    """Run commands of edgebert one after the other in two processes; what they print."""
    told = json.dumps([[str(word) for word in command] for command in commands])
    launched = [
        sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2",
        "--master-port", str(_free_port()), "--no-python", sys.executable, "-c", _COMMANDS, told,
    ]  # fmt: skip
    run = subprocess.run(
        launched, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_memory_that_is_saved_changes_nothing(bert: Path, intents: Path, tmp_path: Path) -> None:
    options = replace(OPTIONS, epochs=1)
    train(bert, tmp_path / "kept", intents, options=options)
    saving = replace(options, gradient_checkpointing=True)
    train(bert, tmp_path / "twice", intents, options=saving)
    assert same(tmp_path / "kept", tmp_path / "twice")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
