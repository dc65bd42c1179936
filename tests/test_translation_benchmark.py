"""The table of translators says what was learned from, what was written, and what int8 loses of it."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
import sacrebleu
import torch
from benchmarks.page_table import BEGIN, END
from benchmarks.translation.bundled import measure_bundles
from benchmarks.translation.bundles import Bundles, size_of
from benchmarks.translation.data import carve_tatoeba, write_starts
from benchmarks.translation.page import write_table
from benchmarks.translation.record import Bundled, Measured, Trained, TranslationTable
from benchmarks.translation.rows import MINILM, ROWS, SCRATCH, TINY
from safetensors.torch import load_file
from tiny import make_untrained
from translators import pairs

import edgebert
from edgebert.data import Columns
from edgebert.drift import check
from edgebert.errors import GateError
from edgebert.records.checked import CheckRecord
from edgebert.records.codec import read_json, write_json
from edgebert.toml_files import read_toml


def test_no_english_sentence_is_in_two_parts(tmp_path: Path) -> None:
    rows = [
        f"{'Run' if row % 2 else 'run'} {row // 4}.\t跑{row % 1500}。\tsomebody\n"
        for row in range(2000)
    ]
    source = tmp_path / "data/tatoeba_en_zh/all.tsv.gz"
    source.parent.mkdir(parents=True)
    source.write_bytes(gzip.compress(("en\tzh\tattribution\n" + "".join(rows)).encode()))
    carve_tatoeba(tmp_path / "data", tmp_path)
    parts = {
        name: [
            line.split("\t")
            for line in (tmp_path / f"carved/tatoeba/{name}.tsv").read_text().splitlines()[1:]
        ]
        for name in ("train", "dev", "test", "dev_from_zh", "test_from_zh")
    }
    learned = {chinese for _, chinese in parts["train"]}
    for name in ("dev", "test"):  # from Chinese, what was not learned with another English sentence
        from_chinese = parts.pop(f"{name}_from_zh")
        assert from_chinese == [pair for pair in parts[name] if pair[1] not in learned]
        assert 0 < len(from_chinese) < len(parts[name])
    english = {name: {row[0].lower() for row in part} for name, part in parts.items()}
    assert not english["train"] & (english["dev"] | english["test"])
    assert not english["dev"] & english["test"]
    assert len(set.union(*english.values())) == 500
    for name in ("dev", "test"):  # one translation of each, as it was first written
        assert len(parts[name]) == len({row[0] for row in parts[name]}) > 0
    assert len(parts["train"]) == 4 * len(english["train"])


def test_what_begins_without_a_bert_has_its_tokenizer_and_none_of_its_weights(
    tmp_path: Path,
) -> None:
    bert = make_untrained(tmp_path / "bert")
    starts = write_starts(bert, tmp_path)
    known = load_file(bert / "model.safetensors")
    drawn = load_file(starts[SCRATCH] / "model.safetensors")
    assert drawn.keys() == {name for name in known if not name.startswith("pooler.")}
    assert not any(
        torch.equal(known[name], weight) for name, weight in drawn.items() if weight.std() > 0
    )
    for name in (SCRATCH, TINY):
        assert (starts[name] / "vocab.txt").is_file() or (starts[name] / "tokenizer.json").is_file()
    assert write_starts(bert, tmp_path) == starts
    assert starts[MINILM] == bert


def test_every_row_has_a_recipe_that_names_its_columns() -> None:
    for row in ROWS.values():
        told = read_toml(row.recipe)
        assert {told["text_column"], told["pair_column"]} < {"en", "de", "zh"}
        assert ("layers" in told) == (row.teacher is not None)
        assert row.teacher is None or row.teacher in ROWS


TEST = "pairs.tsv"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    lines = "".join(f"{source}\t{target}\n" for source, target in pairs()[:12])
    (folder / TEST).write_text(f"en\tde\n{lines}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def bundled(tiny_translator_bundle: Path, tiny_translator_int8: Path, data: Path) -> Bundled:
    return measure_bundles(
        replace(ROWS["multi30k"], tests=(TEST,)),
        Bundles(tiny_translator_bundle, tiny_translator_int8),
        Columns("en", "de"),
        data,
        data,
    )


def test_what_both_bundles_write_is_scored_and_int8_is_held_against_fp32(
    bundled: Bundled, tiny_translator_bundle: Path, tiny_translator_int8: Path, data: Path
) -> None:
    sources, targets = map(list, zip(*pairs()[:12], strict=True))
    folders = {"fp32": tiny_translator_bundle, "int8": tiny_translator_int8}
    models = {by: edgebert.load(folder, kernels="off") for by, folder in folders.items()}
    assert [(one.by, one.beams) for one in bundled.measured] == [
        ("fp32", 1),
        ("int8", 1),
        ("fp32", 4),
        ("int8", 4),
    ]
    for one in bundled.measured:
        written = [each.text for each in models[one.by].translate(sources, beam=one.beams)]
        assert one.bleu == sacrebleu.corpus_bleu(written, [targets], force=True).score
        assert one.chrf == sacrebleu.corpus_chrf(written, [targets]).score
        assert "tok:13a" in one.signature
    by = {(one.by, one.beams): one.bleu for one in bundled.measured}
    for drop in bundled.drops:
        if drop.metric.name == "bleu":
            assert drop.metric.drop == pytest.approx(
                by["fp32", drop.beams] - by["int8", drop.beams]
            )
    assert bundled.int8_bytes == size_of(tiny_translator_int8)
    record = checked(tiny_translator_bundle, tiny_translator_int8, data / TEST)
    assert record.labels
    assert bundled.agreements[0].next_tokens == 1 - record.labels.rate
    assert bundled.agreements[0].exact == record.measures["translations"]["exact"]


def checked(fp32: Path, int8: Path, pairs_file: Path) -> CheckRecord:
    try:
        return check(fp32, int8, pairs_file, text_column="en", pair_column="de", kernels="off")
    except GateError as error:
        assert isinstance(error.record, CheckRecord)
        return error.record


def test_the_page_tells_each_goal_that_was_missed(bundled: Bundled, tmp_path: Path) -> None:
    bad = replace(
        bundled,
        int8_bytes=26_000_000,
        drops=tuple(
            replace(one, metric=replace(one.metric, drop=0.31, ci95=(0.1, 0.5)))
            for one in bundled.drops
        ),
        agreements=tuple(replace(one, next_tokens=0.984) for one in bundled.agreements),
    )
    row = Trained(
        "multi30k", "a CPU", "edgebert finetune -o multi30k", "bleu_lower_case", 38.0, "", 1_000, 10, 60.0, "bf16", 30.0,
        (Measured(TEST, 1, 30.0, 37.5, 50.0, 1.0, "signature", 1.0),), bad,
    )  # fmt: skip
    assert row.missed() == [
        "multi30k: bleu_lower_case 37.50, less than 38",
        "multi30k: int8 loses 0.31 BLEU of pairs.tsv by 1 beams, more than 0.3",
        "multi30k: int8 loses 0.31 BLEU of pairs.tsv by 4 beams, more than 0.3",
        "multi30k: 98.40 % of the next tokens agree on pairs.tsv, fewer than 98.5 %",
        "multi30k: int8 is 26.0 MB, more than 25",
    ]
    write_json(TranslationTable(rows=(row,)), tmp_path / "table.json")
    readme = tmp_path / "README.md"
    readme.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    write_table(read_json(TranslationTable, tmp_path / "table.json", "a record"), readme)
    told = readme.read_text(encoding="utf-8")
    assert all(f"- {sentence}" in told for sentence in row.missed())
    assert "0.31 (0.10 to 0.50)" in told and "| multi30k | pairs | PyTorch | 1 | 37.50 |" in told


def test_nothing_is_missed_where_every_goal_is_reached(bundled: Bundled) -> None:
    good = replace(
        bundled,
        drops=tuple(replace(one, metric=replace(one.metric, drop=0.3)) for one in bundled.drops),
        agreements=tuple(replace(one, next_tokens=0.985) for one in bundled.agreements),
    )
    assert good.missed("multi30k") == []
