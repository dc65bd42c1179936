"""What goes wrong is told in one line, with its exit code, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file, save_file

from edgebert.cli import main

ROOT = Path(__file__).parent.parent
Process = subprocess.CompletedProcess[str]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, so that relative paths and leftovers are seen."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


def call(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], input=stdin, prog_name="edgebert")


def complaint(*arguments: str | Path, stdin: bytes | None = None) -> str:
    """The line of an error, less its `Error: `; exit code 1, and nothing on stdout."""
    result = call(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("Error: ").removesuffix("\n")


def misuse(*arguments: str | Path) -> str:
    """The last line of an error in usage."""
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.stderr.startswith("Usage: edgebert ")
    return result.stderr.splitlines()[-1].removeprefix("Error: ")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def copy(source: Path, to: Path) -> Path:
    return Path(shutil.copytree(source, to))


def flip(path: Path, position: int = 1000) -> None:
    """Change one bit; the size stays."""
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


# checkpoints


def test_a_folder_that_is_no_checkpoint(work: Path) -> None:
    (work / "notes").mkdir()
    expected = (
        "notes is not a checkpoint: it has no config.json. "
        "Expected a folder that transformers or sentence-transformers wrote"
    )
    assert complaint("export", "notes", "-o", "out") == expected
    assert complaint("check", "notes", "notes") == expected
    assert complaint("build", "notes", "-o", "out") == expected
    assert names(work) == ["notes"]


def test_a_path_that_is_not_there(work: Path) -> None:
    assert complaint("export", "./none", "-o", "out") == "./none does not exist"
    assert complaint("check", "./none", "./none") == "./none does not exist"
    for command in (
        ["embed", "none", "text"],
        ["quantize", "none", "-o", "out"],
        ["doctor", "none"],
    ):
        assert complaint(*command) == (
            "none is not a bundle: there is no such folder. "
            "Make one with 'edgebert export MODEL -o none'"
        )
    assert names(work) == []


def test_a_file_where_a_checkpoint_belongs(work: Path) -> None:
    (work / "model").touch()
    expected = "model is a file; a checkpoint is a folder with config.json"
    assert complaint("export", "model", "-o", "out") == expected


def test_a_checkpoint_where_a_bundle_belongs(work: Path, tiny_embedder: Path) -> None:
    copy(tiny_embedder, work / "model")
    assert complaint("embed", "model", "text") == (
        "model is not a bundle: it has no manifest.json. "
        "Make one with 'edgebert export MODEL -o model'"
    )


def test_corrupt_weights(work: Path, tiny_embedder: Path) -> None:
    weights = copy(tiny_embedder, work / "model") / "model.safetensors"
    whole = weights.read_bytes()
    for spoiled, told in (
        (whole[:-100], f"{len(whole) - 100} bytes, but its header says {len(whole)}"),
        (whole[:1000], "its header does not fit its size"),
        (b"", "its header does not fit its size"),
        (whole.replace(b'"F32"', b'"F99"', 1), "its header cannot be read"),
        (whole.replace(b'"shape":[64]', b'"shape":[65]', 1), "its header cannot be read"),
        (whole.replace(b'{"', b'{{', 1), "its header cannot be read"),
    ):  # fmt: skip
        assert spoiled != whole
        weights.write_bytes(spoiled)
        expected = f"model/model.safetensors is damaged: {told}"
        assert complaint("export", "model", "-o", "out") == expected
    assert names(work) == ["model"]


def test_weights_that_are_not_numbers_are_never_sealed(work: Path, tiny_embedder: Path) -> None:
    weights = copy(tiny_embedder, work / "model") / "model.safetensors"
    tensors = load_file(weights)
    tensors["embeddings.LayerNorm.bias"][0] = np.nan
    save_file(tensors, weights, metadata={"format": "pt"})
    result = call("export", "model", "-o", "out", "--json", "export.json")
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: model was not exported: parity with PyTorch is off")
    assert json.loads((work / "export.json").read_text())["passed"] is False
    assert result.stdout.startswith("out (not written): ")
    assert names(work) == ["export.json", "model"]


def test_a_missing_tokenizer(work: Path, tiny_embedder: Path) -> None:
    folder = copy(tiny_embedder, work / "model")
    for name in ("tokenizer.json", "vocab.txt"):
        (folder / name).unlink()
    expected = "model has no tokenizer: expected tokenizer.json or vocab.txt"
    assert complaint("export", "model", "-o", "out") == expected


def test_a_damaged_tokenizer(work: Path, tiny_embedder: Path) -> None:
    (copy(tiny_embedder, work / "model") / "tokenizer.json").write_text('{"version":')
    expected = "model/tokenizer.json cannot be read as JSON"
    assert complaint("export", "model", "-o", "out") == expected
    assert names(work) == ["model"]


def test_an_unknown_task(work: Path, tiny_embedder: Path) -> None:
    tasks = (
        "'feature-extraction', 'text-classification', 'token-classification', 'fill-mask', "
        "'question-answering', 'sparse-embedding'"
    )
    told = misuse("export", tiny_embedder, "-o", "out", "--task", "translation")
    assert told == f"Invalid value for '--task': 'translation' is not one of {tasks}."


# bundles


def test_a_corrupt_graph(work: Path, tiny_bundle: Path) -> None:
    graph = copy(tiny_bundle, work / "bundle") / "model.onnx"
    graph.write_bytes(bytes(graph.stat().st_size))
    for command in (["embed", "bundle", "text"], ["check", "bundle", "bundle"]):
        told = complaint(*command)
        assert told.startswith("bundle/model.onnx is damaged or not an ONNX file: ")


def test_a_cut_graph(work: Path, tiny_bundle: Path) -> None:
    graph = copy(tiny_bundle, work / "bundle") / "model.onnx"
    size = graph.stat().st_size
    graph.write_bytes(graph.read_bytes()[:-1])
    expected = f"bundle is damaged: model.onnx has {size - 1} bytes where {size} belong"
    for command in (
        ["embed", "bundle", "a"],
        ["quantize", "bundle", "-o", "out"],
        ["inspect", "bundle"],
    ):
        assert complaint(*command) == expected


def test_a_corrupt_onnx_file(work: Path) -> None:
    (work / "lone.onnx").write_bytes(b"\xff" * 100)
    assert complaint("inspect", "lone.onnx").startswith("lone.onnx ")


def test_a_bundle_with_a_changed_byte(work: Path, tiny_bundle: Path) -> None:
    flip(copy(tiny_bundle, work / "bundle") / "model.onnx", -20_000)
    told = "model.onnx was changed (its checksum differs)"
    assert complaint("quantize", "bundle", "-o", "out") == f"bundle is damaged: {told}"
    result = call("doctor", "bundle", "--json", "doctor.json")
    assert (result.exit_code, result.stderr) == (
        3,
        f"Error: checksums: {told} (likely changed file: copy the bundle to this device again)\n",
    )
    assert json.loads((work / "doctor.json").read_text())["passed"] is False
    assert names(work) == ["bundle", "doctor.json"]


def test_a_bundle_without_its_tokenizer(work: Path, tiny_bundle: Path) -> None:
    (copy(tiny_bundle, work / "bundle") / "tokenizer.json").unlink()
    assert complaint("embed", "bundle", "a") == "bundle is damaged: tokenizer.json is missing"


def test_a_command_for_another_task(
    tiny_bundle: Path, tiny_classifier_bundle: Path, tiny_tagger_bundle: Path
) -> None:
    for verb, bundle, has, needs in (
        ("classify", tiny_bundle, "feature-extraction", "text-classification"),
        ("tag", tiny_classifier_bundle, "text-classification", "token-classification"),
        ("embed", tiny_tagger_bundle, "token-classification", "feature-extraction"),
    ):
        expected = f"{bundle} is a {has} bundle; {verb} needs one for {needs}"
        assert complaint(verb, bundle, "text") == expected


def test_two_that_do_not_compare(tiny_bundle: Path, tiny_classifier_bundle: Path) -> None:
    assert complaint("check", tiny_bundle, tiny_classifier_bundle) == (
        "the two do not compare: the reference answers feature-extraction, "
        "the candidate text-classification"
    )


def test_quantizing_twice(work: Path, tiny_int8: Path) -> None:
    expected = f"{tiny_int8} is int8 already (scheme token); give the float bundle"
    assert complaint("quantize", tiny_int8, "-o", "out") == expected
    assert names(work) == []


def test_a_prompt_the_model_does_not_have(tiny_bundle: Path) -> None:
    expected = f"{tiny_bundle} has no prompt 'query'; it has: none"
    assert complaint("embed", tiny_bundle, "text", "--prompt", "query") == expected


# data


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("sentense\tlabel\na\ton\n", ", line 1: no column named 'text' or 'sentence'; columns found: sentense, label. Call yours 'text', or name it with --text-column"),
        ("text\tlabel\na\ton\nb\t\n", ", line 3: 'label' is empty"),
        ("text\tlabel\na\ton\nb\n", ", line 3: 1 columns, but the header has 2 (text, label)"),
        ("text\tlabel\n", " holds no text"),
    ],
)  # fmt: skip
def test_labels_missing_or_a_column_misnamed(
    work: Path, tiny_classifier_bundle: Path, content: str, told: str
) -> None:
    (work / "dev.tsv").write_text(content)
    both = (tiny_classifier_bundle, tiny_classifier_bundle)
    assert complaint("check", *both, "--data", "dev.tsv") == f"dev.tsv{told}"


def test_a_label_the_model_does_not_have(work: Path, tiny_classifier_bundle: Path) -> None:
    (work / "dev.tsv").write_text("text\tlabel\na\ton\nb\tdim\n")
    both = (tiny_classifier_bundle, tiny_classifier_bundle)
    told = complaint("check", *both, "--data", "dev.tsv")
    assert "label 'dim' is not one of the model's 3 labels (off, on, tell)" in told


def test_training_without_labels(work: Path, tiny_embedder: Path) -> None:
    (work / "train.tsv").write_text("text\tlable\na\ton\nb\toff\n")
    options = ("--task", "text-classification", "--train", "train.tsv", "-o", "out")
    assert complaint("finetune", tiny_embedder, *options) == (
        "train.tsv, line 1: expected a 'label' column; columns found: text, lable. "
        "Name yours with --label-column"
    )
    assert names(work) == ["train.tsv"]


def test_a_data_file_that_is_not_there(work: Path, tiny_bundle: Path) -> None:
    told = misuse("check", tiny_bundle, tiny_bundle, "--data", "dev.tsv")
    assert told == "Invalid value for '--data': Path 'dev.tsv' does not exist."
    told = complaint("embed", tiny_bundle, "--input", "dev.tsv")
    assert told == "dev.tsv cannot be read: No such file or directory"


def test_texts_that_are_not_unicode(work: Path, tiny_bundle: Path) -> None:
    (work / "a.jsonl").write_text('{"text": "fine"}\n{"text": "\\ud83d"}\n')
    expected = "a.jsonl, line 2: holds a lone surrogate, so it is not Unicode text"
    assert complaint("embed", tiny_bundle, "--input", "a.jsonl") == expected
    assert complaint("embed", tiny_bundle, "--input", "a.jsonl", "-o", "v.jsonl") == expected
    result = call("embed", tiny_bundle, "--input", "-", stdin=b"fine\nna\xefve\nlate\n")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: stdin, line 2: this is not UTF-8 text\n",
    )
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == ["fine"]
    told = complaint("embed", tiny_bundle, "na\udcefve")
    assert told == "text 0: holds a lone surrogate, so it is not Unicode text"
    assert names(work) == ["a.jsonl"]


def test_pairs_where_single_texts_are_read(work: Path, tiny_bundle: Path) -> None:
    (work / "a.tsv").write_text("sentence1\tsentence2\na\tb\n")
    expected = "a.tsv holds pairs of texts; name one column with --text-column"
    assert complaint("embed", tiny_bundle, "--input", "a.tsv") == expected


def test_a_record_that_is_none(work: Path) -> None:
    (work / "a.json").write_text('{"passed": true}')
    expected = "a.json is no edgebert record: it has no 'record'"
    assert complaint("report", "a.json", "-o", "a.html") == expected
    assert names(work) == ["a.json"]


# outputs


def test_an_output_that_exists(work: Path, tiny_embedder: Path, tiny_bundle: Path) -> None:
    (work / "record.json").write_text("{}")
    for name in ("out", "out.html", "out.jsonl"):
        (work / name).write_text("old")
    for command in (
        ["export", tiny_embedder, "-o", "out"],
        ["build", tiny_embedder, "-o", "out"],
        ["quantize", tiny_bundle, "-o", "out"],
        ["report", "record.json", "-o", "out.html"],
        ["embed", tiny_bundle, "text", "--output", "out.jsonl"],
    ):
        told, out = complaint(*command), str(command[-1])
        assert told == f"{out} exists. Choose another output or add --force to replace it"
        assert (work / out).read_text() == "old"


def test_a_forced_output_that_fails_keeps_the_old_one(work: Path, tiny_bundle: Path) -> None:
    copy(tiny_bundle, work / "out")
    result = call("quantize", tiny_bundle, "-o", "out", "--max-drift", "0", "--force")
    assert result.exit_code == 3
    assert json.loads((work / "out/manifest.json").read_text())["precision"] == "fp32"
    assert names(work) == ["out"]


def test_an_output_of_another_kind(work: Path, tiny_bundle: Path, tiny_tagger_bundle: Path) -> None:
    told = complaint("embed", tiny_bundle, "a", "-o", "v.txt")
    assert told == "v.txt: expected a name that ends in .jsonl, .csv, .npy or .parquet"
    told = complaint("tag", tiny_tagger_bundle, "a", "-o", "v.npy")
    assert told == "v.npy: only embeddings fit into .npy; choose .jsonl, .csv or .parquet"


def test_a_record_that_cannot_be_written_is_told_before_the_work(
    work: Path, tiny_bundle: Path
) -> None:
    told = misuse("inspect", tiny_bundle, "--json", work)
    assert told == f"Invalid value for '--json': File '{work}' is a directory."


# the world outside

_WITHOUT = """
import sys
sys.modules |= dict.fromkeys(sys.argv.pop(1).split(","))  # imports of these fail from here on
from edgebert.cli import main
main(prog_name="edgebert")
"""

_LIMITED = """
import resource, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # as a full disk: writes fail midway
from edgebert.cli import main
main(prog_name="edgebert")
"""


def run(code: str, *arguments: str | Path) -> Process:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        ("torch", "export m -o out", "export"),
        ("optimum", "export m -o out", "export"),
        ("onnxscript", "export m -o out", "export"),
        ("onnxruntime", "export m -o out", "export"),
        ("onnx", "quantize b -o out", "quantize"),
        ("onnxruntime", "quantize b -o out", "quantize"),
        ("matplotlib", "build m -o out", "all"),
        ("torch", "demo -o out", "all"),
        ("torch", "pretrain a.txt -o out", "train"),
        ("transformers", "finetune m -o out --task text-classification --train a.txt", "train"),
        ("safetensors", "distill m -o out --layers 1 --texts a.txt", "train"),
        ("jinja2", "report a.txt -o out", "report"),
    ],
)
def test_a_missing_extra_is_named(work: Path, missing: str, command: str, extra: str) -> None:
    (work / "a.txt").touch()
    ran = run(_WITHOUT, missing, *command.split())
    step = command.split()[0]
    expected = f"Error: {step} needs more packages: pip install 'edgebert[{extra}]'\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", expected)
    assert names(work) == ["a.txt"]


def test_a_checkpoint_without_torch(tiny_embedder: Path, tiny_bundle: Path) -> None:
    ran = run(_WITHOUT, "torch", "check", tiny_embedder, tiny_bundle)
    assert (ran.returncode, ran.stdout) == (1, "")
    step = f"running the checkpoint {tiny_embedder}"
    assert ran.stderr == f"Error: {step} needs more packages: pip install 'edgebert[export]'\n"


@pytest.mark.parametrize(
    "command", ["embed B text", "doctor B", "check B B", "bench B --lengths 8"]
)
def test_no_onnxruntime_is_installed(tiny_bundle: Path, command: str) -> None:
    words = [str(tiny_bundle) if word == "B" else word for word in command.split()]
    ran = run(_WITHOUT, "onnxruntime", *words)
    expected = "Error: no onnxruntime is installed: pip install 'edgebert[cpu]'\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", expected)


def test_a_device_needs_none_of_the_workstation(tiny_bundle: Path) -> None:
    heavy = "torch,transformers,safetensors,onnx,onnxscript,optimum,jinja2,matplotlib"
    for command, *text in (["embed", "text"], ["doctor"], ["inspect"]):
        ran = run(_WITHOUT, heavy, command, tiny_bundle, *text)
        assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("limit", [2_000, 100_000])
def test_a_full_disk_midway_leaves_nothing(work: Path, tiny_bundle: Path, limit: int) -> None:
    source = copy(tiny_bundle, work / "source")
    before = names(source)
    (work / "many.txt").write_text("turn the lamp on\n" * 500)
    for words in (
        ["quantize", "source", "-o", "out"],
        ["embed", "source", "--input", "many.txt", "-o", "out.jsonl"],
        ["embed", "source", "--input", "many.txt", "-o", "out.npy"],
        ["embed", "source", "--input", "many.txt", "-o", "out.csv"],
        ["embed", "source", "--input", "many.txt", "-o", "out.parquet"],
    ):
        ran = run(_LIMITED, str(limit), *words)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert ran.stderr == f"Error: {words[-1]} cannot be written: File too large\n"
    assert names(work) == ["many.txt", "source"]
    assert names(source) == before


def test_a_full_disk_midway_through_an_export_leaves_nothing(
    work: Path, tiny_embedder: Path
) -> None:
    ran = run(_LIMITED, "100000", "export", tiny_embedder, "-o", "out")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "Error: out cannot be written: File too large\n"
    assert names(work) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_behind_stdout_is_told(tiny_bundle: Path) -> None:
    for words in (["embed", tiny_bundle, "text"], ["inspect", tiny_bundle, "--json", "-"]):
        with Path("/dev/full").open("w") as full:
            ran = subprocess.run(
                [sys.executable, "-m", "edgebert", *map(str, words)],
                cwd=ROOT,
                check=False,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert (ran.returncode, ran.stderr) == (1, "Error: No space left on device\n")


def interrupt_midway(folder: Path, *arguments: str | Path) -> tuple[int, str]:
    """Start a command that writes `folder`/out, press Ctrl-C once it writes; its code and stderr."""
    command = [sys.executable, "-m", "edgebert", *map(str, arguments), "-o", str(folder / "out")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 60
        while not list(folder.glob(".out.*")):
            assert running.poll() is None, "it ended before it wrote anything"
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(0.03)
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        return running.wait(), running.stderr.read()


def test_ctrl_c_midway_leaves_nothing(
    tmp_path: Path, tiny_embedder: Path, tiny_bundle: Path
) -> None:
    source = copy(tiny_bundle, tmp_path / "source")
    before = names(source)
    (tmp_path / "made").mkdir()
    for command, model in (("export", tiny_embedder), ("quantize", source)):
        code, errors = interrupt_midway(tmp_path / "made", command, model)
        assert errors == "Interrupted; nothing half-written was left behind.\n"
        # Python ends by the signal itself when it came amid exec(); a shell shows 130 for both.
        assert code in (130, -signal.SIGINT)
        assert names(tmp_path / "made") == []
    assert names(source) == before
