"""`write_page` and `write_report`: one page from any records, that needs nothing else to be read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from record_samples import (
    ALL,
    BENCH,
    CHECK,
    DOCTOR,
    EXPORT,
    FAILED,
    LIVE,
    QUANTIZE,
    TRAINING,
    TUNE,
    words,
)

from edgebert.errors import InputError, OutputError
from edgebert.machine import Machine, this_machine
from edgebert.records.checked import Cosine, Metric, Worst
from edgebert.records.codec import write_json
from edgebert.records.timed import Noise
from edgebert.report import Summary, write_report

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
    assert Reader(page(TUNE)).headings == ["Tuning", "Environment"]
    assert Reader(page(LIVE)).headings == ["Live drift", "Environment"]
    assert Reader(page(BENCH)).headings == [
        "Size",
        "Latency",
        "Throughput",
        "Cold start and memory",
        "Environment",
    ]


@pytest.mark.parametrize(
    "records", list(combinations(ALL, 2)), ids=lambda r: "+".join(x.record for x in r)
)
def test_any_two_records_make_a_well_formed_page(page: Page, records: tuple[Any, ...]) -> None:
    reader = Reader(page(*records))
    assert reader.targets == reader.ids
    assert reader.headings[-1] == "Environment"


def test_the_same_record_twice_counts_once(page: Page) -> None:
    assert words(page(CHECK, CHECK, DOCTOR, DOCTOR)) == words(page(CHECK, DOCTOR))


def test_records_that_hold_next_to_nothing_make_a_page(page: Page) -> None:
    nothing = Metric("spearman", math.nan, math.nan, math.nan, (math.nan, math.nan))
    empty = replace(CHECK, n=0, max_length=None, distance_mean=math.nan, metric=nothing)
    lost = replace(empty, cosine=Cosine(*[math.nan] * 3), worst=(), thresholds={}, data="")
    bench = replace(BENCH, bundles=(), results=())
    shown = words(page(lost, bench, replace(DOCTOR, checks=()), replace(TRAINING, epochs=())))
    assert "nan" not in shown


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


def test_parity_shows_the_worst_under_each_setting(page: Page) -> None:
    shown = words(page(EXPORT))
    assert "edgebert's settings 2 2.1e-6 right padding (8 × 128) 0.99999994" in shown
    assert "onnxruntime's defaults, level all 1 3.4e-6 holes (8 × 128)" in shown
    assert "1.9e-6" not in shown


def test_parity_shows_why_a_setting_could_not_run(page: Page) -> None:
    refused = replace(EXPORT.parity[0], max_abs=math.nan, problem="no such operator")
    shown = words(page(replace(EXPORT, parity=(refused, *EXPORT.parity[1:]))))
    assert "edgebert's settings 2 no such operator right padding" in shown


def test_a_tuning_shows_what_was_tried_and_what_was_chosen(page: Page) -> None:
    text = words(page(TUNE))
    assert "int8 on 2 cores, against no tuning: many texts 1.25×, one text 1.00×" in text
    assert "many texts 2 1 256 – 1,000 many texts 1 2 256 – 800 yes" in text
    assert "one text 1 2 – yes 3.08 yes" in text


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


def test_live_drift_is_told_by_bundle_and_by_promise(page: Page) -> None:
    text = page(LIVE)
    shown = words(text)
    assert "All 3 gates passed" in shown
    assert "org/<labels> max_drift 0.04 0.031 0.022 240 ✓ kept" in shown
    assert "org/<labels> max_flips 5.00 % 3.75 % 1.10 % 240 ✓ kept" in shown
    assert "off & out on 7" in shown and "lone: the reference is not a bundle" in shown
    assert text.count("<svg") == 1


def test_a_promise_that_live_answers_break_is_a_gate_that_failed(page: Page) -> None:
    (model, lone), found = LIVE.models, LIVE.models[0].compared
    assert found is not None and model.golden is not None
    broken = replace(found.promises[0], value=0.052, beyond=True)
    unsure = replace(found.promises[1], value=0.06)
    found = replace(found, promises=(broken, unsure))
    golden = replace(model.golden, passed=False, failed=2)
    live = replace(LIVE, models=(replace(model, compared=found, golden=golden), lone))
    shown = words(page(live))
    assert "2 of 3 gates failed" in shown and "✗ live org/<labels>" in shown
    assert "max_drift is 0.052, above the promised 0.04" in shown
    assert "2 of 33 golden texts come out otherwise" in shown
    assert "org/<labels> max_drift 0.04 0.052 0.022 240 ✗ broken" in shown
    assert "max_flips 5.00 % 6.00 % 1.10 % 240 above, perhaps by chance" in shown
