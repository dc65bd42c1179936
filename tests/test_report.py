"""`write_report`: one page from any records, that needs nothing else to be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from edgebert.errors import InputError, OutputError
from edgebert.machine import Machine, this_machine
from edgebert.records.checked import (
    CheckRecord,
    Cosine,
    EntityChanges,
    Flips,
    Invariance,
    Metric,
    Neighbours,
    Worst,
)
from edgebert.records.codec import write_json
from edgebert.records.made import (
    Epoch,
    ExportRecord,
    ParityCase,
    QuantizeRecord,
    TrainingRecord,
)
from edgebert.records.manifest import Count, Drift, LayerDecision
from edgebert.records.measured import (
    BenchBundle,
    BenchRecord,
    BenchResult,
    DoctorCheck,
    DoctorRecord,
    InspectRecord,
    Noise,
    Quantized,
)
from edgebert.report import Summary, write_report
from edgebert.report.formats import clipped, cosine, drift, duration, figures
from edgebert.report.names import shortest_names

CHECK = CheckRecord(
    reference="out/fp32",
    candidate="out/int8",
    data="data/test.tsv",
    passed=True,
    n=1379,
    task="feature-extraction",
    max_length=256,
    distance_mean=0.0012,
    cosine=Cosine(0.9988, 0.9941, 0.9812),
    batch_invariance=Invariance(0.9999, 0.002),
    neighbours=Neighbours(0.943),
    labels=None,
    entities=None,
    metric=Metric("spearman", 82.03, 81.88, 0.15, (-0.02, 0.31)),
    worst=(Worst("<script>alert('猫')</script> & more", 0.02), Worst("", 0.01)),
    thresholds={"max_drift": 0.0015},
    failures=(),
)
FAILED = replace(
    CHECK,
    candidate="elsewhere/int8",
    passed=False,
    task="token-classification",
    cosine=None,
    neighbours=None,
    metric=Metric("entity_f1", 90.0, 88.0, 2.0),
    labels=Flips(9, 600, 0.015, (0.0069, 0.0283)),
    entities=EntityChanges(added=2, lost=1, moved=0, relabelled=3),
    failures=("max_flips: 0.015 is above 0.005",),
)


def timed(bundle: int, threads: int, length: int) -> BenchResult:
    ms = length / (1 + bundle)
    return BenchResult(
        bundle=bundle,
        provider="CPUExecutionProvider",
        batch=1,
        length=length,
        threads=threads,
        runs=40,
        p50_ms=ms,
        p90_ms=1.1 * ms,
        p95_ms=1.2 * ms,
        p99_ms=1.3 * ms,
        mean_ms=1.05 * ms,
        min_ms=0.9 * ms,
        texts_per_s=1000 / ms,
        tokens_per_s=1000 * length / ms,
    )


BENCH = BenchRecord(
    bundles=(
        BenchBundle("out/fp32", "a", "fp32", "CPUExecutionProvider", 91_000_000, 200, 9, 230),
        BenchBundle("out/int8", "b", "int8", "CPUExecutionProvider", 23_000_000, 70, 4, None),
    ),
    results=tuple(timed(i, threads, n) for i in (0, 1) for threads in (1, 2) for n in (16, 128)),
    noise=Noise(0.02, 0.001, noisy=False),
)
EXPORT = ExportRecord(
    source="models/minilm",
    bundle="out/fp32",
    passed=True,
    task="feature-extraction",
    architecture="bert",
    max_length=256,
    max_length_source="sentence_bert_config.json",
    size_bytes=91_000_000,
    atol=1e-4,
    parity=(ParityCase("ragged", 8, 128, 2.1e-6, 0.99999994),),
    coverage={"attention": Count(6, 6), "gelu": Count(6, 5)},
    seconds=21,
    failures=(),
)
QUANTIZE = QuantizeRecord(
    source="out/fp32",
    bundle="out/int8",
    passed=True,
    scheme="dynamic",
    layers=(LayerDecision("layer.0", "int8 per channel"), LayerDecision("layer.1", "float")),
    pareto=(),
    size_bytes=23_000_000,
    source_size_bytes=91_000_000,
    drift=Drift(0.0012, 0.006, 0.017, None, 512, "held out", {}),
    coverage={"quantized_matmuls": Count(36, 36)},
    seconds=11,
    thresholds={},
    failures=(),
)
TRAINING = TrainingRecord(
    kind="finetune",
    task="text-classification",
    source="models/base",
    checkpoint="demo/teacher",
    parameters=4_386_178,
    layers=4,
    hidden=128,
    data=("train.tsv", "dev.tsv"),
    examples=8000,
    options={"learning_rate": 3e-5},
    epochs=(Epoch(1, 1.2, 80.0, 3), Epoch(2, 0.7, None, 3), Epoch(3, 0.5, 96.2, 3)),
    metric="accuracy",
    best_dev=96.2,
    seed=0,
    seconds=75,
)
DOCTOR = DoctorRecord(
    bundle="out/int8",
    passed=False,
    checks=(DoctorCheck("checksums", False, "model.onnx was changed"),),
)
INSPECT = InspectRecord(
    path="out/int8",
    operators={"MatMul": 1, "Attention": 6},
    coverage={"attention": Count(6, 6)},
    quantized=Quantized(37, 36, ("a",), ("pooler",)),
    sizes={"embeddings": 11_700_000, "encoder": 10_900_000},
    risks=("saturates on x86 CPUs without VNNI",),
)
ALL = (CHECK, BENCH, EXPORT, QUANTIZE, TRAINING, DOCTOR, INSPECT)
VOID = {"meta", "br"}

Page = Callable[..., str]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    def written(*records: Any, **options: Any) -> str:
        paths = [tmp_path / f"{index}.json" for index in range(len(records))]
        for record, path in zip(records, paths, strict=True):
            write_json(record, path)
        return write_report(paths, tmp_path / "page.html", force=True, **options).read_text("utf-8")

    return written


class Reader(HTMLParser):
    """Collects headings and ids, and whether every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value and tag == "section"]
        self.targets += [v[1:] for name, v in attrs if name == "href" and v and tag == "a"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["h2"]:
            self.headings.append(data)


def words(text: str) -> str:
    """What a reader reads: the text without tags, in one line."""
    shown = re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL)
    return " ".join(shown.split())


