"""Tokens that a tokenizer knows and a model does not: told at export, refused text by text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from click.testing import CliRunner, Result

from edgebert.bundle import open_bundle, read_bundle, seal
from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.cli.make.export import show_export
from edgebert.doctor import examine
from edgebert.drift import check
from edgebert.errors import BundleError, CheckpointError, InputError
from edgebert.export import ExportOptions, export_model, optimize_export
from edgebert.quantize import QuantizeOptions
from edgebert.quantize.calibration import choose_texts
from edgebert.records.made import ExportRecord
from edgebert.references.onnx_file import open_onnx_file
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.references.saved import SavedOutputs
from edgebert.runtimes import Model, load
from edgebert.training.models import load_model, load_tokenizer
from edgebert.training.tasks.encoding import encode, predict

TEXTS = ("turn on the lamp", "covid19 in paris", "", "is it on", "the kettle and <ent>")
WHY = "its token 'covid19' (65) has no embedding: the model has 65"


@pytest.fixture(scope="module")
def folder(tiny_embedder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with two tokens more than embeddings; one is a word of the golden texts."""
    folder = tmp_path_factory.mktemp("beyond")
    shutil.copytree(tiny_embedder, folder / "checkpoint")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "checkpoint")
    tokenizer.add_tokens(["covid19", "<ent>", "kettle"])
    tokenizer.save_pretrained(folder / "checkpoint")
    return folder


@pytest.fixture(scope="module")
def record(folder: Path) -> ExportRecord:
    return export_model(folder / "checkpoint", folder / "bundle")


@pytest.fixture(scope="module")
def bundle(folder: Path, record: ExportRecord) -> Path:
    assert record.passed
    return folder / "bundle"


@pytest.fixture(scope="module")
def model(bundle: Path) -> Model:
    return load(bundle)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS) + "\n")
    return tmp_path / "texts.txt"


def run(*asked: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(map(str, asked)), input=stdin)


def test_an_export_tells_which_tokens_have_no_embedding(record: ExportRecord) -> None:
    assert record.tokens_without_embedding == ("covid19", "<ent>", "kettle")
    assert (
        "warning: 3 tokens have no embedding, and a text that holds one is refused: "
        "'covid19', '<ent>', 'kettle'\n"
    ) in show_export(record)


def test_a_bundle_is_proved_with_the_texts_that_it_reads(bundle: Path) -> None:
    assert open_bundle(bundle).manifest.embedding_rows == 65
    sealed = [str(text.text) for text in load(bundle).bundle.golden().texts]
    assert len(sealed) > 30
    assert not any("kettle" in text for text in sealed)
    (tokens,) = (check for check in examine(bundle).checks if check.name == "tokenizer")
    assert tokens.detail.endswith("3 tokens have no embedding and are refused, first 'covid19'")


def test_a_bundle_whose_model_knows_all_tokens_says_nothing(tiny_bundle: Path) -> None:
    assert open_bundle(tiny_bundle).manifest.embedding_rows is None
    assert load(tiny_bundle).reads_all


def test_a_text_is_refused_by_its_place_and_the_token(model: Model) -> None:
    expected = f"text 1: {WHY}"
    for long_text in ("truncate", "mean"):
        with pytest.raises(InputError) as refused:
            model.embed(list(TEXTS), long_text=long_text)
        assert str(refused.value) == expected
    with pytest.raises(InputError) as refused:
        model.outputs(TEXTS)
    assert str(refused.value) == expected
    stream = model.embed(iter(TEXTS))
    found: list[Any] = []
    with pytest.raises(InputError, match="text 1: its token 'covid19'"):
        found.extend(stream)
    with pytest.raises(InputError, match=r"text 0: its token 'kettle' \(67\)"):
        model.embed("the kettle")


def test_a_text_that_is_cut_before_the_token_is_read(model: Model) -> None:
    late = "turn on the lamp " * 20 + "covid19"
    assert model.embed(late).shape == (64,)
    assert model.embed("on on on on covid19", max_length=5).shape == (64,)
    assert model.refusal(late) is None
    assert model.refusal("on covid19") == WHY
    assert model.refusal("on on on on covid19", max_length=5) is None
    with pytest.raises(InputError, match="covid19"):
        model.embed(late, long_text="mean")


