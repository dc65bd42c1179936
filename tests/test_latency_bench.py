"""`edgebert.bench`: what it measures of bundles and of the PyTorch original, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import edgebert
from edgebert.bundle import open_bundle
from edgebert.checkpoint import open_checkpoint
from edgebert.errors import BundleError, CheckpointError, InputError
from edgebert.inspect import inspect_path
from edgebert.latency.opening import open_models
from edgebert.latency.rounds import Call
from edgebert.latency.shapes import Shape
from edgebert.latency.texts import read_sample
from edgebert.machine import available_cores
from edgebert.records.codec import from_dict, to_dict
from edgebert.records.timed import BenchRecord
from edgebert.references.sources import open_source

TEXTS = ["turn the lamp on", "the light is off , please turn it on", "anna", "", "turn it off !"]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("texts") / "texts.txt"
    file.write_text("\n".join(TEXTS) + "\n")
    return file


@pytest.fixture(scope="module")
def record(
    tiny_embedder: Path, tiny_bundle: Path, tiny_int8: Path, texts: Path, quick_bench: None
) -> BenchRecord:
    return edgebert.bench(
        [tiny_embedder, tiny_bundle, tiny_int8],
        lengths=(4, 8),
        batch_sizes=(1, 2),
        threads=(1,),
        texts=texts,
        rounds=3,
        seconds=0.03,
    )


def result(call: Call) -> Any:
    return call()


def test_every_model_is_timed_at_every_shape(record: BenchRecord) -> None:
    timed = [(r.threads, r.batch, r.length, r.bundle) for r in record.results]
    shapes = [(1, batch, length) for batch in (1, 2) for length in (4, 8)]
    assert timed == [(*shape, bundle) for shape in shapes for bundle in (0, 1, 2)]


def test_percentiles_rise_and_throughput_is_the_work_over_the_time(record: BenchRecord) -> None:
    for r in record.results:
        assert 0 < r.min_ms <= r.p50_ms <= r.p90_ms <= r.p95_ms <= r.p99_ms
        assert r.runs >= 2  # of three rounds the calmer two
        assert r.texts_per_s == pytest.approx(1000 * r.batch / r.mean_ms)
        assert r.tokens_per_s == pytest.approx(r.texts_per_s * r.length)
        assert r.spread is not None
        assert r.spread <= record.noise.round_spread


def test_a_bundle_is_described_by_what_was_really_run(
    record: BenchRecord, tiny_bundle: Path
) -> None:
    bundle, timed = open_bundle(tiny_bundle), record.bundles[1]
    assert (timed.path, timed.sha256) == (str(tiny_bundle), bundle.sha256)
    assert (timed.precision, timed.size_bytes) == ("fp32", bundle.size_bytes)
    assert (timed.provider, timed.task) == ("CPUExecutionProvider", "feature-extraction")
    assert (timed.load_ms > 0, timed.first_inference_ms > 0) == (True, True)
    assert record.bundles[2].precision == "int8"


def test_a_checkpoint_is_run_by_pytorch(record: BenchRecord, tiny_embedder: Path) -> None:
    timed = record.bundles[0]
    assert (timed.path, timed.provider, timed.precision) == (str(tiny_embedder), "PyTorch", "fp32")
    assert timed.sha256 == open_checkpoint(tiny_embedder).sha256()
    assert (timed.load_ms > 0, timed.first_inference_ms > 0) == (True, True)
    assert {r.provider for r in record.results if r.bundle == 0} == {"PyTorch"}


def test_size_by_part_is_what_inspect_says(record: BenchRecord, tiny_int8: Path) -> None:
    assert record.bundles[2].sizes == inspect_path(tiny_int8).sizes


def test_the_parts_of_a_checkpoint_are_those_of_its_float_bundle(record: BenchRecord) -> None:
    torch_sizes, onnx_sizes = record.bundles[0].sizes, record.bundles[1].sizes
    assert torch_sizes["embeddings"] == onnx_sizes["embeddings"]
    pooler = 64 * 64 * 4  # which embeddings do not pass through, so that it is not exported
    assert torch_sizes["matmul_weights"] - pooler == onnx_sizes["matmul_weights"]
    files = sum(torch_sizes[part] for part in ("model", "tokenizer", "other_files"))
    assert torch_sizes["total"] == files == record.bundles[0].size_bytes


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_memory_under_ragged_load_is_measured_for_every_model(record: BenchRecord) -> None:
    for bundle in record.bundles:
        memory = bundle.ragged_memory
        assert memory
        assert memory.texts > 30
        assert memory.growth_mb == pytest.approx(memory.end_mb - memory.warm_mb)
        assert 10 < memory.loaded_mb <= memory.peak_mb
        assert memory.end_mb <= memory.peak_mb
        assert memory.growth_mb < 50


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is not read on Windows")
def test_peak_memory_is_the_bundles_own_and_not_of_the_process_that_asks(
    record: BenchRecord, tiny_bundle: Path
) -> None:
    code = (
        "import numpy, sys\n"
        "large = numpy.ones(60_000_000)\n"  # 480 MB
        "from edgebert.latency.start import starts_of\n"
        "from edgebert.latency.opening import open_models\n"
        "print(starts_of(open_models([sys.argv[1]]))[0].peak_rss_mb)"
    )
    command = [sys.executable, "-c", code, str(tiny_bundle)]
    peak = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert 10 < peak < 400
    assert record.bundles[1].peak_rss_mb == pytest.approx(peak, rel=0.3)


def test_texts_are_timed_with_their_own_lengths(record: BenchRecord, texts: Path) -> None:
    timed = record.texts
    assert timed
    assert (timed.file, timed.n, timed.available) == (str(texts), 5, 5)
    assert (timed.tokens.max, timed.tokens.p50) == (11, 6)  # [CLS] and [SEP] among them
    assert timed.tokens.mean == pytest.approx((6 + 11 + 3 + 2 + 6) / 5)
    assert [(r.bundle, r.threads) for r in timed.results] == [(0, 1), (1, 1), (2, 1)]
    for r in timed.results:
        assert r.texts_per_s == pytest.approx(5e3 / r.p50_ms)
        assert r.tokens_per_s == pytest.approx(28e3 / r.p50_ms)


def test_a_large_file_is_sampled_evenly(tmp_path: Path, tiny_bundle: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("".join(f"{'word ' * (i // 100)}{i}\n" for i in range(2000)))
    sample = read_sample(file, open_models([str(tiny_bundle)]))
    assert sample.available == 2000
    assert len(sample.texts) == len(set(sample.texts)) < 1200
    lengths = [len(str(text)) for text in sample.texts]
    everything = [len(line) for line in file.read_text().splitlines()]
    assert np.mean(lengths) == pytest.approx(np.mean(everything), rel=0.02)


def test_pairs_stay_together_for_classifiers_only(
    tmp_path: Path, tiny_bundle: Path, tiny_classifier_bundle: Path
) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("text\ttext_pair\na\tb\nc\td\n")
    classifier, embedder = str(tiny_classifier_bundle), str(tiny_bundle)
    assert read_sample(file, open_models([classifier])).texts == (("a", "b"), ("c", "d"))
    assert read_sample(file, open_models([classifier, embedder])).texts == ("a", "b", "c", "d")


def test_pytorch_does_the_same_work_as_the_bundle(tiny_embedder: Path, tiny_bundle: Path) -> None:
    checkpoint, bundle = open_models([str(tiny_embedder), str(tiny_bundle)])
    with checkpoint.load(1) as torch_model, bundle.load(1) as onnx_model:
        vectors = [np.stack(result(m.on_texts(TEXTS))) for m in (torch_model, onnx_model)]
        assert np.abs(vectors[0] - vectors[1]).max() < 1e-5
        shape = Shape(threads=1, batch=2, length=7)
        tensor, (array,) = result(torch_model.on_shape(shape)), result(onnx_model.on_shape(shape))
        assert np.abs(tensor.numpy() - array).max() < 1e-5
        assert torch_model.token_counts(TEXTS) == onnx_model.token_counts(TEXTS)


@pytest.mark.parametrize("kind", ["classifier", "tagger"])
def test_heads_run_in_pytorch_as_in_the_reference(
    kind: str, request: pytest.FixtureRequest
) -> None:
    path = str(request.getfixturevalue(f"tiny_{kind}"))
    (model,) = open_models([path])
    with model.load(1) as loaded:
        logits = result(loaded.on_texts(TEXTS))
    reference = open_source(path).outputs(TEXTS)
    assert reference is not None
    for ours, theirs in zip(logits, reference, strict=True):
        assert np.abs(ours[: len(theirs)] - theirs).max() < 1e-4


def test_pytorch_gets_the_threads_and_gives_them_back(tiny_embedder: Path) -> None:
    (model,) = open_models([str(tiny_embedder)])
    before = torch.get_num_threads()
    with model.load(3):
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == before


def test_a_checkpoint_truncates_where_the_shortest_bundle_does(
    tiny_embedder: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    short = shutil.copytree(tiny_bundle, tmp_path / "short")
    manifest = json.loads((short / "manifest.json").read_text())
    (short / "manifest.json").write_text(json.dumps(manifest | {"max_length": 16}))
    models = open_models([str(tiny_embedder), str(short), str(tiny_bundle)])
    assert [model.max_length for model in models] == [16, 16, 48]


def test_bundles_of_different_tasks_run_side_by_side(
    tiny_bundle: Path, tiny_tagger_bundle: Path
) -> None:
    record = edgebert.bench(
        [tiny_bundle, tiny_tagger_bundle], lengths=(4,), batch_sizes=(1,), threads=(1,), seconds=0
    )
    tasks = [bundle.task for bundle in record.bundles]
    assert tasks == ["feature-extraction", "token-classification"]


def test_the_default_threads_are_one_and_all_that_are_granted(tiny_bundle: Path) -> None:
    record = edgebert.bench([tiny_bundle], lengths=(4,), batch_sizes=(1,), rounds=1, seconds=0.01)
    assert {result.threads for result in record.results} == {1, available_cores()}
    assert record.texts is None


def test_the_record_survives_json(record: BenchRecord) -> None:
    assert from_dict(BenchRecord, to_dict(record)) == record


def test_a_record_of_the_first_version_still_reads(record: BenchRecord) -> None:
    data = to_dict(record)
    del data["texts"]
    for key in ("task", "max_length", "sizes", "ragged_memory"):
        del data["bundles"][0][key]
    del data["results"][0]["spread"]
    del data["noise"]["others"], data["noise"]["reasons"]
    old = from_dict(BenchRecord, data)
    assert old.bundles[0] == replace(
        record.bundles[0], task="", max_length=None, sizes={}, ragged_memory=None
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lengths": ()}, "lengths must be 1 or more, not []"),
        ({"lengths": (16, 0)}, "lengths must be 1 or more, not [16, 0]"),
        ({"batch_sizes": (-1,)}, "batch sizes must be 1 or more, not [-1]"),
        ({"threads": (0,)}, "threads must be 1 or more, not [0]"),
        ({"rounds": 0}, "a bench needs one round at least"),
    ],
)
def test_numbers_below_one_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as refusal:
        edgebert.bench(["nowhere"], **options)  # type: ignore[arg-type]
    assert str(refusal.value) == message


def test_nothing_to_time_is_refused() -> None:
    with pytest.raises(InputError, match=r"^a bench needs at least one bundle$"):
        edgebert.bench([])


def test_the_same_bundle_twice_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(InputError) as refusal:
        edgebert.bench([tiny_bundle, tiny_bundle])
    assert str(refusal.value) == f"{tiny_bundle} is given twice"


def test_what_is_neither_bundle_nor_checkpoint_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as refusal:
        edgebert.bench([tmp_path / "empty"])
    assert str(refusal.value) == (
        f"{tmp_path / 'empty'} is neither a bundle (it has no manifest.json) "
        "nor a checkpoint (no config.json)"
    )
    with pytest.raises(CheckpointError, match=r"lost does not exist$"):
        edgebert.bench([tmp_path / "lost"])


def test_a_length_above_what_a_model_takes_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match=f"^length 49 is above what {tiny_bundle} takes: 48"):
        edgebert.bench([tiny_bundle], lengths=(4, 49))


def test_an_empty_file_of_texts_is_refused_before_anything_is_timed(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.txt").touch()
    with pytest.raises(InputError, match=r"empty\.txt holds no text$"):
        edgebert.bench([tiny_bundle], lengths=(4,), texts=tmp_path / "empty.txt")


def test_a_bundle_that_does_not_start_is_one_line(tiny_bundle: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(tiny_bundle, tmp_path / "broken")
    tokenizer = broken / "tokenizer.json"
    tokenizer.write_text("x" * tokenizer.stat().st_size)
    with pytest.raises(BundleError) as refusal:
        edgebert.bench([broken], lengths=(4,))
    assert str(refusal.value).startswith(f"{broken} does not start: {tokenizer} is damaged: ")
    assert "\n" not in str(refusal.value)
