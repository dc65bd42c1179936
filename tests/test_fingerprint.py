"""Answers say which model made them, and what was made by another is not mixed with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from bundle_damage import edit
from click.testing import CliRunner, Result

from edgebert.adapters import RetrievalEmbedder
from edgebert.bundle import open_bundle, seal
from edgebert.cli import main
from edgebert.data.makers import file_beside, maker_beside
from edgebert.doctor import examine
from edgebert.drift import check
from edgebert.errors import InputError
from edgebert.export import export_model
from edgebert.measures import Thresholds
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.codec import read_json
from edgebert.records.fingerprint import Fingerprint
from edgebert.records.timed import BenchRecord
from edgebert.runtimes import load

TEXTS = ["turn on the lamp", "the fan is off", "anna is in paris", "please tell ben"]
LOOSE = Thresholds(max_drift=1.0)


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))


@pytest.fixture
def prompted(bundle: Path) -> Path:
    edit(bundle, "manifest.json", lambda m: m.update(prompts={"query": "tell ", "passage": "in "}))
    return bundle


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS))
    return path


def edgebert(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def embedded(bundle: Path, texts: Path, name: str, *options: str) -> Path:
    """What `edgebert embed` writes."""
    output = texts.with_name(name)
    result = edgebert("embed", bundle, "--input", texts, "-o", output, "--force", *options)
    assert result.exit_code == 0, result.output
    return output


def test_a_fingerprint_is_read_back() -> None:
    made = Fingerprint("weight-only", "0a1b2c3d", "0123456789ab", "onnxruntime")
    for fingerprint in (made, made.having(prompt="a+b=c-d.5f", long_text="mean", unset="")):
        assert Fingerprint.read(str(fingerprint)) == fingerprint
        assert fingerprint.model == made
    assert str(made) == "weight-only-0a1b2c3d-0123456789ab-onnxruntime"
    for text in ("", "a-b-c", "auto-0a1b2c3d-0123456789ab-onnxruntime+prompt"):
        with pytest.raises(ValueError):
            Fingerprint.read(text)


def test_a_bundle_made_again_gives_the_same_fingerprint(
    tiny_embedder: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    record = export_model(tiny_embedder, tmp_path / "again")
    again = open_bundle(tmp_path / "again")
    assert load(again.path).fingerprint == load(tiny_bundle).fingerprint == record.fingerprint


def test_a_bundle_sealed_with_other_drift_and_golden_texts_keeps_its_fingerprint(
    tiny_bundle: Path, bundle: Path
) -> None:
    edit(bundle, "golden.json", lambda golden: golden.update(onnxruntime="1.2.3"))
    edit(bundle, "manifest.json", lambda manifest: manifest["drift"].update(mean=0.5))
    assert open_bundle(bundle).sha256 != open_bundle(tiny_bundle).sha256
    assert load(bundle).fingerprint == load(tiny_bundle).fingerprint


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(max_length=20),
        lambda manifest: manifest.update(pooling="cls"),
        lambda manifest: manifest.update(labels=["a"]),
        lambda manifest: manifest["source"].update(sha256="0" * 64),
    ],
)
def test_what_changes_an_answer_changes_the_fingerprint(
    tiny_bundle: Path, bundle: Path, change: Any
) -> None:
    edit(bundle, "manifest.json", change)
    assert open_bundle(bundle).fingerprint() != open_bundle(tiny_bundle).fingerprint()


def test_another_tokenizer_and_another_scheme_have_other_fingerprints(
    tiny_bundle: Path, tiny_int8: Path, tiny_dynamic_int8: Path, bundle: Path
) -> None:
    tokenizer = json.loads((bundle / "tokenizer.json").read_text())
    (bundle / "tokenizer.json").write_text(json.dumps(tokenizer))
    seal(bundle, open_bundle(tiny_bundle).manifest)
    made = [
        open_bundle(b).fingerprint() for b in (tiny_bundle, tiny_int8, tiny_dynamic_int8, bundle)
    ]
    assert len(set(made)) == 4
    assert [f.scheme for f in made] == ["fp32", "token", "dynamic", "fp32"]
    assert len({f.source for f in made}) == 1


def test_the_default_prompt_is_part_of_what_embed_gives(prompted: Path) -> None:
    plain = load(prompted).fingerprint
    assert str(load(prompted).made_by("query")).startswith(f"{plain}+prompt=query.")
    edit(prompted, "manifest.json", lambda manifest: manifest.update(default_prompt="query"))
    model = load(prompted)
    assert model.fingerprint == str(model.made_by("query")) != str(model.made_by(""))
    edit(prompted, "manifest.json", lambda manifest: manifest["prompts"].update(query="say "))
    assert load(prompted).fingerprint != model.fingerprint


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("ending", ["npy", "csv", "jsonl", "parquet"])
def test_every_file_of_answers_says_who_made_them(
    tiny_bundle: Path, texts: Path, ending: str, resume: bool
) -> None:
    options = ["--resume"] if resume else []
    output = embedded(tiny_bundle, texts, f"v.{ending}", *options)
    expected = load(tiny_bundle).fingerprint
    if ending == "jsonl":
        rows = [json.loads(line) for line in output.read_text().splitlines()]
        assert [row["fingerprint"] for row in rows] == [expected] * len(TEXTS)
    else:
        assert str(maker_beside(output)) == expected
    assert file_beside(output).exists() == (ending in ("npy", "csv"))
    if ending == "parquet":
        assert pq.read_table(output).column_names == ["text", "embedding"]


def test_what_stands_beside_a_file_that_was_replaced_counts_no_more(
    tiny_bundle: Path, texts: Path
) -> None:
    output = embedded(tiny_bundle, texts, "v.npy")
    np.save(output, np.zeros((7, 64), np.float32))
    assert maker_beside(output) is None
    embedded(tiny_bundle, texts, "v.npy")
    assert maker_beside(output) is not None
    np.save(output, np.load(output) + 1)  # of another model, and of the same size
    assert maker_beside(output) is None


def test_what_stands_beside_a_file_from_before_counts_by_its_size(
    tiny_bundle: Path, texts: Path
) -> None:
    output = embedded(tiny_bundle, texts, "v.npy")
    said = json.loads(file_beside(output).read_text())
    assert said.pop("beginning_sha256")
    file_beside(output).write_text(json.dumps(said))
    assert maker_beside(output) is not None


@pytest.mark.parametrize("ending", ["npy", "csv", "jsonl", "parquet"])
def test_a_search_takes_vectors_of_its_own_model_and_refuses_others(
    tiny_bundle: Path, tiny_int8: Path, texts: Path, ending: str
) -> None:
    output, model = embedded(tiny_bundle, texts, f"v.{ending}"), load(tiny_bundle)
    expected = model.search("the lamp", TEXTS, k=4)
    hits = model.search("the lamp", output, k=4)
    assert [(h.index, round(h.score, 6)) for h in hits] == [
        (h.index, round(h.score, 6)) for h in expected
    ]
    assert [h.text for h in hits] == [None if ending == "npy" else h.text for h in expected]
    with pytest.raises(InputError) as caught:
        load(tiny_int8).search("the lamp", output)
    assert str(caught.value) == (
        f"{output} was made by {model.fingerprint}, not by this model "
        f"({load(tiny_int8).fingerprint}): make them anew with 'edgebert embed'"
    )


def test_a_search_refuses_vectors_of_another_prompt(prompted: Path, texts: Path) -> None:
    model = load(prompted)
    right = embedded(prompted, texts, "right.jsonl", "--prompt", "passage")
    expected = model.search("the lamp", TEXTS, k=4)
    assert [h.index for h in model.search("the lamp", right, k=4)] == [h.index for h in expected]
    for name, options, told in (
        ("plain", (), "without options"),
        ("query", ("--prompt", "query"), "with prompt 'query'"),
    ):
        wrong = embedded(prompted, texts, f"{name}.npy", *options)
        with pytest.raises(InputError) as caught:
            model.search("the lamp", wrong)
        assert str(caught.value) == (
            f"{wrong} was made {told}, and documents are searched with prompt 'passage': "
            "make them anew with 'edgebert embed'"
        )


def test_a_search_takes_a_file_of_texts_or_of_vectors_that_nobody_claims(
    tiny_bundle: Path, texts: Path
) -> None:
    model = load(tiny_bundle)
    expected = model.search("the lamp", TEXTS, k=2)
    assert model.search("the lamp", texts, k=2) == expected
    np.save(texts.with_name("v.npy"), model.embed(TEXTS))
    found = model.search("the lamp", texts.with_name("v.npy"), k=2)
    assert [h.index for h in found] == [h.index for h in expected]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("v.npy", b"no array", "cannot be read as an array of NumPy"),
        (
            "v.jsonl",
            b'{"text": "a", "embedding": [1, 2]}\n{"text": "b", "embedding": 3}\n',
            "line 2",
        ),
        (
            "v.jsonl",
            b'{"text": "a", "embedding": [1]}\n{"text": "b", "embedding": [1, 2]}\n',
            "line 2",
        ),
        ("v.jsonl", b'{"text": "a", "embedding": [1], "fingerprint": "x"}\n', "is no fingerprint"),
        ("v.jsonl", b'{"text": "a", "embedding": [1], "fingerprint": []}\n', "is no fingerprint"),
        ("v.npy", b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        ("v.txt", b"", "holds no text"),
        ("gone.npy", None, "does not exist"),
    ],
)
def test_a_corpus_that_cannot_be_read_is_one_line(
    tiny_bundle: Path, tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = edgebert("search", tiny_bundle, "a lamp", "--corpus", tmp_path / name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {tmp_path / name}") and told in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_command_searches_texts_and_vectors_alike(tiny_bundle: Path, texts: Path) -> None:
    asked = ("search", tiny_bundle, "the lamp", "anna", "-k", 2, "--corpus")
    lines = edgebert(*asked, texts).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [hits["query"] for hits in found] == ["the lamp", "anna"]
    assert [len(hits["hits"]) for hits in found] == [2, 2]
    assert found[1]["hits"][0].keys() == {"index", "score", "text"}
    assert edgebert(*asked, embedded(tiny_bundle, texts, "v.jsonl")).stdout.splitlines() == lines


def test_answers_of_two_models_in_one_file_are_refused_by_line(
    tiny_bundle: Path, tiny_int8: Path, texts: Path
) -> None:
    files = [embedded(b, texts, f"{b.name}.jsonl") for b in (tiny_bundle, tiny_int8)]
    mixed = texts.with_name("mixed.jsonl")
    mixed.write_text("".join(file.read_text() for file in files))
    for ask in (
        lambda: check(tiny_bundle, mixed),
        lambda: load(tiny_bundle).search("a lamp", mixed),
    ):
        with pytest.raises(InputError, match=r"mixed.jsonl, line 5: made by token-\S+, the rows"):
            ask()


def test_a_check_names_who_made_the_answers(
    tiny_bundle: Path, tiny_int8: Path, texts: Path, bundle: Path
) -> None:
    saved = embedded(tiny_int8, texts, "int8.jsonl")
    fp32, int8 = load(tiny_bundle).fingerprint, load(tiny_int8).fingerprint
    same = check(tiny_int8, saved)
    assert (same.made_by, same.warnings) == ({"reference": int8, "candidate": int8}, ())
    other = check(tiny_bundle, saved, thresholds=LOOSE)
    assert other.made_by == {"reference": fp32, "candidate": int8}
    assert other.warnings == (f"{saved} was made by {int8}, not by {tiny_bundle} ({fp32})",)
    edit(bundle, "manifest.json", lambda manifest: manifest["source"].update(sha256="0" * 64))
    strange = check(bundle, saved, thresholds=LOOSE)
    assert strange.warnings == (f"{saved} was made by {int8}, of other weights than {bundle}",)
    shown = edgebert("check", bundle, saved, "--max-drift", 1)
    assert f"warning: {strange.warnings[0]}" in shown.stdout


def test_a_check_against_the_checkpoint_knows_its_weights(
    tiny_embedder: Path, tiny_bundle: Path, texts: Path, bundle: Path
) -> None:
    saved = embedded(tiny_bundle, texts, "own.jsonl")
    assert check(tiny_embedder, saved, thresholds=LOOSE).warnings == ()
    edit(bundle, "manifest.json", lambda manifest: manifest["source"].update(sha256="0" * 64))
    strange = check(tiny_embedder, embedded(bundle, texts, "strange.jsonl"), thresholds=LOOSE)
    assert "of other weights than" in strange.warnings[0]


def test_a_check_refuses_answers_with_another_prompt(prompted: Path, texts: Path) -> None:
    saved = embedded(prompted, texts, "v.jsonl", "--prompt", "query")
    with pytest.raises(InputError) as caught:
        check(prompted, saved)
    assert str(caught.value) == (
        "the two do not compare: the reference answers without options, the candidate with "
        "prompt 'query'"
    )


def test_saved_queries_and_documents_of_a_search_compare_with_the_model_that_searches(
    prompted: Path, texts: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    rows = [json.dumps({"_id": f"d{i}", "text": text}) for i, text in enumerate(TEXTS)]
    (folder / "corpus.jsonl").write_text("\n".join(rows))
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "the lamp"}))
    (folder / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td0\t1\n")
    documents = embedded(prompted, texts, "documents.jsonl", "--prompt", "passage").read_text()
    texts.write_text("the lamp\n")
    queries = embedded(prompted, texts, "queries.jsonl", "--prompt", "query").read_text()
    saved = tmp_path / "saved.jsonl"
    saved.write_text(queries + documents)
    record = check(prompted, saved, folder)
    assert record.passed and record.distance_mean < 1e-6
    saved.write_text(queries + embedded_without_prompt(prompted, texts))
    with pytest.raises(InputError, match="answers with prompt 'passage' and with prompt 'query'"):
        check(prompted, saved, folder)


def embedded_without_prompt(bundle: Path, texts: Path) -> str:
    texts.write_text("".join(f"{text}\n" for text in TEXTS))
    return embedded(bundle, texts, "plain.jsonl").read_text()


def test_records_and_unfinished_runs_carry_it(
    tiny_bundle: Path, tmp_path: Path, quick_bench: None
) -> None:
    expected = load(tiny_bundle).fingerprint
    quantized = quantize_bundle(
        tiny_bundle, tmp_path / "int8", options=QuantizeOptions(scheme="token")
    )
    assert quantized.fingerprint == load(tmp_path / "int8").fingerprint
    assert examine(tiny_bundle).fingerprint == expected
    edgebert("bench", tiny_bundle, "--lengths", 8, "--batch-sizes", 1, "--threads", 1,
             "--json", tmp_path / "bench.json")  # fmt: skip
    record = read_json(BenchRecord, tmp_path / "bench.json", "record")
    assert [timed.fingerprint for timed in record.bundles] == [expected]


def test_an_index_is_not_gone_on_with_by_another_model(tiny_bundle: Path, tiny_int8: Path) -> None:
    filled_by = RetrievalEmbedder(tiny_bundle).fingerprint
    RetrievalEmbedder(tiny_bundle, fingerprint=filled_by).embed_query("a lamp")
    with pytest.raises(InputError, match=r"^the index was filled by fp32-\S+, and \S+ is token-"):
        RetrievalEmbedder(tiny_int8, fingerprint=filled_by).embed_query("a lamp")


def test_an_adapter_is_known_by_its_vectors_of_documents(prompted: Path) -> None:
    model = load(prompted)
    assert RetrievalEmbedder(model).fingerprint == str(model.made_by("passage"))
