"""How long translators take: whole translations, the first token, and each one more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from record_samples import BENCH, words

from edgebert.bundle import open_bundle
from edgebert.bundle.card import model_card
from edgebert.cli.prove.bench import show_bench
from edgebert.latency import bench
from edgebert.latency.opening import open_model
from edgebert.latency.shapes import Shape
from edgebert.records.codec import from_dict, to_dict, write_json
from edgebert.records.measured import BenchRecord, BenchResult
from edgebert.report import write_page
from edgebert.report.diff import diff_records
from edgebert.report.names import names_of
from edgebert.report.writing import writing
from edgebert.runtimes.translation.growing import GrowingTargets


@pytest.fixture(scope="module")
def record(tiny_translator_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> BenchRecord:
    pairs = tmp_path_factory.mktemp("bench") / "pairs.tsv"
    pairs.write_text("source\ttarget\nturn the lamp on\tlicht an\nanna is late\tanna ist da\n")
    return bench(
        [tiny_translator_bundle],
        lengths=[1, 5],
        batch_sizes=[1, 3],
        threads=[1],
        texts=pairs,
        rounds=1,
        seconds=0.01,
        offline=True,
    )


def test_a_token_takes_what_the_first_one_does_not(record: BenchRecord) -> None:
    assert len(record.results) == 2 * 2
    for result in record.results:
        assert result.first_token_ms is not None and result.first_token_ms > 0
        if result.length == 1:
            assert result.token_ms is None
        else:
            assert result.token_ms is not None
            rest = (result.length - 1) * result.token_ms
            assert result.first_token_ms + rest == pytest.approx(result.p50_ms)
    assert from_dict(BenchRecord, to_dict(record)) == record
    assert [bundle.task for bundle in record.bundles] == ["translation"]


def test_texts_are_translated_and_of_pairs_the_sources(record: BenchRecord) -> None:
    assert record.texts is not None
    assert (record.texts.n, record.texts.tokens.max) == (2, 6)


def test_sizes_are_those_of_both_graphs(record: BenchRecord, tiny_translator_bundle: Path) -> None:
    sizes = record.bundles[0].sizes
    assert sizes["encoder"] + sizes["decoder"] == sizes["model"]
    assert sizes["decoder"] == (tiny_translator_bundle / "decoder.onnx").stat().st_size


@pytest.mark.parametrize("threads", [1, 2])
def test_a_call_writes_as_many_tokens_as_it_reads(
    tiny_translator_bundle: Path, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    step = GrowingTargets.step

    def counted(growing: GrowingTargets[int]) -> object:
        steps.append(len(growing))
        return step(growing)

    monkeypatch.setattr(GrowingTargets, "step", counted)
    path = str(tiny_translator_bundle)
    opened = open_model(path, provider="auto", kernels="auto", max_length=32)
    with opened.load(threads) as model:
        for call, tokens in (
            (model.on_shape(Shape(threads, 3, 7)), 7),
            (model.on_first_token(Shape(threads, 3, 7)), 1),
        ):
            steps.clear()
            assert call is not None
            call()
            assert sum(steps) == 3 * tokens
            assert len(steps) == threads * tokens  # the texts are shared out


def test_a_checkpoint_is_timed_beside_its_bundle(tiny_translator: Path) -> None:
    opened = open_model(str(tiny_translator), provider="auto", kernels="auto", max_length=32)
    with opened.load(1) as model:
        for call in (model.on_shape(Shape(1, 3, 7)), model.on_first_token(Shape(1, 3, 7))):
            assert call is not None
            call()
        found: Any = model.on_texts([("turn the lamp on", "licht an"), ""])()
        assert [type(text) for text in found] == [str, str]
        assert model.token_counts(["turn the lamp on"]) == [6]
    assert opened.sizes["tokenizer"] == sum(
        (tiny_translator / name).stat().st_size
        for name in ("tokenizer.json", "tokenizer_target.json")
    )


def test_the_printed_table_has_both_times(record: BenchRecord) -> None:
    shown = show_bench(record)
    (header,) = (line for line in shown.splitlines() if "p99" in line)
    assert header.rstrip().endswith("texts/s  first token ms  token ms")
    assert "first token" not in show_bench(BENCH)


def test_the_page_has_a_section_on_writing(record: BenchRecord, tmp_path: Path) -> None:
    page = words(write_page([record], tmp_path / "page.html").read_text("utf-8"))
    assert "from the call to the first token of each text" in page
    assert "Time for each token more, 1 thread" in page
    section = writing([record], names_of([record]))
    assert section is not None
    (table,) = section.tables
    assert len(table.rows) == 4
    assert writing([BENCH], names_of([BENCH])) is None


def slower(result: BenchResult) -> BenchResult:
    token_ms = None if result.token_ms is None else 3 * result.token_ms
    return replace(result, token_ms=token_ms)


def test_a_difference_shows_the_times_of_tokens(record: BenchRecord, tmp_path: Path) -> None:
    later = replace(record, results=tuple(map(slower, record.results)))
    write_json(record, tmp_path / "before.json")
    write_json(later, tmp_path / "after.json")
    found = diff_records(tmp_path / "before.json", tmp_path / "after.json").changes
    by_token = [change for change in found if change.figure == "token_ms"]
    assert [round(change.ratio or 0, 6) for change in by_token] == [3.0] * 2
    firsts = [change for change in found if change.figure == "first_token_ms"]
    assert [change.ratio for change in firsts] == [1.0] * 4


def test_the_model_card_has_the_times_of_tokens(
    record: BenchRecord, tiny_translator_bundle: Path
) -> None:
    card = model_card(open_bundle(tiny_translator_bundle), [record])
    header = "| tokens | batch | threads | p50 ms | p95 ms | texts/s | to the first token ms | each more ms |"
    assert header in card