def test_the_page_needs_no_network_and_no_other_file(page: Page) -> None:
    text = page(*ALL)
    assert "default-src 'none'" in text
    assert not re.findall(r"https?:|<script|<link|@import|\bsrc=|url\((?!#)", text)


def test_the_page_is_small_with_many_records(page: Page) -> None:
    assert len(page(*ALL, *[CHECK] * 6, *[TRAINING] * 4, *[BENCH] * 2)) < 1_000_000


def test_the_same_records_give_the_same_page(page: Page) -> None:
    assert page(*ALL) == page(*ALL)


def test_a_section_is_shown_only_where_a_record_speaks_of_it(page: Page) -> None:
    assert Reader(page(DOCTOR)).headings == ["Doctor", "Environment"]
    assert Reader(page(CHECK)).headings == ["Drift", "Worst texts", "Environment"]
    assert Reader(page(TRAINING)).headings == ["Training", "Environment"]
    assert Reader(page(BENCH)).headings == [
        "Size",
        "Latency",
        "Throughput",
        "Cold start",
        "Environment",
    ]


@pytest.mark.parametrize(
    "records", list(combinations(ALL, 2)), ids=lambda r: "+".join(x.record for x in r)
)
def test_any_two_records_make_a_well_formed_page(page: Page, records: tuple[Any, ...]) -> None:
    reader = Reader(page(*records))
    assert reader.targets == reader.ids
    assert reader.headings[-1] == "Environment"


def test_several_records_of_a_kind_share_a_section(page: Page) -> None:
    text = page(CHECK, FAILED, TRAINING, replace(TRAINING, checkpoint="demo/student"), TRAINING)
    assert Reader(text).headings.count("Training") == 1
    shown = words(text)
    assert "fp32 → out/int8" in shown
    assert "fp32 → elsewhere/int8" in shown
    assert "student: training loss, dev Accuracy" in shown


def test_the_verdict_comes_first_and_says_what_failed(page: Page) -> None:
    shown = words(page(FAILED, CHECK, EXPORT))
    assert shown.index("1 of 3 gates failed") < shown.index("Drift")
    assert "✗ check fp32 → elsewhere/int8 max_flips: 0.015 is above 0.005" in shown


def test_a_failed_doctor_names_its_failed_check(page: Page) -> None:
    assert "✗ doctor int8 checksums: model.onnx was changed" in words(page(DOCTOR))


def test_all_gates_passed_is_said(page: Page) -> None:
    assert "✓ All 3 gates passed" in words(page(CHECK, EXPORT, QUANTIZE))
    assert "✓ The gate passed" in words(page(CHECK))


def test_measurements_alone_are_not_called_passed(page: Page) -> None:
    shown = words(page(BENCH, TRAINING))
    assert "Measured, not gated" in shown
    assert "passed" not in shown


def test_size_and_speed_are_compared_with_fp32(page: Page) -> None:
    shown = words(page(BENCH))
    assert "Size of int8 23.0 MB 4.0× smaller than fp32 (91.0 MB)" in shown
    assert "Speed of int8 2.0× faster" in shown


def test_a_slower_bundle_is_called_slower(page: Page) -> None:
    slow = tuple(replace(r, p50_ms=r.p50_ms * 6) if r.bundle else r for r in BENCH.results)
    assert "Speed of int8 3.0× slower" in words(page(replace(BENCH, results=slow)))


def test_a_noisy_machine_is_said_in_the_verdict_and_beside_the_times(page: Page) -> None:
    assert "noisy" not in words(page(BENCH))
    shown = words(page(replace(BENCH, noise=Noise(0.31, None, noisy=True))))
    assert shown.count("machine was noisy") == 2


def test_a_shape_that_one_bundle_lacks_leaves_a_gap(page: Page) -> None:
    partial = replace(BENCH, results=BENCH.results[:-1])
    assert "–" in words(page(partial))