def test_a_line_without_an_answer_is_one_line_of_the_file(bundle: Path, texts: Path) -> None:
    for name, how in (("a.jsonl", ()), ("b.jsonl", ("--resume",))):
        output = texts.with_name(name)
        result = run("embed", bundle, "--input", texts, "--output", output, *how)
        assert result.exit_code == 1
        assert result.stderr.splitlines()[-1] == (
            f"Error: {texts}, line 2: {WHY}; {texts}, line 5: its token 'kettle' (67) has no "
            "embedding: the model has 65. All others were answered"
        )
        rows = [json.loads(line) for line in output.read_text().splitlines()]
        assert [row["text"] for row in rows] == list(TEXTS)
        assert [list(row)[1] for row in rows] == [
            "embedding", "error", "embedding", "embedding", "error",
        ]  # fmt: skip
        assert rows[1]["error"] == WHY
        np.testing.assert_allclose(
            [row["embedding"] for row in rows if "embedding" in row],
            load(bundle).embed(["turn on the lamp", "", "is it on"]),
            rtol=1e-6,
        )
    with pytest.raises(InputError, match=r"a\.jsonl, line 2: holds no answer: its token"):
        SavedOutputs(texts.with_name("a.jsonl"))


@pytest.mark.parametrize("name", ["v.npy", "v.csv", "v.parquet"])
@pytest.mark.parametrize("how", [(), ("--resume",)])
def test_a_file_that_cannot_say_so_is_not_written(
    name: str, how: tuple[str, ...], bundle: Path, texts: Path
) -> None:
    output = texts.with_name(name)
    result = run("embed", bundle, "--input", texts, "--output", output, *how)
    assert result.exit_code == 1
    assert f"{texts}, line 2: {WHY}; {texts}, line 5: " in result.stderr
    assert result.stderr.rstrip().endswith(f"{output} has no place for that, a .jsonl file has")
    assert [path.name for path in texts.parent.iterdir()] == ["texts.txt"]


