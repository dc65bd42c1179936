"""Accuracy against size and latency: which records join, what is unbeaten, and the picture."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from record_samples import BENCH, CHECK, timed, words

from edgebert.cli import main
from edgebert.errors import InputError
from edgebert.records.checked import CheckRecord, Metric
from edgebert.records.codec import write_json
from edgebert.records.timed import BenchBundle, BenchRecord
from edgebert.report import write_page, write_picture
from edgebert.report.tradeoff.joined import front, tradeoffs

TEXTS = "d" * 64


def made(model: str, precision: str, engine: str = "onnxruntime") -> str:
    return f"{precision}-{model.encode().hex()[:8]}-{'0' * 12}-{engine}"


def checked(model: str, fp32: float, int8: float) -> CheckRecord:
    return replace(
        CHECK,
        reference=f"elsewhere/{model}/fp32",
        candidate=f"elsewhere/{model}/int8",
        data_sha256=TEXTS,
        metric=Metric("accuracy", fp32, int8, fp32 - int8),
        made_by={"reference": made(model, "fp32"), "candidate": made(model, "int8")},
    )


def bench(**costs: tuple[float, float]) -> BenchRecord:
    """A bench of `MODEL_PRECISION=(ms, MB)`, at one shape."""
    bundles, results = [], []
    for index, (name, (ms, mb)) in enumerate(costs.items()):
        model, precision = name.split("_")
        bundles.append(
            BenchBundle(
                path=f"out/{model}/{precision}",
                sha256="a",
                precision=precision,
                provider="CPUExecutionProvider",
                size_bytes=int(mb * 1e6),
                load_ms=100,
                first_inference_ms=4,
                peak_rss_mb=None,
                fingerprint=made(model, precision),
            )
        )
        results.append(replace(timed(0, 1, 16), bundle=index, p50_ms=ms))
    return replace(BENCH, bundles=tuple(bundles), results=tuple(results))


TEACHER, STUDENT = checked("teacher", 92.1, 92.0), checked("student", 90.0, 89.8)
TIMED = bench(
    teacher_fp32=(4.5, 91.6),
    teacher_int8=(0.63, 23.9),
    student_fp32=(1.6, 63.2),
    student_int8=(0.24, 23.9),
)
RECORDS = (TEACHER, STUDENT, TIMED)


def drawn(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_bundles_join_by_fingerprint_wherever_they_lay() -> None:
    (one,) = tradeoffs(RECORDS)
    assert [(o.model, o.precision, o.points, o.ms, o.size_bytes) for o in one.offers] == [
        ("teacher", "fp32", 92.1, 4.5, 91_600_000),
        ("teacher", "int8", 92.0, 0.63, 23_900_000),
        ("student", "fp32", 90.0, 1.6, 63_200_000),
        ("student", "int8", 89.8, 0.24, 23_900_000),
    ]


def test_what_another_engine_answered_is_not_what_was_timed() -> None:
    other = {**STUDENT.made_by, "candidate": made("student", "int8", "kernels1")}
    (one,) = tradeoffs((TEACHER, replace(STUDENT, made_by=other), TIMED))
    assert [(o.model, o.precision) for o in one.offers][2:] == [("student", "fp32")]


def test_options_of_a_run_do_not_part_a_bundle_from_its_latency() -> None:
    prompted = {side: f"{maker}+prompt=query" for side, maker in TEACHER.made_by.items()}
    (one,) = tradeoffs((replace(TEACHER, made_by=prompted), TIMED))
    assert len(one.offers) == 2


def test_translations_by_beams_are_not_those_that_a_check_scored() -> None:
    searched = tuple(replace(bundle, beam=4) for bundle in TIMED.bundles[:1])
    (one,) = tradeoffs((TEACHER, STUDENT, replace(TIMED, bundles=searched + TIMED.bundles[1:])))
    assert [(o.model, o.precision) for o in one.offers] == [
        ("teacher", "int8"),
        ("student", "fp32"),
        ("student", "int8"),
    ]


def test_other_texts_and_other_metrics_are_not_drawn_together() -> None:
    assert STUDENT.metric
    elsewhere = replace(STUDENT, data_sha256="e" * 64)
    f1 = replace(STUDENT, metric=replace(STUDENT.metric, name="macro_f1"))
    for other in (elsewhere, f1):
        assert [len(one.offers) for one in tradeoffs((TEACHER, other, TIMED))] == [2, 2]


def test_latencies_of_two_machines_are_not_drawn_together() -> None:
    here = bench(teacher_fp32=(4.5, 91.6), teacher_int8=(0.63, 23.9))
    there = bench(student_fp32=(1.6, 63.2))
    there = replace(there, machine=replace(there.machine, cpu="another"))
    (one,) = tradeoffs((TEACHER, STUDENT, here, there))
    assert {o.model for o in one.offers} == {"teacher"}


def test_the_shape_is_one_that_most_bundles_ran() -> None:
    longer = tuple(replace(r, length=128, p50_ms=9.0) for r in TIMED.results)
    (one,) = tradeoffs((*RECORDS[:2], replace(TIMED, results=(*TIMED.results[1:], *longer))))
    assert (one.shape.length, len(one.offers), one.offers[0].ms) == (128, 4, 9.0)


@pytest.mark.parametrize(
    "records",
    [
        (TIMED,),
        (TEACHER, STUDENT),
        (replace(TEACHER, made_by={}), TIMED),
        (replace(TEACHER, metric=None), TIMED),
        (replace(TEACHER, data_sha256=""), TIMED),
        (TEACHER, bench(teacher_int8=(0.63, 23.9))),
    ],
)
def test_without_two_bundles_there_is_no_chart(
    records: tuple[CheckRecord | BenchRecord, ...], tmp_path: Path
) -> None:
    page = write_page(records, tmp_path / "page.html").read_text("utf-8")
    assert "Accuracy against size and latency" not in page
    with pytest.raises(InputError, match="needs two bundles with both a metric"):
        write_picture(records, tmp_path / "chart.svg")
    assert not (tmp_path / "chart.svg").exists()


def test_the_front_holds_what_nothing_else_beats() -> None:
    (one,) = tradeoffs(RECORDS)
    assert front(one.offers, [o.ms for o in one.offers]) == [True, True, False, True]
    assert front(one.offers, [o.size_bytes for o in one.offers]) == [True, True, False, False]


def test_bundles_that_are_alike_in_both_do_not_beat_each_other() -> None:
    (one,) = tradeoffs((TEACHER, TIMED))
    twice = [one.offers[0], one.offers[0]]
    assert front(twice, [1.0, 1.0]) == [True, True]
    assert front(twice, [1.0, 1.1]) == [True, False]


def test_the_table_has_the_numbers_of_the_chart_and_says_what_is_unbeaten(tmp_path: Path) -> None:
    page = write_page(RECORDS, tmp_path / "page.html").read_text("utf-8")
    shown = words(page)
    assert "Accuracy on 1,379 texts of test.tsv; p50 of 1 text of 16 tokens, 1 thread" in shown
    assert " int8 92.00 0.630 ms ✓ unbeaten 23.9 MB ✓ unbeaten " in shown
    assert " fp32 90.00 1.60 ms 63.2 MB " in shown
    assert " int8 89.80 0.240 ms ✓ unbeaten 23.9 MB " in shown
    section = page[page.index('id="accuracy-against-size-and-latency"') :]
    charts = re.findall(r"<svg.*?</svg>", section[: section.index("</section>")], re.DOTALL)
    assert [drawn(chart).count("teacher") for chart in charts] == [1, 1]


def test_the_markers_of_the_beaten_are_hollow(tmp_path: Path) -> None:
    """One bundle of four is beaten in latency and two in size; the key shows one more."""
    svg = write_picture(RECORDS, tmp_path / "chart.svg").read_text("utf-8")
    assert len(re.findall(r'<use [^>]*style="fill: var\(--card\)', svg)) == 1 + 2 + 1


def test_the_picture_stands_alone_and_follows_light_and_dark(tmp_path: Path) -> None:
    svg = write_picture(RECORDS, tmp_path / "chart.svg").read_text("utf-8")
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert {"width", "height", "viewBox"} <= set(root.attrib)
    assert "prefers-color-scheme: dark" in svg
    assert not re.findall(r"<script|@import|\bhref=\"(?!#)|url\((?!#)", svg)
    used, defined = set(re.findall(r"var\((--[\w-]+)\)", svg)), re.findall(r"(--[\w-]+):", svg)
    assert all(defined.count(name) == 2 for name in used)
    assert {"teacher", "student", "fp32", "int8"} <= set(drawn(svg))


def test_the_same_records_give_the_same_picture(tmp_path: Path) -> None:
    first, second = (write_picture(RECORDS, tmp_path / name) for name in ("a.svg", "b.svg"))
    assert first.read_bytes() == second.read_bytes()


def test_report_writes_the_picture_where_the_output_is_svg(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{i}.json") for i in range(3)]
    for record, path in zip(RECORDS, paths, strict=True):
        write_json(record, Path(path))
    chart = str(tmp_path / "chart.svg")
    result = CliRunner().invoke(main, ["report", *paths, "-o", chart])
    assert (result.exit_code, result.stdout) == (0, f"{chart}\n")
    assert Path(chart).read_text("utf-8").startswith("<svg ")


def test_report_refuses_a_picture_of_too_few_records_in_one_line(tmp_path: Path) -> None:
    write_json(TIMED, tmp_path / "bench.json")
    chart = str(tmp_path / "chart.svg")
    result = CliRunner().invoke(main, ["report", str(tmp_path / "bench.json"), "-o", chart])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {chart} needs two bundles")
    assert len(result.stderr.splitlines()) == 1
