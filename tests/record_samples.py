"""Sample records of every kind, and what a reader sees of a page made of them."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from edgebert.records.checked import (
    Cause,
    CheckRecord,
    Cosine,
    EntityChanges,
    Flips,
    Gate,
    Histogram,
    Invariance,
    LogitDivergence,
    McNemar,
    Metric,
    Neighbours,
    PairSimilarity,
    Slice,
    WeightChange,
    Weights,
    Worst,
)
from edgebert.records.compared import Change, DiffRecord, Regression
from edgebert.records.diagnosed import DoctorCheck, DoctorRecord
from edgebert.records.inspected import InspectRecord, Placement, Quantized
from edgebert.records.live_drift import (
    Compared,
    GoldenState,
    LabelChange,
    LiveDrift,
    LiveDriftRecord,
    LivePromise,
    Period,
)
from edgebert.records.made import (
    ExportRecord,
    KernelsRecord,
    ParetoPoint,
    ParityCase,
    QuantizeRecord,
    WorstParity,
)
from edgebert.records.manifest import Count, Drift, Kernels, LayerDecision
from edgebert.records.profile import one_caller, untuned
from edgebert.records.timed import BenchBundle, BenchRecord, BenchResult, Noise
from edgebert.records.trained import Epoch, TrainingRecord
from edgebert.records.tuned import MANY_TEXTS, ONE_TEXT, Tried, TuneRecord

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

GATED = replace(
    CHECK,
    passed=False,
    data_sha256="ab" * 32,
    distance_mean=0.0031,
    histogram=Histogram((0.0, 1e-8, 1e-4, 1e-3, 1e-2, 1e-1), (31, 0, 400, 900, 48)),
    padding_invariance=Invariance(1.0, 0.0),
    neighbours=Neighbours(0.943, 0.951, 0.97),
    pair_similarity=PairSimilarity(1000, 0.002, 0.03),
    logits=LogitDivergence(0.02, 0.3, 0.0004, 0.01),
    metrics=(
        Metric("spearman", 82.03, 81.58, 0.45, (0.2, 0.71)),
        Metric("ndcg_at_10", 41.5, 41.1, 0.4),
    ),
    mcnemar=McNemar(3, 2, 1.0),
    slices=(
        Slice("length", "1 to 8 tokens", 812, 0.0009, None, Metric("spearman", 82.0, 81.9, 0.1)),
        Slice("script", "Han", 58, 0.0062),
    ),
    weights=Weights(101, (WeightChange("layer.3.output.dense", 1.2, 0.013),)),
    causes=(Cause("body", "layer.3.output.dense is 1.20 times the reference's"),),
    gates=(
        Gate("max_drift", 0.0015, 0.0031, False, "manifest"),
        Gate("min_neighbours", 0.9, 0.943, True, "option"),
        Gate("max_metric_drop", 0.4, 0.45, False, "pyproject.toml"),
        Gate("same tokenizer", 0.0, 0.0, True, "same model"),
    ),
    failures=("drift 0.0031 is above 0.0015 (manifest)", "metric drop 0.45 is above 0.4"),
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


def parity_case(session: str, name: str, max_abs: float) -> ParityCase:
    output, where = "last_hidden_state", (3, 40, 7)
    return ParityCase(name, 8, 128, max_abs, 0.99999994, session, output, where, scale=0.4)


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
    parity=(
        parity_case("edgebert's settings", "right padding", 2.1e-6),
        parity_case("edgebert's settings", "holes", 1.9e-6),
        parity_case("onnxruntime's defaults, level all", "holes", 3.4e-6),
    ),
    coverage={"attention": Count(6, 6), "gelu": Count(6, 5)},
    seconds=21,
    failures=(),
    worst=WorstParity(
        name="holes",
        session="onnxruntime's defaults, level all",
        output="last_hidden_state",
        where=(3, 40, 7),
        max_abs=3.4e-6,
        inputs={"input_ids": (101, 0, 102), "attention_mask": (1, 0, 1)},
    ),
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
    placement=Placement(
        provider="OpenVINOExecutionProvider",
        nodes={"CPUExecutionProvider": {"QAttention": 6}, "OpenVINOExecutionProvider": {"Add": 9}},
        fell_back={"QAttention": 6},
    ),
)
SEARCHED = replace(
    QUANTIZE,
    scheme="auto",
    layers=(
        LayerDecision("encoder.layer.0.attention.self.query", "int8 per channel", 1e-4),
        LayerDecision("encoder.layer.1.output.dense", "float", 9e-4),
    ),
    pareto=(
        ParetoPoint(0.0011, 6.8, "token", True),
        ParetoPoint(0.0076, 5.9, "static", False),
        ParetoPoint(0.004, None, "weight-only", False),
    ),
)
DIFF = DiffRecord(
    kind="bench",
    before="old.json",
    after="new.json",
    passed=False,
    changes=(Change("int8", "p50_ms", 4.0, 5.0, 1.0, 1.25),),
    regressions=(Regression("max_slowdown", "int8, 1 thread", 1.1, 1.25, False),),
    thresholds={"max_slowdown": 1.1},
    notes=("The machine was noisy before the change.",),
    failures=("int8, 1 thread: 1.25 is above the bound of 1.1",),
)
_PROFILES = (untuned(2), one_caller(2))
TUNE = TuneRecord(
    bundle="out/int8",
    sha256="5" * 64,
    provider="cpu",
    cores=2,
    profile=_PROFILES[1],
    faster={MANY_TEXTS: 1.25, ONE_TEXT: 1.0},
    tried=(
        Tried(MANY_TEXTS, _PROFILES[0], 1000.0),
        Tried(MANY_TEXTS, _PROFILES[1], 800.0),
        Tried(ONE_TEXT, _PROFILES[1], 3.08),
    ),
    kept_in=None,
)
KERNELS = KernelsRecord(
    source="out/int8",
    bundle="out/int8-kernels",
    reference="out/fp32",
    passed=True,
    kernels=Kernels(1, True, Drift(0.00125, 0.0031, 0.0082, None, 512, "dev.tsv", {})),
    layers=("encoder.layer.0.attention.self.query", "encoder.layer.0.output.dense"),
    left=("pooler",),
    thresholds={"max_drift": 0.0015},
    failures=(),
    seconds=7.0,
)
LIVE = LiveDriftRecord(
    models=(
        LiveDrift(
            model="org/<labels>",
            sha256="7" * 64,
            fingerprint="token-12345678-123456789abc-onnxruntime",
            task="text-classification",
            reference="fp32-12345678-cba987654321-onnxruntime",
            share=0.01,
            skipped=3,
            failed=1,
            trouble=None,
            compared=Compared(
                since="2026-11-30T10:00:00+00:00",
                n=240,
                distance_mean=0.031,
                distance_max=0.44,
                histogram=Histogram((0.0, 1e-8, 1e-3, 1e-2, 1e-1, 1.0), (10, 0, 100, 120, 10)),
                flips=9,
                decisions=240,
                changes=(LabelChange("off & out", "on", 7), LabelChange("on", "off & out", 2)),
                promises=(
                    LivePromise("max_drift", 0.04, "manifest", 0.031, 0.022, 240, False),
                    LivePromise("max_flips", 0.05, "manifest", 0.0375, 0.011, 240, False),
                ),
                periods=(
                    Period("2026-11-30T10:00:00+00:00", 100, 0.03, 0.44, 4, 100),
                    Period("2026-11-30T10:07:00+00:00", 40, 0.032, 0.3, 5, 40),
                ),
            ),
            golden=GoldenState(True, 33, 0, "2026-11-30T10:30:00+00:00"),
        ),
        LiveDrift(
            model="lone",
            sha256="8" * 64,
            fingerprint="fp32-12345678-aaaaaaaaaaaa-onnxruntime",
            task="feature-extraction",
            reference=None,
            share=0.0,
            skipped=0,
            failed=0,
            trouble="the reference is not a bundle",
            compared=None,
            golden=None,
        ),
    )
)
ALL = (CHECK, BENCH, EXPORT, QUANTIZE, TRAINING, DOCTOR, INSPECT, DIFF, TUNE, KERNELS, LIVE)


def words(text: str) -> str:
    """What a reader reads: the text without tags, in one line."""
    shown = re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL)
    return " ".join(unescape(shown).split())
