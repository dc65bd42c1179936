"""How far the vectors of each device are from the native ones, as a record and as a table."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from devices.answering import KERNELS, Vectors
from devices.emulated import NATIVE, Device
from devices.record import Agreement, DevicesRecord
from devices.running import Answers, Job, Say, run_all
from devices.texts import Texts
from edgebert.bundle import Bundle
from edgebert.cli.tables import table
from edgebert.measures.formats import cosine
from edgebert.measures.similarity import cosines
from edgebert.records.checked import Cosine

HELD = "edgebert"
"""The reader that is held to the bounds; what onnxruntime's defaults answer is only shown.

Kernels are held to their own bits.
"""


def compare(
    bundles: Sequence[Bundle],
    reference: Bundle | None,
    devices: Sequence[Device],
    texts: Texts,
    say: Say,
) -> DevicesRecord:
    """Embed the texts with each bundle here and on each device, and compare.

    Args:
        bundles: those to try.
        reference: the fp32 bundle; it runs on this machine only.
        devices: beside this machine.
        texts: what to embed.
        say: takes a line on how it goes.
    """
    start = time.perf_counter()
    pairs = [(bundle, NATIVE) for bundle in (*([reference] if reference else []), *bundles)]
    pairs += [(bundle, device) for device in devices for bundle in bundles]
    jobs = {(bundle.path, device.name): (bundle, device) for bundle, device in pairs}
    answers = dict(zip(jobs, run_all(list(jobs.values()), texts, say), strict=True))
    fp32 = answers[reference.path, NATIVE.name].vectors[HELD] if reference else None
    rows = [
        row
        for bundle in bundles
        for device in (NATIVE, *devices)
        for row in _agreements(
            (bundle, device),
            answers[bundle.path, device.name],
            answers[bundle.path, NATIVE.name],
            fp32,
        )
    ]
    return DevicesRecord(
        texts=len(texts.texts),
        long=texts.long,
        tokens=texts.tokens,
        source=texts.source,
        reference=None if reference is None else str(reference.path),
        agreements=tuple(rows),
        seconds=round(time.perf_counter() - start, 1),
    )


def _agreements(
    job: Job, answers: Answers, native: Answers, fp32: Vectors | None
) -> Iterator[Agreement]:
    bundle, device = job
    for reader, vectors in answers.vectors.items():
        same_bits = _same_bits(bundle, vectors, native.vectors[reader])
        yield Agreement(
            bundle=str(bundle.path),
            device=device.name,
            cpu_class=answers.cpu_class,
            python=answers.python,
            onnxruntime=answers.onnxruntime,
            reader=reader,
            to_native=agreement(vectors, native.vectors[HELD]),
            to_fp32=None if fp32 is None else agreement(vectors, fp32),
            bounds=device.bounds if reader == HELD else None,
            seconds=answers.seconds[reader],
            same_bits=same_bits if reader == KERNELS else None,
        )


def _same_bits(bundle: Bundle, vectors: Vectors, others: Vectors) -> bool | None:
    """Whether all bits are the same; None where the bundle does not promise it."""
    measured = bundle.manifest.kernels
    return vectors.tobytes() == others.tobytes() if measured and measured.exact else None


def agreement(vectors: Vectors, others: Vectors) -> Cosine:
    """Mean, 1st percentile and minimum of the cosines between rows of two arrays [texts, dim]."""
    values = cosines(vectors, others)
    return Cosine(float(values.mean()), float(np.percentile(values, 1)), float(values.min()))


def show(record: DevicesRecord) -> str:
    """A table for each bundle."""
    title = (
        f"{record.texts} texts, {record.long} of them of 128 tokens or more, {record.tokens} tokens "
        f"({record.source}), {record.seconds / 60:.1f} minutes"
    )
    header = (
        "device", "CPU", "reader", "native mean", "p01", "min", "fp32 mean", "p01", "min", "seconds", "bits",
    )  # fmt: skip
    parts = [title]
    for bundle in dict.fromkeys(row.bundle for row in record.agreements):
        rows = [
            (
                row.device,
                row.cpu_class,
                row.reader,
                *_cells(row.to_native),
                *_cells(row.to_fp32),
                f"{row.seconds:.0f}",
                {None: "", True: "the same", False: "others"}[row.same_bits],
            )
            for row in record.agreements
            if row.bundle == bundle
        ]
        parts.append(f"{bundle}\n{table(header, rows)}")
    return "\n\n".join(parts)


def _cells(value: Cosine | None) -> tuple[str, str, str]:
    if value is None:
        return ("", "", "")
    return (cosine(value.mean), cosine(value.p01), cosine(value.min))
