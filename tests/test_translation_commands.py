"""What commands other than translate make of a translator: each works, or says in one line why not."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import onnx
import pytest
from bundle_damage import reseal
from click.testing import CliRunner, Result
from graph_damage import zero_weight
from served import served_here

from edgebert.bundle import open_bundle
from edgebert.bundle.card import model_card
from edgebert.cli import main
from edgebert.doctor import examine
from edgebert.errors import GateError
from edgebert.inspect import inspect_path
from edgebert.records.diagnosed import DoctorRecord
from edgebert.runtimes import load


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")


def complaint(*arguments: object, code: int = 1) -> str:
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr.removeprefix("Error: ").removesuffix("\n")


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# what is not for a translator


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["embed", "BUNDLE", "a"], "is a translation bundle; embed needs one for"),
        (["embed", "BUNDLE", "a", "--long-text", "mean"], "embed needs one for"),
        (["classify", "BUNDLE", "a"], "classify needs one for text-classification"),
        (["tag", "BUNDLE", "a"], "tag needs one for token-classification"),
        (["fill", "BUNDLE", "a [MASK]"], "fill_mask needs one for fill-mask"),
        (["rerank", "BUNDLE", "a", "b"], "rerank needs one for text-classification"),
        (["search", "BUNDLE", "a", "--corpus", "a.txt"], "search needs one for"),
        (["answer", "BUNDLE", "a", "--context", "a.txt"], "answer needs one for"),
        (["tune", "BUNDLE"], "there is nothing to tune"),
        (["optimize", "BUNDLE", "-o", "out"], "is a bundle already"),
        (["package", "BUNDLE", "--target", "web", "-o", "out"], "runs in Python only yet"),
        (["package", "BUNDLE", "--target", "node", "-o", "out"], "runs in Python only yet"),
        (["package", "BUNDLE", "--target", "transformers.js", "-o", "out"], "'edgebert serve"),
        (["serve", "BUNDLE", "--reference", "BUNDLE"], "live translations are not compared yet"),
    ],
)
def test_it_is_told_in_one_line(
    tiny_translator_bundle: Path, command: list[str], told: str
) -> None:
    Path("a.txt").write_text("a\n")
    given = [str(tiny_translator_bundle) if word == "BUNDLE" else word for word in command]
    assert told in complaint(*given)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    "task", ["text-classification", "sentence-similarity", "token-classification", "reranking"]
)
def test_a_translator_is_not_trained_for_another_task(tiny_translator: Path, task: str) -> None:
    Path("rows.tsv").write_text("text\ttext_pair\tlabel\nanna\tben\t0\nben\tanna\t1\n")
    Path("tags.conll").write_text("anna B-person\n\nben B-person\n")
    data = "tags.conll" if task == "token-classification" else "rows.tsv"
    files = ("--train", data, "--dev", data)
    result = call("finetune", tiny_translator, "--task", task, *files, "-o", "out")
    assert result.exit_code == 1
    told = "writes translations, and goes on with --task translation alone"
    assert told in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["translate", "B", "a"], 1),
        (["bench", "B"], 1),
        (["inspect", "B"], 1),
        (["doctor", "B"], 3),
    ],
)
def test_a_bundle_without_its_decoder_is_refused(
    tiny_translator_bundle: Path, command: list[str], code: int
) -> None:
    shutil.copytree(tiny_translator_bundle, "B")
    Path("B/decoder.onnx").unlink()
    result = call(*command)
    assert result.exit_code == code
    assert "decoder.onnx is missing" in result.output
    manifest = json.loads(Path("B/manifest.json").read_text())
    del manifest["graphs"]["decoder"]
    Path("B/manifest.json").write_text(json.dumps(manifest))
    result = call(*command)
    assert (result.exit_code, result.output) == (
        1,
        "Error: B/manifest.json is damaged: it names no decoder, which translation needs\n",
    )


# inspect and the model card


def test_inspect_shows_both_graphs_and_all_of_them_together(tiny_translator_bundle: Path) -> None:
    record = inspect_path(tiny_translator_bundle, provider="cpu")
    assert list(record.graphs) == ["encoder", "decoder"]
    for key in ("embeddings", "matmul_weights", "other_weights", "model"):
        assert record.sizes[key] == sum(part.sizes[key] for part in record.graphs.values()) > 0
    for role in record.graphs:
        assert record.sizes[role] == (tiny_translator_bundle / f"{role}.onnx").stat().st_size
    assert sum(record.operators.values()) == sum(
        count for part in record.graphs.values() for count in part.operators.values()
    )
    tokenizers = ("tokenizer.json", "tokenizer_target.json")
    sizes = [(tiny_translator_bundle / name).stat().st_size for name in tokenizers]
    assert record.sizes["tokenizer"] == sum(sizes)
    assert record.placement is not None and not record.placement.fell_back
    assert not any("Softmax" in risk for risk in record.risks)
    printed = call("inspect", tiny_translator_bundle).stdout
    assert "encoder and decoder, for cpu" in printed
    assert "int8 of the decoder: 0 of" in printed


def test_the_tied_table_of_the_decoder_counts_once(tiny_translator_bundle: Path) -> None:
    bundle = open_bundle(tiny_translator_bundle)
    writing = bundle.manifest.writing
    assert writing is not None
    table = 4 * writing.vocabulary * writing.heads * writing.head_width
    assert inspect_path(tiny_translator_bundle).graphs["decoder"].sizes["embeddings"] == table


def test_the_model_card_says_how_a_translator_is_run(tiny_translator_bundle: Path) -> None:
    card = model_card(open_bundle(tiny_translator_bundle))
    assert "`encoder.onnx` and `decoder.onnx`" in card
    assert 'edgebert translate THIS_FOLDER "a sentence"' in card
    assert 'model.translate("a sentence").text' in card
    assert "| writes | 2 layers, " in card


# serve


def test_translations_over_http_are_those_of_the_library(tiny_translator_bundle: Path) -> None:
    texts = ["turn the lamp on", "", "anna is late. ben was in berlin!", "灯"]
    model: Any = load(tiny_translator_bundle, threads=1)
    with served_here({"de": tiny_translator_bundle}) as here:
        asked = {"beam": 3, "n_best": 2, "length_penalty": 0.5, "max_length": 7}
        options: dict[str, Any]
        for options in ({}, asked):
            answered = here.post("/translate", {"texts": texts, **options})
            assert answered.status == 200, answered.body
            expected = [asdict(found) for found in model.translate(texts, **options)]
            assert answered.json == json.loads(json.dumps(expected))
        one = here.post("/models/de/translate", {"texts": texts[0]}).json
        assert one["text"] == model.translate(texts[0]).text
        assert here.get("/info").json["models"][0]["verbs"] == ["tokenize", "translate"]
        assert "/translate" in here.get("/openapi.json").json["paths"]


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ({"texts": "a", "beam": 33}, 422, "beam"),
        ({"texts": "a", "beam": 2, "n_best": 3}, 422, "n_best"),
        ({"texts": "a", "max_length": 0}, 422, "max_length"),
        ({"texts": []}, 400, "there are no texts"),
    ],
)
def test_bad_options_are_refused_over_http(
    tiny_translator_bundle: Path, body: dict[str, object], code: int, told: str
) -> None:
    with served_here({"de": tiny_translator_bundle}) as here:
        answered = here.post("/translate", body)
        assert answered.status == code
        assert told in answered.error


def test_hugging_faces_route_says_where_a_translator_is_asked(tiny_translator_bundle: Path) -> None:
    with served_here({"de": tiny_translator_bundle}) as here:
        for path in ("/", "/models/de"):
            answered = here.post(path, {"inputs": "turn the lamp on"})
            assert answered.status == 422
            assert answered.error == "de is for translation, which is asked at /translate"


# doctor


def test_the_doctor_names_the_tokenizer_that_is_damaged(tiny_translator_bundle: Path) -> None:
    shutil.copytree(tiny_translator_bundle, "B")
    Path("B/tokenizer_target.json").write_text("{}")
    reseal(Path("B"))
    with pytest.raises(GateError) as failed:
        examine("B")
    record = failed.value.record
    assert isinstance(record, DoctorRecord)
    (check,) = (check for check in record.checks if not check.passed)
    assert (check.name, check.cause) == ("load", "tokenizer")
    assert "tokenizer_target.json" in check.detail


def test_the_doctor_notices_another_decoder(tiny_translator_bundle: Path) -> None:
    shutil.copytree(tiny_translator_bundle, "B")
    decoder = onnx.load("B/decoder.onnx")
    zero_weight(decoder.graph, "layers.1.down.bias")
    onnx.save(decoder, "B/decoder.onnx")
    reseal(Path("B"))
    with pytest.raises(GateError, match="golden answers"):
        examine("B")