def test_lines_of_tables_are_named_as_they_stand(bundle: Path, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text('id,text\n1,"two\nlines"\n\n2,covid19\n3,on\n')
    result = run("embed", bundle, "--input", file, "--output", tmp_path / "o.jsonl")
    assert result.exit_code == 1
    assert f"Error: {file}, line 5: {WHY}" in result.stderr
    assert len((tmp_path / "o.jsonl").read_text().splitlines()) == 3


def test_arguments_and_stdin_go_on_behind_a_text_without_an_answer(bundle: Path) -> None:
    for asked, stdin, place in (
        (("on", "covid19", "off"), None, "text 2"),
        (("--input", "-"), "on\ncovid19\noff\n", "stdin, line 2"),
    ):
        result = run("embed", bundle, *asked, stdin=stdin)
        assert result.exit_code == 1
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        assert [list(row)[1] for row in rows] == ["embedding", "error", "embedding"]
        assert f"Error: {place}: {WHY}. All others were answered" in result.stderr


def test_a_bundle_from_before_tells_what_onnxruntime_means(bundle: Path, tmp_path: Path) -> None:
    old = Path(shutil.copytree(bundle, tmp_path / "old"))
    manifest = json.loads((old / "manifest.json").read_text())
    del manifest["embedding_rows"]
    (old / "manifest.json").write_text(json.dumps(manifest))
    seal(old, read_bundle(old).manifest)
    with pytest.raises(BundleError) as refused:
        load(old).embed("covid19")
    assert str(refused.value) == (
        "onnxruntime cannot run the graph: a token or a position is 65, and its table of "
        "embeddings ends at 64"
    )


def test_calibration_leaves_out_what_cannot_be_read(
    model: Model, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "c.txt"
    file.write_text("\n".join(f"lamp {n} {'covid19' * (n == 7)}" for n in range(60)))
    chosen = choose_texts(QuantizeOptions(calibration=file), model)
    assert not any("covid19" in str(text) for text in (*chosen.ranges, *chosen.search))
    (said,) = caplog.messages
    assert said == f"1 of 60 texts are left out of calibration, first {file}, line 8: {WHY}"


def test_pytorch_says_so_too(folder: Path, bundle: Path) -> None:
    reference = CheckpointModel(open_checkpoint(folder / "checkpoint"))
    with pytest.raises(InputError, match=r"^text 1: its token 'covid19' \(65\)"):
        reference.outputs(TEXTS)
    with pytest.raises(BundleError, match=r"cannot run: a token or a position is 65, and its"):
        open_onnx_file(bundle / "model.onnx").outputs(["covid19"])
    checkpoint = open_checkpoint(folder / "checkpoint")
    trained = load_model(transformers.AutoModel, checkpoint, {})
    encoded = encode(load_tokenizer(checkpoint), list(TEXTS))
    with pytest.raises(InputError, match=r"a text has the token with the id 6[57], which has no"):
        predict(trained, encoded, lambda batch: trained(**batch).last_hidden_state)


def test_a_tagger_in_pytorch_says_so_of_all_that_it_reads(
    tiny_tagger: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_tagger, tmp_path / "tagger"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["covid19"])
    tokenizer.save_pretrained(folder)
    reference = CheckpointModel(open_checkpoint(folder, max_length=16))
    text = "turn on the lamp " * 20
    (whole,) = reference.wholes([text])
    assert len(whole.encodings) > 1
    with pytest.raises(InputError, match=r"^text 1: its token 'covid19' \(65\)"):
        reference.wholes([text, f"{text} covid19"])


def test_a_tokenizer_without_a_token_for_what_is_unknown_is_told(
    tiny_embedder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_embedder, tmp_path / "embedder"))
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("[PAD]\n[CLS]\n[SEP]\n[MASK]\nlamp\n")
    with pytest.raises(CheckpointError, match=r"embedder: its tokenizer cannot read a text: \w+"):
        CheckpointModel(open_checkpoint(folder)).outputs(["turn on the lamp"])


def test_a_check_names_the_line_that_a_side_cannot_read(bundle: Path, texts: Path) -> None:
    with pytest.raises(InputError, match=r"texts\.txt, line 2: its token 'covid19'"):
        check(bundle, bundle, texts)
    pairs = texts.with_name("pairs.tsv")
    pairs.write_text("sentence1\tsentence2\tscore\non\tlamp\t1\noff\tcovid19\t0\n")
    with pytest.raises(InputError, match=r"pairs\.tsv, line 3: its token 'covid19'"):
        check(bundle, bundle, pairs)


def test_a_corpus_of_answers_tells_which_line_has_none(
    bundle: Path, texts: Path, tmp_path: Path
) -> None:
    run("embed", bundle, "--input", texts, "-o", tmp_path / "v.jsonl")
    with pytest.raises(InputError, match="line 2: holds no answer: its token 'covid19'"):
        load(bundle).search("turn on", tmp_path / "v.jsonl")


def test_a_foreign_graph_tells_its_tokens_without_embedding(bundle: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(bundle, tmp_path / "source"))
    (source / "manifest.json").unlink()
    record = optimize_export(source, tmp_path / "out")
    assert record.tokens_without_embedding == ("covid19", "<ent>", "kettle")
    with pytest.raises(InputError, match="text 0: its token '<ent>'"):
        load(tmp_path / "out").embed(["<ent>"])


def test_a_tokenizer_of_another_model_is_told(folder: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder / "checkpoint", tmp_path / "other"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(other)
    tokenizer.add_special_tokens({"cls_token": "<cls>"})
    (other / "tokenizer.json").unlink()
    tokenizer.save_pretrained(other)
    file = json.loads((other / "tokenizer.json").read_text())
    text = json.dumps(file["post_processor"]).replace('"id": "[CLS]"', '"id": "<cls>"')
    text = text.replace('"ids": [2]', '"ids": [68]').replace('"[CLS]": {', '"<cls>": {')
    text = text.replace('"tokens": ["[CLS]"]', '"tokens": ["<cls>"]')
    (other / "tokenizer.json").write_text(json.dumps({**file, "post_processor": json.loads(text)}))
    settings = json.loads((other / "tokenizer_config.json").read_text())
    settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    (other / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(CheckpointError, match="the tokenizer and the weights do not belong"):
        export_model(other, tmp_path / "out", options=ExportOptions())


def test_bulk_runs_answer_the_other_texts_and_tell_the_places(
    bundle: Path, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(texts.parent)
    monkeypatch.setattr("edgebert.bulk.planning._TEXTS_IN_A_SHARD", 2)
    many = ("embed", bundle, "--input", "*.txt", "-o", "out")
    shared = run(*many, "--shards", "1/2")  # nothing is told before the output is whole
    assert (shared.exit_code, Path("out/texts.jsonl").exists()) == (0, False)
    ran = run(*many)
    alone = run("embed", bundle, "--input", "texts.txt", "-o", "alone.jsonl")
    assert (ran.exit_code, alone.exit_code) == (1, 1)
    assert Path("out/texts.jsonl").read_bytes() == Path("alone.jsonl").read_bytes()
    assert ran.stderr.splitlines()[-1] == alone.stderr.splitlines()[-1]


def test_bulk_runs_write_nothing_where_an_output_cannot_say_that_an_answer_is_missing(
    bundle: Path, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(texts.parent)
    ran = run("embed", bundle, "--input", "*.txt", "-o", "out", "--format", "npy")
    assert ran.exit_code == 1
    assert f"texts.txt, line 2: {WHY}" in ran.stderr
    assert ran.stderr.endswith("Nothing was written: .npy has no place for that, .jsonl has\n")
    assert not Path("out").exists()
