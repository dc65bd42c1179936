"""The model card says what the manifest and the records of a bundle say."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cpus import CPUS, running_on

from edgebert.bundle import Bundle, open_bundle
from edgebert.bundle.card import model_card, write_model_card
from edgebert.drift import check
from edgebert.measures import Thresholds
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.timed import BenchBundle, BenchRecord, BenchResult, Noise


@pytest.fixture(scope="module")
def int8(tiny_int8: Path) -> Bundle:
    return open_bundle(tiny_int8)


def bench_record(*hashes: str, noisy: bool = False) -> BenchRecord:
    """A record in which bundle i takes i + 1.25 ms for a text."""
    bundles = [
        BenchBundle(
            path=f"b{i}",
            sha256=sha256,
            precision="int8",
            provider="CPUExecutionProvider",
            size_bytes=1,
            load_ms=40.4,
            first_inference_ms=3.21,
            peak_rss_mb=90.6,
        )
        for i, sha256 in enumerate(hashes)
    ]
    results = [
        BenchResult(
            bundle=i,
            provider="CPUExecutionProvider",
            batch=8,
            length=128,
            threads=2,
            runs=10,
            p50_ms=i + 1.25,
            p90_ms=0,
            p95_ms=i + 1.5,
            p99_ms=0,
            mean_ms=0,
            min_ms=0,
            texts_per_s=6400,
            tokens_per_s=0,
        )
        for i in range(len(hashes))
    ]
    noise = Noise(round_spread=0.01, steal=None, noisy=noisy)
    return BenchRecord(bundles=tuple(bundles), results=tuple(results), noise=noise)


def test_a_card_without_records_says_what_the_manifest_says(int8: Bundle) -> None:
    card = model_card(int8)
    assert (int8.path / "README.md").read_text(encoding="utf-8") == card
    assert card.startswith(f"# {int8.manifest.source.id}, int8 for onnxruntime\n")
    assert f"| size | {int8.size_bytes / 1e6:.1f} MB |" in card
    assert "| embedding | mean pooling, normalized, in the graph |" in card
    assert '    edgebert embed THIS_FOLDER "a sentence"\n' in card
    assert "How far it drifts" not in card
    assert "How fast it is" not in card


def test_a_card_names_the_labels_and_the_right_command(tiny_classifier_bundle: Path) -> None:
    card = model_card(open_bundle(tiny_classifier_bundle))
    assert "| labels | `off`, `on`, `tell` |" in card
    assert "edgebert classify THIS_FOLDER" in card


def test_a_label_breaks_no_table(tiny_classifier_bundle: Path) -> None:
    bundle = open_bundle(tiny_classifier_bundle)
    manifest = replace(bundle.manifest, labels=("news|world", "sport"))
    card = model_card(replace(bundle, manifest=manifest))
    assert r"| labels | `news\|world`, `sport` |" in card


def test_a_card_says_how_far_the_bundle_drifts(
    tiny_bundle: Path, int8: Bundle, tmp_path: Path
) -> None:
    pairs = [
        "turn on the lamp\tturn the lamp on\t5",
        "turn off the fan\tthe lamp was on\t2",
        "anna was late\tben was not in berlin\t1",
    ]
    (tmp_path / "pairs.tsv").write_text("\n".join(["sentence1\tsentence2\tscore", *pairs]) + "\n")
    bounds = Thresholds(max_drift=0.01)  # six texts are too few to hold what a bundle promises
    record = check(tiny_bundle, int8.path, tmp_path / "pairs.tsv", thresholds=bounds)
    card = model_card(int8, [record])
    assert (
        f"Against `{tiny_bundle.name}`, on 6 texts of pairs.tsv, on {record.machine.cpu} (" in card
    )
    assert record.cosine is not None
    assert f"least {record.cosine.min:.5f} |" in card
    assert record.metric is not None
    assert f"| spearman | {record.metric.reference:.2f} before, " in card
    assert str(tmp_path) not in card


def test_a_card_says_how_many_labels_changed(tiny_classifier_bundle: Path) -> None:
    bundle = open_bundle(tiny_classifier_bundle)
    card = model_card(bundle, [check(bundle.path, bundle.path)])
    assert "| changed labels | 0 of 40 (0.00 %, 95 % interval 0.00 to 8.81 %) |" in card


def test_a_card_says_how_fast_this_bundle_is_and_no_other(int8: Bundle) -> None:
    card = model_card(int8, [bench_record("another", int8.sha256)])
    assert "Loads in 40 ms, first answer after another 3.2 ms, peak memory 91 MB." in card
    assert "| tokens | batch | threads | p50 ms | p95 ms | texts/s |" in card
    assert card.count("| 128 | 8 | 2 |") == 1
    assert "| 128 | 8 | 2 | 2.25 | 2.50 | 6,400 |" in card
    assert "How fast it is" not in model_card(int8, [bench_record("another")])


@pytest.mark.parametrize("made", CPUS)
def test_a_card_names_the_class_of_cpu_of_its_figures(
    int8: Bundle, tmp_path: Path, made: str
) -> None:
    with running_on(made, tmp_path):
        card = model_card(int8, [bench_record(int8.sha256)])
    assert f"On A CPU ({made}), onnxruntime " in card


def test_a_card_warns_of_figures_from_a_noisy_machine(int8: Bundle) -> None:
    assert "noisy" not in model_card(int8, [bench_record(int8.sha256)])
    assert "The machine was noisy" in model_card(int8, [bench_record(int8.sha256, noisy=True)])


def test_a_card_says_how_much_smaller_the_bundle_became(tiny_bundle: Path, tmp_path: Path) -> None:
    options = QuantizeOptions(scheme="token")
    record = quantize_bundle(tiny_bundle, tmp_path / "int8", options=options)
    made = open_bundle(tmp_path / "int8")
    share = 100 * made.size_bytes / record.source_size_bytes
    source = record.source_size_bytes / 1e6
    assert f" MB, {share:.0f} % of the {source:.1f} MB it was made from |" in model_card(
        made, [record]
    )


def test_a_card_can_be_written_anew_without_breaking_the_seal(int8: Bundle, tmp_path: Path) -> None:
    copy = open_bundle(Path(shutil.copytree(int8.path, tmp_path / "copy")))
    write_model_card(copy, [bench_record(copy.sha256)])
    assert "How fast it is" in (copy.path / "README.md").read_text(encoding="utf-8")
    assert open_bundle(copy.path, verify=True).sha256 == int8.sha256
