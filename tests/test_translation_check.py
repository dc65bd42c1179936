"""How far two translators are apart: next tokens, translations, and what people would have written."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import numpy_helper
from translators import pairs

from edgebert.bundle import open_bundle, seal
from edgebert.cli import main
from edgebert.data import read_examples
from edgebert.drift import check
from edgebert.drift.comparing import compare
from edgebert.drift.promises import Floors, describe_drift
from edgebert.errors import GateError, InputError, MissingExtra
from edgebert.measures import Thresholds, bleu
from edgebert.measures.bleu import score_rows, translation_scores
from edgebert.measures.compared import Compared, Written
from edgebert.measures.invariance import invariance_of
from edgebert.measures.statistics import exact_binomial_interval
from edgebert.measures.translations import ENDINGS, TRANSLATIONS, loops
from edgebert.records.checked import CheckRecord
from edgebert.records.codec import to_json
from edgebert.runtimes import load

SOURCES = [source for source, _ in pairs()]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("texts") / "pairs.tsv", pairs()[:24])


@pytest.fixture(scope="module")
def checked(tiny_translator: Path, tiny_translator_int8: Path, data: Path) -> CheckRecord:
    """PyTorch against int8, held to what the manifest promises."""
    return check(tiny_translator, tiny_translator_int8, data, kernels="off", offline=True)


def write_pairs(path: Path, rows: Sequence[tuple[str, str]]) -> Path:
    lines = ("\t".join(row) for row in [("source", "target"), *rows])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), prog_name="edgebert")


def test_a_float_bundle_writes_what_pytorch_writes(
    tiny_translator: Path, tiny_translator_bundle: Path, data: Path
) -> None:
    record = check(tiny_translator, tiny_translator_bundle, data, kernels="off", offline=True)
    assert record.passed and record.labels and record.labels.flips == 0
    assert record.distance_mean == 0
    assert record.measures["translations"]["exact"] == 1
    assert all(metric.drop == 0 for metric in record.metrics)
    assert {gate.name for gate in record.gates} >= {"max_flips", "same tokenizer", "same body"}


def test_next_tokens_are_counted_at_every_place_of_the_targets(
    checked: CheckRecord, tiny_translator_bundle: Path, tiny_translator_int8: Path, data: Path
) -> None:
    rows = [(one[0], one[1]) for one in read_examples(data).texts]
    with load(tiny_translator_bundle) as before, load(tiny_translator_int8, kernels="off") as after:
        both = list(zip(before.next_tokens(rows), after.next_tokens(rows), strict=True))
    flips = sum(int((one.likeliest != other.likeliest).sum()) for one, other in both)
    n = sum(len(one.expected) for one, _ in both)
    assert checked.labels and checked.labels.of == "next tokens"
    assert (checked.labels.flips, checked.labels.n) == (flips, n)
    assert checked.labels.ci95 == exact_binomial_interval(flips, n)
    shares = [(one.likeliest != two.likeliest).mean() for one, two in both]
    assert checked.distance_mean == pytest.approx(np.mean(shares))


def test_a_text_alone_and_among_others_has_the_same_bits(checked: CheckRecord) -> None:
    assert checked.batch_invariance and checked.batch_invariance.max_abs == 0
    assert checked.batch_invariance.min_cosine == pytest.approx(1)


def test_bleu_and_chrf_are_those_of_sacrebleu_with_the_interval_of_their_drop(
    checked: CheckRecord, tiny_translator: Path, tiny_translator_int8: Path, data: Path
) -> None:
    sources, right = read_examples(data).require_translations()
    with load(tiny_translator_int8, kernels="off") as model:
        written = [one.text for one in model.translate(list(sources))]
    scores = translation_scores(written, right)
    assert {metric.name: metric.candidate for metric in checked.metrics} == scores
    assert checked.metric and checked.metric.name == "bleu" and checked.metric.ci95
    low, high = checked.metric.ci95
    assert low <= checked.metric.drop <= high
    package = bleu.sacrebleu()
    assert scores["bleu"] == package.corpus_bleu(written, [right], force=True).score
    assert scores["chrf"] == package.corpus_chrf(written, [right]).score


def test_a_part_of_the_texts_scores_as_that_part_alone() -> None:
    written, right = ["ein Hund läuft", "die Lampe ist an", "aus"], ["ein Hund rennt", "an", "aus"]
    for whole, part in zip(
        score_rows(written, right), score_rows(written[:2], right[:2]), strict=True
    ):
        assert whole.part([0, 1]).value == part.value


def test_without_targets_the_prefixes_are_what_the_reference_wrote(
    tiny_translator_bundle: Path, tiny_translator_int8: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(SOURCES[:8]) + "\n")
    found = check(tiny_translator_bundle, tiny_translator_int8, texts, kernels="off")
    assert found.metric is None and found.labels
    with load(tiny_translator_bundle) as model:
        written = model.translate(SOURCES[:8])
        rows = list(zip(SOURCES[:8], (one.text for one in written), strict=True))
        assert found.labels.n == sum(len(one.expected) for one in model.next_tokens(rows))


def test_bounds_that_are_broken_fail_with_a_line_each(
    tiny_translator_bundle: Path, tiny_translator_int8: Path, data: Path, tmp_path: Path
) -> None:
    files = [tmp_path / f"check.{kind}" for kind in ("json", "xml", "md", "html")]
    flags = ["--json", files[0], "--junit", files[1], "--markdown", files[2], "--html", files[3]]
    sides = tiny_translator_bundle, tiny_translator_int8, "--data", data
    bounds = "--max-metric-drop", "-100", "--max-flips", "1"
    result = call("check", *sides, *bounds, *flags, "--kernels", "off")
    assert result.exit_code == 3, result.output
    assert result.stderr.splitlines()[-1].startswith("Error: metric drop ")
    assert "changed next tokens" in result.stdout and "equal translations" in result.stdout
    record = json.loads(files[0].read_text())
    assert record["measures"]["endings"]["sentences"] == 24
    assert 'name="max_metric_drop"' in files[1].read_text()
    for file in files[2:]:
        text = file.read_text()
        assert all(told in text for told in ("changed next tokens", "BLEU", "chrF"))
    page = call("report", files[0], "-o", tmp_path / "page.html")
    assert page.exit_code == 0, page.output
    assert "did not end by the limit" in (tmp_path / "page.html").read_text()


def test_a_check_is_held_to_an_earlier_one(
    checked: CheckRecord, tiny_translator: Path, tiny_translator_int8: Path, tmp_path: Path
) -> None:
    baseline = tmp_path / "drift.json"
    baseline.write_text(to_json(checked))
    other = write_pairs(tmp_path / "pairs.tsv", [(one, f"{two} an") for one, two in pairs()[:24]])
    sides = tiny_translator, tiny_translator_int8, "--data", other
    result = call("check", *sides, "--baseline", baseline, "--kernels", "off")
    assert result.exit_code == 1
    assert "was measured on other texts (24 of pairs.tsv)" in result.stderr


def test_saved_translations_are_a_side(
    tiny_translator_bundle: Path, tiny_translator_int8: Path, data: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.jsonl"
    result = call("translate", tiny_translator_int8, "--input", data, "--text-column", "source",
                  "--output", saved, "--kernels", "off")  # fmt: skip
    assert result.exit_code == 0, result.output
    record = check(saved, tiny_translator_int8, data, kernels="off")
    assert record.measures["translations"]["exact"] == 1
    assert record.distance_mean == 0 and record.labels is None and record.metric
    result = call("check", saved, tiny_translator_int8, "--data", data, "--max-flips", "0.1")
    assert result.exit_code == 1
    assert "--max-flips cannot be held here" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("row", "line"),
    [("\teine lampe", "line 3: the source of the pair is empty"),
     ("lamp\t ", "line 3: the target of the pair is empty")],
)  # fmt: skip
def test_a_pair_with_an_empty_side_is_told_with_its_line(
    tiny_translator_bundle: Path, tmp_path: Path, row: str, line: str
) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(f"source\ttarget\nthe lamp\tdie lampe\n{row}\n")
    result = call("check", tiny_translator_bundle, tiny_translator_bundle, "--data", path)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, f"Error: {path}, {line}")


def test_a_bound_on_bleu_asks_for_pairs_and_for_sacrebleu(
    tiny_translator_bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("the lamp\n")
    bounds = Thresholds(max_metric_drop=1.0)
    sides = tiny_translator_bundle, tiny_translator_bundle
    with pytest.raises(
        InputError, match=r"texts\.txt, line 1: expected a text and its translation"
    ):
        check(*sides, texts, thresholds=bounds)
    monkeypatch.setitem(sys.modules, "sacrebleu", None)  # as where it is not installed
    with pytest.raises(MissingExtra, match=r"edgebert\[translation\]"):
        check(*sides, data, thresholds=bounds)
    record = check(*sides, data)
    assert record.metric is None and record.labels and record.labels.flips == 0
    assert record.warnings[0].startswith("BLEU and chrF were not counted")


def test_a_graph_alone_and_another_task_are_no_side(
    tiny_translator_bundle: Path, tiny_bundle: Path
) -> None:
    decoder = tiny_translator_bundle / "decoder.onnx"
    result = call("check", tiny_translator_bundle, decoder)
    expected = f"Error: {decoder} is one of the graphs of a translator: give the whole bundle\n"
    assert (result.exit_code, result.stderr) == (1, expected)
    result = call("check", tiny_translator_bundle, tiny_bundle)
    assert result.exit_code == 1
    assert "the reference answers translation, the candidate feature-extraction" in result.stderr


def test_targets_that_are_read_as_other_tokens_are_named(
    tiny_translator_bundle: Path, data: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    copytree(tiny_translator_bundle, other)
    bundle = open_bundle(other)
    said = json.loads(bundle.target_tokenizer_path.read_text())
    said["model"]["merges"] = said["model"]["merges"][:-20]
    bundle.target_tokenizer_path.write_text(json.dumps(said))
    seal(other, replace(bundle.manifest, files={}))
    with pytest.raises(GateError, match=r"tokenizer: \d+ of 24 targets are other tokens"):
        check(tiny_translator_bundle, other, data, kernels="off")


def test_a_damaged_decoder_is_named(
    tiny_translator_bundle: Path, data: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    copytree(tiny_translator_bundle, damaged)
    bundle = open_bundle(damaged)
    path = bundle.graph_path("decoder")
    model = onnx.load(path)
    (weight,) = (t for t in model.graph.initializer if t.name == "decoder.layers.1.up.weight")
    weight.CopyFrom(numpy_helper.from_array(1.2 * numpy_helper.to_array(weight), weight.name))
    onnx.save(model, path)
    seal(damaged, replace(bundle.manifest, files={}))
    with pytest.raises(GateError, match=r"body: decoder\.layers\.1\.up\.weight is 1\.2 times"):
        check(tiny_translator_bundle, damaged, data, kernels="off")


def test_a_promise_covers_the_upper_end_of_what_was_measured(
    tiny_translator_bundle: Path, tiny_translator_int8: Path, data: Path
) -> None:
    with load(tiny_translator_bundle) as before, load(tiny_translator_int8, kernels="off") as after:
        comparison = compare(before, after, read_examples(data))
    flips = comparison.labels
    assert flips
    drift = describe_drift(comparison, "pairs.tsv", Floors(drift=0.001, flips=0.0001))
    assert drift.promises["max_flips"] >= max(2 * flips.rate, flips.ci95[1])
    assert drift.flips == flips.rate and list(drift.promises) == ["max_flips"]


@pytest.mark.parametrize(
    ("tokens", "loop"),
    [
        ([5, 7, 7, 7], True),
        ([5, 7, 7], False),
        ([1, 2, 3] * 3, True),
        ([9, 1, 2, 3, 1, 2, 3, 1, 2], False),
        (list(range(8)) * 3, True),
        (list(range(9)) * 3, False),
        ([], False),
    ],
)
def test_a_loop_is_one_to_eight_tokens_three_times_at_the_end(
    tokens: list[int], loop: bool
) -> None:
    assert loops(tokens) is loop


def test_lengths_ends_and_broken_characters_are_counted_on_both_sides() -> None:
    before = Written(["eins zwei", "drei"], 2, ())
    after = Written(["eins zwei", "dr\ufffd drei"], 2, ([4, 4, 4], [4, 5, 6]))
    compared = Compared(np.zeros(2), written=(before, after))
    found, ends = TRANSLATIONS.compute(compared), ENDINGS.compute(compared)
    assert found and ends
    assert (found.exact, found.broken_reference, found.broken) == (0.5, 0, 1)
    assert (found.exact_low, found.exact_high) == exact_binomial_interval(1, 2)
    assert found.length_ratio == 17 / 13
    assert (ends.unfinished_reference, ends.unfinished, ends.loops_reference, ends.loops) == (
        0,
        2,
        0,
        1,
    )


def test_outputs_of_other_lengths_are_apart() -> None:
    long, short = np.ones((3, 2), np.float32), np.ones((2, 2), np.float32)
    found = invariance_of([(long, long), (long, short)])
    assert found.max_abs == 1 and found.min_cosine < 1
