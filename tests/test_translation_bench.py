"""How long translators take, greedily and by beams: whole translations, the first token, each one more."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from record_samples import BENCH, words

from edgebert.bundle import open_bundle
from edgebert.bundle.card import model_card
from edgebert.cli import main
from edgebert.cli.prove.bench import show_bench
from edgebert.errors import BundleError, InputError
from edgebert.latency import bench
from edgebert.latency.opening import open_model
from edgebert.latency.shapes import Shape
from edgebert.latency.start import starts_of
from edgebert.latency.translator import LoadedTranslator
from edgebert.latency.translator_checkpoint import LoadedTranslatorCheckpoint
from edgebert.records.codec import from_dict, to_dict, write_json
from edgebert.records.timed import BenchRecord, BenchResult
from edgebert.report import write_page
from edgebert.report.comment import render_markdown
from edgebert.report.diff import diff_records
from edgebert.report.names import names_of
from edgebert.report.start import cold_start
from edgebert.report.writing import writing
from edgebert.runtimes import load
from edgebert.runtimes.translation.graphs import StepInputs, TranslatorGraphs


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pairs = tmp_path_factory.mktemp("bench") / "pairs.tsv"
    pairs.write_text("source\ttarget\nturn the lamp on\tlicht an\nanna is late\tanna ist da\n")
    return pairs


@pytest.fixture(scope="module")
def record(tiny_translator_bundle: Path, texts: Path, quick_bench: None) -> BenchRecord:
    return bench(
        [tiny_translator_bundle],
        lengths=[1, 5],
        batch_sizes=[1, 3],
        threads=[1],
        texts=texts,
        rounds=1,
        seconds=0.01,
        offline=True,
    )


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["bench", *map(str, arguments)], prog_name="edgebert")


@pytest.fixture(scope="module")
def by_beam(
    tiny_translator_bundle: Path,
    texts: Path,
    quick_bench: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[BenchRecord, str]:
    """The record of `edgebert bench --beam 3`, and what it printed."""
    file = tmp_path_factory.mktemp("bench") / "bench.json"
    shapes = ("--lengths", 5, "--batch-sizes", 3, "--threads", 1)
    told = call(tiny_translator_bundle, "--beam", 3, "--texts", texts, *shapes, "--json", file)
    assert (told.exit_code, told.stderr) == (0, "")
    return from_dict(BenchRecord, json.loads(file.read_text())), told.stdout


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


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_call_writes_as_many_tokens_of_each_target_as_it_reads(
    tiny_translator_bundle: Path, threads: int, beam: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []
    step = TranslatorGraphs.step

    def counted(graphs: TranslatorGraphs, inputs: StepInputs) -> object:
        rows.append(len(inputs.ids))
        return step(graphs, inputs)

    monkeypatch.setattr(TranslatorGraphs, "step", counted)
    path = str(tiny_translator_bundle)
    opened = open_model(path, provider="auto", kernels="off", max_length=32, beam=beam)
    with opened.load(threads) as model:
        assert isinstance(model, LoadedTranslator)
        for call, tokens in (
            (model.on_shape(Shape(threads, 3, 7)), 7),
            (model.on_first_token(Shape(threads, 3, 7)), 1),
        ):
            rows.clear()
            assert call is not None
            call()
            assert sum(rows) == 3 * beam * tokens
            assert len(rows) == threads * tokens  # the texts are shared out
        found: Any = model.on_texts(["turn the lamp on"])()
        assert found == model.model.translate(["turn the lamp on"], beam=beam)


@pytest.mark.parametrize("beam", [1, 4])
def test_a_checkpoint_does_the_work_of_its_bundle(
    tiny_translator: Path, tiny_translator_bundle: Path, beam: int
) -> None:
    opened = open_model(
        str(tiny_translator), provider="auto", kernels="auto", max_length=32, beam=beam
    )
    rows: list[int] = []
    with opened.load(1) as model:
        assert isinstance(model, LoadedTranslatorCheckpoint)
        counting = model.opened.model.decoder.register_forward_pre_hook(
            lambda _decoder, given: rows.append(len(given[0]))
        )
        for call, tokens in (
            (model.on_shape(Shape(1, 3, 7)), 7),
            (model.on_first_token(Shape(1, 3, 7)), 1),
        ):
            rows.clear()
            assert call is not None
            call()
            assert rows == [3 * beam] * tokens
        counting.remove()
        found: Any = model.on_texts([("turn the lamp on", "licht an"), ""])()
        assert model.token_counts(["turn the lamp on"]) == [6]
    assert found[0] == load(tiny_translator_bundle).translate("turn the lamp on", beam=beam).text
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


def test_a_record_keeps_its_beam_and_every_table_tells_it(
    by_beam: tuple[BenchRecord, str], record: BenchRecord
) -> None:
    searched, printed = by_beam
    assert (searched.beam, record.beam) == (3, 1)
    assert "\n\ntranslations by 3 beams\nbundle " in printed
    assert "beam" not in show_bench(record)
    both = [searched, record]
    written, started = writing(both, names_of(both)), cold_start(both, names_of(both))
    assert written is not None and started is not None
    captions = [table.caption for table in written.tables]
    assert captions == ["Translations by 3 beams", "Greedy translations"]
    name = Path(record.bundles[0].path).name
    assert [row[0] for row in started.tables[0].rows] == [f"{name} (3 beams)", name]
    assert f"| {name} (3 beams) p50 ms |" in render_markdown([searched])
    assert f"| {name} p50 ms |" in render_markdown([record])


def test_a_model_is_started_by_the_beam_that_it_is_timed_with(
    tiny_translator_bundle: Path,
) -> None:
    path = str(tiny_translator_bundle)
    opened = open_model(path, provider="auto", kernels="auto", max_length=32)
    with pytest.raises(BundleError, match=r" does not start: beam=100000: expected"):
        starts_of([replace(opened, beam=100_000)])


def test_times_of_different_beams_do_not_compare(
    by_beam: tuple[BenchRecord, str], record: BenchRecord, tmp_path: Path
) -> None:
    write_json(record, tmp_path / "before.json")
    write_json(by_beam[0], tmp_path / "after.json")
    with pytest.raises(InputError) as refusal:
        diff_records(tmp_path / "before.json", tmp_path / "after.json")
    name = Path(record.bundles[0].path).name
    assert str(refusal.value) == (
        f"times of different beams do not compare: {name} was timed with --beam 1 before, "
        "3 after. Measure both with the same"
    )
    same = diff_records(tmp_path / "after.json", tmp_path / "after.json")
    assert {change.ratio for change in same.changes} == {1.0}


def test_a_record_without_a_beam_is_a_greedy_one(record: BenchRecord) -> None:
    older = to_dict(record)
    del older["bundles"][0]["beam"]
    assert from_dict(BenchRecord, older) == record


@pytest.mark.parametrize(
    ("model", "beam", "code", "told"),
    [
        ("tiny_bundle", 2, 1, "is for feature-extraction; beam=2 needs models for translation"),
        ("tiny_embedder", 2, 1, "is for feature-extraction; beam=2 needs models for translation"),
        ("tiny_translator_bundle", 100_000, 1, "beam=100000: expected a whole number, 1 to "),
        ("tiny_translator", 100_000, 1, "beam=100000: expected a whole number, 1 to "),
        ("tiny_translator_bundle", 0, 2, "0 is not in the range x>=1"),
    ],
)
def test_a_beam_that_cannot_be_is_refused_before_anything_is_timed(
    model: str,
    beam: int,
    code: int,
    told: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("edgebert.latency.timing.starts_of")
    asked = call(request.getfixturevalue(model), "--beam", beam)
    assert (asked.exit_code, asked.stdout) == (code, "")
    assert told in asked.stderr.splitlines()[-1]
    assert asked.stderr.count("Error: ") == 1


def test_a_beam_that_is_too_wide_is_refused_as_translate_does(
    tiny_translator_bundle: Path, tiny_translator: Path
) -> None:
    with pytest.raises(InputError) as wanted:
        load(tiny_translator_bundle).translate("anna", beam=100_000)
    for model in (tiny_translator_bundle, tiny_translator):
        with pytest.raises(InputError) as refusal:
            bench([model], beam=100_000)
        assert str(refusal.value) == str(wanted.value)


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


def test_the_model_card_has_the_times_of_tokens_and_the_beam(
    record: BenchRecord, tiny_translator_bundle: Path
) -> None:
    card = model_card(open_bundle(tiny_translator_bundle), [record])
    assert " beams." not in card
    header = "| tokens | batch | threads | p50 ms | p95 ms | texts/s | to the first token ms | each more ms |"
    assert header in card
    by_beams = replace(record, bundles=(replace(record.bundles[0], beam=4),))
    searched = model_card(open_bundle(tiny_translator_bundle), [by_beams])
    assert " Translations are by 4 beams." in searched