def test_a_bench_of_one_bundle_and_one_shape_makes_a_page(page: Page) -> None:
    lone = replace(BENCH, bundles=BENCH.bundles[:1], results=BENCH.results[:1])
    assert "faster" not in words(page(lone))


def test_texts_from_records_are_escaped(page: Page) -> None:
    text = page(CHECK)
    assert "&lt;script&gt;alert(&#39;猫&#39;)&lt;/script&gt; &amp; more" in text


def test_half_a_surrogate_pair_does_not_stop_the_page(tmp_path: Path) -> None:
    path = tmp_path / "check.json"
    write_json(replace(CHECK, worst=(Worst("HALF", 0.02),)), path)
    path.write_text(path.read_text("utf-8").replace("HALF", "\\ud83d half"), "utf-8")
    assert "half" in write_report([path], tmp_path / "page.html").read_text("utf-8")


def test_names_in_any_script_are_shown(page: Page) -> None:
    bundles = (replace(BENCH.bundles[0], path="out/模型 $x_1$"), BENCH.bundles[1])
    assert "模型 $x_1$" in page(replace(BENCH, bundles=bundles))


def test_an_answer_that_did_not_move_has_no_distance_chart(page: Page) -> None:
    same = replace(CHECK, distance_mean=0.0, cosine=Cosine(1.0, 1.0, 1.0), worst=())
    assert "Distance between the two sides" not in page(same)


def test_coverage_marks_what_is_missing(page: Page) -> None:
    shown = words(page(EXPORT))
    assert "attention 6 of 6 ✓ all" in shown
    assert "gelu 5 of 6 ✗ not all" in shown


def test_every_machine_is_described(page: Page) -> None:
    other = Machine("Cortex-A76", ("asimd",), 4, 8 * 2**30, "Linux aarch64", "3.13.1", {})
    shown = words(page(BENCH, replace(CHECK, machine=other)))
    assert "machine 1 machine 2" in shown
    assert "Cortex-A76" in shown
    assert this_machine().cpu in shown


def test_a_summary_stands_right_after_the_verdict(page: Page) -> None:
    rows = (("teacher", "96.2"), ("student", "95.8"))
    text = page(BENCH, summary=Summary("In one table", ("model", "accuracy"), rows))
    assert Reader(text).headings[:2] == ["In one table", "Size"]
    assert "model accuracy teacher 96.2 student 95.8" in words(text)


def test_the_title_is_the_callers(page: Page) -> None:
    assert "<h1>A &lt;new&gt; page</h1>" in page(CHECK, title="A <new> page")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("not json", "is no edgebert record: it is not valid JSON"),
        ("[]", "is no edgebert record: "),
        ("{}", "is no edgebert record: it has no 'record'"),
        ('{"record": "recipe", "format": 1}', "is a record of kind 'recipe'; known are check, "),
        (
            '{"record": "check", "format": 2}',
            "is a check record of format 2; this version reads format 1",
        ),
        ('{"record": "check", "format": 1}', "is no check record: it has no "),
    ],
)
def test_a_file_that_is_no_record_is_named_in_one_line(
    tmp_path: Path, content: str, reason: str
) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content)
    with pytest.raises(InputError) as refusal:
        write_report([path], tmp_path / "page.html")
    assert str(refusal.value).startswith(f"{path} {reason}")
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "page.html").exists()


def test_a_lost_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lost\.json cannot be read: No such file"):
        write_report([tmp_path / "lost.json"], tmp_path / "page.html")


def test_no_records_are_no_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one record"):
        write_report([], tmp_path / "page.html")


def test_a_page_that_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    record, output = tmp_path / "check.json", tmp_path / "page.html"
    write_json(CHECK, record)
    output.write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        write_report([record], output)
    assert output.read_text() == "mine"
    write_report([record], output, force=True)
    assert output.read_text("utf-8").startswith("<!doctype html>")


def test_names_are_the_shortest_ends_that_differ() -> None:
    paths = ["a/x/int8", "b/x/int8", "b/fp32", "fp32x", "hub/model"]
    shown = ["a/x/int8", "b/x/int8", "fp32", "fp32x", "model"]
    assert list(shortest_names(paths).values()) == shown


def test_numbers_keep_three_figures_and_no_more() -> None:
    shown = [figures(value) for value in (0, 0.01234, 0.1234, 1.234, 12.34, 123.4, 12345.6)]
    assert shown == ["0", "0.0123", "0.123", "1.23", "12.3", "123", "12,346"]


def test_small_distances_and_cosines_near_one_stay_readable() -> None:
    assert [drift(value) for value in (0, 3e-8, 0.00121, 0.2)] == ["0", "3.0e-8", "0.0012", "0.2"]
    assert [cosine(v) for v in (0.5, 0.99879, 0.99999997)] == ["0.5000", "0.9988", "0.99999997"]


def test_durations_and_long_texts_are_shortened() -> None:
    assert [duration(seconds) for seconds in (0.5, 59, 75)] == ["0.500 s", "59.0 s", "1 min 15 s"]
    assert clipped("a\n b " + "x" * 300, 10) == "a b xxxxx…"
