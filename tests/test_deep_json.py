"""JSON that lies thousands deep in itself is refused in one line, wherever JSON is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgebert.bundle import open_bundle
from edgebert.cli import main
from edgebert.errors import BundleError
from edgebert.json_files import parse

DEEP = "[" * 3000 + "]" * 3000
IN_A_KEY = f'{{"text": "a", "deep": {DEEP}}}'
WHY = "lists and objects more than 128 deep in each other"


def complaint(*arguments: str | Path) -> str:
    """The line of an error, less its `Error: `."""
    result = CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("Error: ").removesuffix("\n")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [129, 800, 3000, 100_000])
def test_json_deeper_than_any_reader_goes_is_refused(opening: str, depth: int) -> None:
    text = opening * depth + "0" + ("]" if opening == "[" else "}") * depth
    with pytest.raises(ValueError, match=f"^{WHY}$"):
        parse(text)


def test_json_as_deep_as_readers_go_is_read() -> None:
    text = "[" * 128 + "]" * 128
    assert parse(text) == json.loads(text)
    flat = json.dumps([["piece", -1.5]] * 1000 + ["[" * 500])
    assert parse(flat) == json.loads(flat)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", f'{{"text": "a"}}\n{IN_A_KEY}\n', ", line 2: this is not JSON ("),
        ("a.json", DEEP, ": this is not JSON ("),
    ],
)
def test_a_deep_data_file_is_told(
    tmp_path: Path, tiny_bundle: Path, name: str, content: str, told: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    expected = f"{path}{told}{WHY})"
    assert complaint("embed", tiny_bundle, "--input", path) == expected
    assert complaint("check", tiny_bundle, tiny_bundle, "--data", path) == expected


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl"])
def test_a_deep_retrieval_set_is_told(tmp_path: Path, tiny_bundle: Path, name: str) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\n1\t1\t1\n")
    for file in ("corpus.jsonl", "queries.jsonl"):
        (tmp_path / file).write_text('{"_id": "1", "text": "a"}\n')
    (tmp_path / name).write_text(f'{{"_id": "1", "text": "a", "metadata": {DEEP}}}\n')
    told = complaint("check", tiny_bundle, tiny_bundle, "--data", tmp_path)
    assert told == f"{tmp_path / name}, line 1: this is not JSON ({WHY})"


def test_deep_saved_answers_are_told(tmp_path: Path, tiny_bundle: Path) -> None:
    saved = tmp_path / "saved.jsonl"
    saved.write_text(f'{{"text": "a", "embedding": {DEEP}}}\n')
    told = complaint("check", tiny_bundle, saved)
    assert told == f"{saved}, line 1: this is not JSON ({WHY})"


def test_a_deep_record_is_told(tmp_path: Path, tiny_bundle: Path) -> None:
    record, texts = tmp_path / "record.json", tmp_path / "texts.txt"
    record.write_text(f'{{"record": "check", "format": 1, "worst": {DEEP}}}')
    texts.write_text("a\n")
    why = f"it is not valid JSON ({WHY})"
    told = complaint("report", record, "-o", tmp_path / "report.html")
    assert told == f"{record} is no edgebert record: {why}"
    told = complaint("check", tiny_bundle, tiny_bundle, "--data", texts, "--baseline", record)
    assert told == f"{record} is no check record (write one with 'check --json'): {why}"


def test_a_deep_pyproject_is_told(tmp_path: Path, tiny_bundle: Path) -> None:
    config = tmp_path / "gates.toml"
    config.write_text(f"deep = {DEEP}\n")
    told = complaint("check", tiny_bundle, tiny_bundle, "--config", config)
    assert told == f"{config} is not TOML: its lists lie too deep in each other"


def test_a_deep_bundle_is_told(tmp_path: Path, tiny_bundle: Path) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))
    opened = open_bundle(bundle)
    (bundle / "golden.json").write_text(IN_A_KEY)
    with pytest.raises(BundleError) as caught:
        opened.golden()
    assert str(caught.value) == f"{bundle / 'golden.json'} is damaged: {WHY}"
    (bundle / "manifest.json").write_text(IN_A_KEY)
    expected = f"{bundle / 'manifest.json'} is damaged: {WHY}"
    assert complaint("embed", bundle, "text") == expected
    assert complaint("doctor", bundle) == expected
    assert complaint("inspect", bundle) == expected


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("config.json", "cannot be read as JSON"),
        ("tokenizer.json", "cannot be read as JSON"),
        ("tokenizer_config.json", "cannot be read as JSON"),
        ("special_tokens_map.json", "cannot be read as JSON"),
        ("sentence_bert_config.json", "cannot be read as JSON"),
        ("config_sentence_transformers.json", "cannot be read as JSON"),
        ("1_Pooling/config.json", "cannot be read as JSON"),
        ("modules.json", "is not a list of sentence-transformers modules"),
    ],
)
def test_a_deep_file_of_a_checkpoint_is_told(
    tmp_path: Path, tiny_embedder: Path, name: str, told: str
) -> None:
    model = Path(shutil.copytree(tiny_embedder, tmp_path / "model"))
    (model / name).write_text(IN_A_KEY if name != "modules.json" else DEEP)
    assert complaint("export", model, "-o", tmp_path / "out") == f"{model / name} {told}"
    assert not (tmp_path / "out").exists()


def test_a_deep_header_of_weights_is_told(tmp_path: Path, tiny_embedder: Path) -> None:
    model = Path(shutil.copytree(tiny_embedder, tmp_path / "model"))
    header = IN_A_KEY.encode()
    weights = model / "model.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header)
    told = complaint("export", model, "-o", tmp_path / "out")
    assert told == f"{weights} is damaged: its header cannot be read"
